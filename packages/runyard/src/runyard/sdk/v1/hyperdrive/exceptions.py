"""The errors of HyperDrive.

TrainingException
+- HyperDriveConfigException
+- HyperDriveNotImplementedException (also a NotImplementedError)
+- HyperDriveScenarioNotSupportedException
+- HyperDriveRunException
"""

from runyard.sdk.exceptions import TrainingException


class HyperDriveConfigException(TrainingException):
    """A sweep's configuration contradicts itself."""


class HyperDriveNotImplementedException(TrainingException, NotImplementedError):
    """A method that no sweep has."""


class HyperDriveScenarioNotSupportedException(HyperDriveConfigException):
    """Two settings that do not go together."""


class HyperDriveRunException(TrainingException):
    """A run that was asked for is no sweep."""
