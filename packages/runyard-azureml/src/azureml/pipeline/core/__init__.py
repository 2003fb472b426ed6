"""Pipelines, their runs and schedules."""

from runyard.sdk.v1.pipelines import (
    InputPortDef,
    Module,
    OutputPortDef,
    Pipeline,
    PipelineData,
    PipelineDraft,
    PipelineEndpoint,
    PipelineParameter,
    PipelineRun,
    PublishedPipeline,
    Schedule,
    ScheduleRecurrence,
    StepRun,
    StepSequence,
    TrainingOutput,
)

__all__ = [
    "InputPortDef",
    "Module",
    "OutputPortDef",
    "Pipeline",
    "PipelineData",
    "PipelineDraft",
    "PipelineEndpoint",
    "PipelineParameter",
    "PipelineRun",
    "PublishedPipeline",
    "Schedule",
    "ScheduleRecurrence",
    "StepRun",
    "StepSequence",
    "TrainingOutput",
]
