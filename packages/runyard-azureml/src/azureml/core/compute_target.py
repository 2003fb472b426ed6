"""The compute target and its error, under their older path."""

from runyard.sdk.clusters import AmlCompute
from runyard.sdk.compute import ComputeTarget
from runyard.sdk.exceptions import ComputeTargetException, UserErrorException

__all__ = ["AmlCompute", "ComputeTarget", "ComputeTargetException", "UserErrorException"]
