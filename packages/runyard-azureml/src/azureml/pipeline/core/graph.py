"""Pipeline graphs."""

from runyard.sdk.v1.pipelines.building import Edge, Graph, StepSequence
from runyard.sdk.v1.pipelines.data import (
    InputPortBinding,
    OutputPortBinding,
    PipelineData,
    PipelineDataset,
    PipelineParameter,
    TrainingOutput,
)
from runyard.sdk.v1.pipelines.outputs import PortDataReference
from runyard.sdk.v1.pipelines.publishing import PublishedPipeline
from runyard.sdk.v1.pipelines.refused import InputPortDef, OutputPortDef

__all__ = [
    "Edge",
    "Graph",
    "InputPortBinding",
    "InputPortDef",
    "OutputPortBinding",
    "OutputPortDef",
    "PipelineData",
    "PipelineDataset",
    "PipelineParameter",
    "PortDataReference",
    "PublishedPipeline",
    "StepSequence",
    "TrainingOutput",
]
