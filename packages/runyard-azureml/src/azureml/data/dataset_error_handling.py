"""Errors of datasets."""

from runyard.sdk.v1.datasets import DatasetExecutionError, DatasetValidationError

__all__ = ["DatasetExecutionError", "DatasetValidationError"]
