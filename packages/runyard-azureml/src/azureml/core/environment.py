"""The environment and its sections."""

from runyard.sdk.conda import CondaDependencies
from runyard.sdk.environment_sections import SparkPackage
from runyard.sdk.environments import (
    DEFAULT_CPU_IMAGE,
    DEFAULT_GPU_IMAGE,
    ContainerRegistry,
    DatabricksSection,
    DockerSection,
    Environment,
    PythonSection,
    SparkSection,
)
from runyard.sdk.exceptions import UserErrorException
from runyard.sdk.v1.attached import DockerBuildContext, RSection

__all__ = [
    "DEFAULT_CPU_IMAGE",
    "DEFAULT_GPU_IMAGE",
    "CondaDependencies",
    "ContainerRegistry",
    "DatabricksSection",
    "DockerBuildContext",
    "DockerSection",
    "Environment",
    "PythonSection",
    "RSection",
    "SparkPackage",
    "SparkSection",
    "UserErrorException",
]
