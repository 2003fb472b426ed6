"""Pipeline graphs."""

from runyard.sdk.v1.pipelines import (
    InputPortDef,
    OutputPortDef,
    PipelineData,
    PipelineParameter,
    TrainingOutput,
)

__all__ = ["InputPortDef", "OutputPortDef", "PipelineData", "PipelineParameter", "TrainingOutput"]
