"""Datastores, data references, datasets."""

from runyard.sdk.v1.datasets import (
    DataType,
    FileDataset,
    HDFSOutputDatasetConfig,
    LinkFileOutputDatasetConfig,
    LinkTabularOutputDatasetConfig,
    OutputFileDatasetConfig,
    TabularDataset,
)
from runyard.sdk.v1.versions import VERSION, __version__

__all__ = [
    "VERSION",
    "DataType",
    "FileDataset",
    "HDFSOutputDatasetConfig",
    "LinkFileOutputDatasetConfig",
    "LinkTabularOutputDatasetConfig",
    "OutputFileDatasetConfig",
    "TabularDataset",
    "__version__",
]
