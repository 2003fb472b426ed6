"""Runs of sweeps."""

from runyard.sdk.v1.hyperdrive.config import (
    PrimaryMetricGoal,
)
from runyard.sdk.v1.hyperdrive.run import (
    HyperDriveRun,
)

__all__ = [
    "HyperDriveRun",
    "PrimaryMetricGoal",
]
