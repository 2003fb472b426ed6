"""The version that `azureml.core` names: that of the SDK whose names are offered."""

VERSION = "1.61.0"
__version__ = VERSION
