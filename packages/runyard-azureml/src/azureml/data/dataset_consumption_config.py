"""A dataset as input."""

from runyard.sdk.v1.datasets import DatasetConsumptionConfig

__all__ = ["DatasetConsumptionConfig"]
