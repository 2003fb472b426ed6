"""The names of hyper-parameter tuning: importable; sweeps themselves are not offered yet."""

from enum import Enum

from runyard.sdk.exceptions import TrainingException
from runyard.sdk.v1.later import later, refusing

_INSTEAD = "one Experiment.submit per combination of hyper-parameters"
_MODULE = "azureml.train.hyperdrive."


class PrimaryMetricGoal(Enum):
    """Whether the primary metric is to be large or small."""

    MAXIMIZE = "MAXIMIZE"
    MINIMIZE = "MINIMIZE"

    @staticmethod
    def from_str(goal: str) -> "PrimaryMetricGoal":
        """Read a goal from its name in any case."""
        return PrimaryMetricGoal(goal.upper())


class HyperDriveConfigException(TrainingException):
    """A sweep's configuration contradicts itself."""


HyperDriveConfig = later(_MODULE + "HyperDriveConfig", _INSTEAD)
HyperDriveRunConfig = later(_MODULE + "HyperDriveRunConfig", _INSTEAD)
HyperDriveRun = later(_MODULE + "HyperDriveRun", _INSTEAD)
RandomParameterSampling = later(_MODULE + "RandomParameterSampling", _INSTEAD)
GridParameterSampling = later(_MODULE + "GridParameterSampling", _INSTEAD)
BayesianParameterSampling = later(_MODULE + "BayesianParameterSampling", _INSTEAD)
BanditPolicy = later(_MODULE + "BanditPolicy", _INSTEAD)
MedianStoppingPolicy = later(_MODULE + "MedianStoppingPolicy", _INSTEAD)
TruncationSelectionPolicy = later(_MODULE + "TruncationSelectionPolicy", _INSTEAD)
NoTerminationPolicy = later(_MODULE + "NoTerminationPolicy", _INSTEAD)

choice = refusing(_MODULE + "choice", _INSTEAD)
randint = refusing(_MODULE + "randint", _INSTEAD)
uniform = refusing(_MODULE + "uniform", _INSTEAD)
quniform = refusing(_MODULE + "quniform", _INSTEAD)
loguniform = refusing(_MODULE + "loguniform", _INSTEAD)
qloguniform = refusing(_MODULE + "qloguniform", _INSTEAD)
normal = refusing(_MODULE + "normal", _INSTEAD)
qnormal = refusing(_MODULE + "qnormal", _INSTEAD)
lognormal = refusing(_MODULE + "lognormal", _INSTEAD)
qlognormal = refusing(_MODULE + "qlognormal", _INSTEAD)
