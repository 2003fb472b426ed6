"""Sweeps as steps, and their runs."""

from runyard.sdk.v1.pipelines.runs import HyperDriveStepRun
from runyard.sdk.v1.pipelines.steps import HyperDriveStep

__all__ = ["HyperDriveStep", "HyperDriveStepRun"]
