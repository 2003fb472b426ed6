"""The data-science machine."""

from runyard.sdk.compute import ComputeTarget, DsvmCompute
from runyard.sdk.exceptions import ComputeTargetException

__all__ = ["ComputeTarget", "ComputeTargetException", "DsvmCompute"]
