"""The run configuration and its sections."""

from runyard.sdk.environments import (
    ContainerRegistry,
    DatabricksSection,
    DockerSection,
    PythonSection,
    SparkSection,
)
from runyard.sdk.v1.attached import JarLibrary
from runyard.sdk.v1.runconfig import (
    DEFAULT_CPU_IMAGE,
    DEFAULT_GPU_IMAGE,
    MAX_DURATION_SECONDS_DEFAULT,
    AmlComputeConfiguration,
    CondaDependencies,
    DataReferenceConfiguration,
    DockerConfiguration,
    Environment,
    HdiConfiguration,
    HistoryConfiguration,
    MpiConfiguration,
    PyTorchConfiguration,
    RunConfiguration,
    SparkConfiguration,
    TensorflowConfiguration,
)

__all__ = [
    "DEFAULT_CPU_IMAGE",
    "DEFAULT_GPU_IMAGE",
    "MAX_DURATION_SECONDS_DEFAULT",
    "AmlComputeConfiguration",
    "CondaDependencies",
    "ContainerRegistry",
    "DataReferenceConfiguration",
    "DatabricksSection",
    "DockerConfiguration",
    "DockerSection",
    "Environment",
    "HdiConfiguration",
    "HistoryConfiguration",
    "JarLibrary",
    "MpiConfiguration",
    "PyTorchConfiguration",
    "PythonSection",
    "RunConfiguration",
    "SparkConfiguration",
    "SparkSection",
    "TensorflowConfiguration",
]
