"""Runs of sweeps."""

from runyard.sdk.v1.hyperdrive import HyperDriveRun, PrimaryMetricGoal

__all__ = ["HyperDriveRun", "PrimaryMetricGoal"]
