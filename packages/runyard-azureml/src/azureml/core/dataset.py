"""The dataset."""

from runyard.sdk.v1.datasets import Dataset

__all__ = ["Dataset"]
