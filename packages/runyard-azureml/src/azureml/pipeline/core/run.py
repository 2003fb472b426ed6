"""Runs of pipelines."""

from runyard.sdk.v1.pipelines import PipelineRun, StepRun

__all__ = ["PipelineRun", "StepRun"]
