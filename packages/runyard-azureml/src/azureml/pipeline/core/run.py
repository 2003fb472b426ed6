"""Runs of pipelines."""

from runyard.sdk.v1.pipelines.outputs import PortDataReference, StepRunOutput
from runyard.sdk.v1.pipelines.runs import PipelineRun, StepRun

__all__ = ["PipelineRun", "PortDataReference", "StepRun", "StepRunOutput"]
