"""Steps and their order."""

from runyard.sdk.v1.pipelines.building import StepSequence
from runyard.sdk.v1.pipelines.steps import PipelineStep

__all__ = ["PipelineStep", "StepSequence"]
