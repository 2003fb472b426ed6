"""The attached machine."""

from runyard.sdk.compute import ComputeTarget, RemoteCompute
from runyard.sdk.exceptions import ComputeTargetException

__all__ = ["ComputeTarget", "ComputeTargetException", "RemoteCompute"]
