"""The model."""

from runyard.sdk.models import Model
from runyard.sdk.resources import ResourceConfiguration
from runyard.sdk.v1.datasets import Dataset
from runyard.sdk.v1.serving.inference import InferenceConfig

__all__ = ["Dataset", "InferenceConfig", "Model", "ResourceConfiguration"]
