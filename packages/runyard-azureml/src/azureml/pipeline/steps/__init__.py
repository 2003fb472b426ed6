"""Steps of pipelines."""

from runyard.sdk.v1.pipelines.parallel import ParallelRunConfig, ParallelRunStep
from runyard.sdk.v1.pipelines.refused import (
    AdlaStep,
    AutoMLStep,
    AutoMLStepRun,
    AzureBatchStep,
    DatabricksStep,
    DataTransferStep,
    KustoStep,
    ModuleStep,
    RScriptStep,
    SynapseSparkStep,
)
from runyard.sdk.v1.pipelines.runs import HyperDriveStepRun
from runyard.sdk.v1.pipelines.steps import (
    CommandStep,
    EstimatorStep,
    HyperDriveStep,
    MpiStep,
    PythonScriptStep,
)

__all__ = [
    "AdlaStep",
    "AutoMLStep",
    "AutoMLStepRun",
    "AzureBatchStep",
    "CommandStep",
    "DataTransferStep",
    "DatabricksStep",
    "EstimatorStep",
    "HyperDriveStep",
    "HyperDriveStepRun",
    "KustoStep",
    "ModuleStep",
    "MpiStep",
    "ParallelRunConfig",
    "ParallelRunStep",
    "PythonScriptStep",
    "RScriptStep",
    "SynapseSparkStep",
]
