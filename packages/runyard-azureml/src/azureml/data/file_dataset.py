"""The dataset of files."""

from runyard.sdk.v1.datasets import FileDataset

__all__ = ["FileDataset"]
