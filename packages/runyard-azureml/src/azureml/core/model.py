"""The model."""

from runyard.sdk.models import Model
from runyard.sdk.v1.datasets import Dataset
from runyard.sdk.v1.deployment import InferenceConfig
from runyard.sdk.v1.resources import ResourceConfiguration

__all__ = ["Dataset", "InferenceConfig", "Model", "ResourceConfiguration"]
