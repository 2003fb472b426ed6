"""Makers of datasets."""

from runyard.sdk.v1.datasets import DataType, FileDatasetFactory, TabularDatasetFactory

__all__ = ["DataType", "FileDatasetFactory", "TabularDatasetFactory"]
