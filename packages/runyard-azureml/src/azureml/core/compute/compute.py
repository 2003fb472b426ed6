"""The compute target."""

from runyard.sdk.compute import ComputeTarget
from runyard.sdk.exceptions import ComputeTargetException

__all__ = ["ComputeTarget", "ComputeTargetException"]
