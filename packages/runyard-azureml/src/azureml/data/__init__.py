"""Datastores, data references, datasets."""

from runyard.sdk.v1.datasets import DataType, FileDataset, OutputFileDatasetConfig, TabularDataset
from runyard.sdk.v1.versions import __version__

__all__ = ["DataType", "FileDataset", "OutputFileDatasetConfig", "TabularDataset", "__version__"]
