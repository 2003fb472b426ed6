"""The personal machine."""

from runyard.sdk.v1.attached import ComputeInstance

__all__ = ["ComputeInstance"]
