"""The personal machine."""

from runyard.sdk.compute import ComputeInstance, ComputeTarget
from runyard.sdk.compute_instances import (
    ComputeInstanceProvisioningConfiguration,
    ComputeInstanceStatus,
)
from runyard.sdk.exceptions import ComputeTargetException

__all__ = [
    "ComputeInstance",
    "ComputeInstanceProvisioningConfiguration",
    "ComputeInstanceStatus",
    "ComputeTarget",
    "ComputeTargetException",
]
