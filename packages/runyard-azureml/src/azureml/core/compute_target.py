"""The compute target and its error, under their older path."""

from runyard.sdk.compute import ComputeTarget
from runyard.sdk.exceptions import ComputeTargetException, UserErrorException
from runyard.sdk.v1.compute import AmlCompute

__all__ = ["AmlCompute", "ComputeTarget", "ComputeTargetException", "UserErrorException"]
