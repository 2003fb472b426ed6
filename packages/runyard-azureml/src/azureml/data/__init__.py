"""Datastores, data references, datasets."""

from runyard.sdk.v1.datasets import DataType, FileDataset, OutputFileDatasetConfig, TabularDataset

__all__ = ["DataType", "FileDataset", "OutputFileDatasetConfig", "TabularDataset"]
