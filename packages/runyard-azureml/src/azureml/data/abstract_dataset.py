"""What datasets have in common."""

from runyard.sdk.v1.datasets import AbstractDataset

__all__ = ["AbstractDataset"]
