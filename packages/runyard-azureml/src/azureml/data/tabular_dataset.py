"""The dataset of rows."""

from runyard.sdk.v1.datasets import TabularDataset

__all__ = ["TabularDataset"]
