"""Makers of datasets."""

from runyard.sdk.v1.datasets import DataType

__all__ = ["DataType"]
