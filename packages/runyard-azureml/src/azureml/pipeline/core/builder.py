"""Steps, their order, and the data between them."""

from runyard.sdk.v1.pipelines.building import StepSequence
from runyard.sdk.v1.pipelines.data import PipelineData, PipelineParameter
from runyard.sdk.v1.pipelines.steps import PipelineStep

__all__ = ["PipelineData", "PipelineParameter", "PipelineStep", "StepSequence"]
