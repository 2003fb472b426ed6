"""Pipelines, their runs and schedules."""

from runyard.sdk.v1.pipelines.building import Pipeline, StepSequence
from runyard.sdk.v1.pipelines.data import (
    InputPortBinding,
    OutputPortBinding,
    PipelineData,
    PipelineDataset,
    PipelineParameter,
    TrainingOutput,
)
from runyard.sdk.v1.pipelines.drafts import PipelineDraft
from runyard.sdk.v1.pipelines.outputs import PortDataReference, StepRunOutput
from runyard.sdk.v1.pipelines.pipeline_endpoints import PipelineEndpoint
from runyard.sdk.v1.pipelines.publishing import PublishedPipeline
from runyard.sdk.v1.pipelines.recurrences import ScheduleRecurrence, TimeZone
from runyard.sdk.v1.pipelines.refused import (
    InputPortDef,
    Module,
    ModuleVersion,
    OutputPortDef,
)
from runyard.sdk.v1.pipelines.runs import PipelineRun, StepRun
from runyard.sdk.v1.pipelines.schedules import Schedule
from runyard.sdk.v1.pipelines.steps import PipelineStep

__all__ = [
    "InputPortBinding",
    "InputPortDef",
    "Module",
    "ModuleVersion",
    "OutputPortBinding",
    "OutputPortDef",
    "Pipeline",
    "PipelineData",
    "PipelineDataset",
    "PipelineDraft",
    "PipelineEndpoint",
    "PipelineParameter",
    "PipelineRun",
    "PipelineStep",
    "PortDataReference",
    "PublishedPipeline",
    "Schedule",
    "ScheduleRecurrence",
    "StepRun",
    "StepRunOutput",
    "StepSequence",
    "TimeZone",
    "TrainingOutput",
]
