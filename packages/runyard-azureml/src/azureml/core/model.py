"""The model."""

from runyard.sdk.exceptions import (
    ModelNotFoundException,
    RunEnvironmentException,
    UserErrorException,
    WebserviceException,
)
from runyard.sdk.models import Model
from runyard.sdk.resources import ResourceConfiguration
from runyard.sdk.v1.datasets import Dataset
from runyard.sdk.v1.serving.inference import InferenceConfig
from runyard.sdk.v1.serving.model_packages import ModelPackage

__all__ = [
    "Dataset",
    "InferenceConfig",
    "Model",
    "ModelNotFoundException",
    "ModelPackage",
    "ResourceConfiguration",
    "RunEnvironmentException",
    "UserErrorException",
    "WebserviceException",
]
