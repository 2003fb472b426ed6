"""Copies between stores as steps."""

from runyard.sdk.v1.pipelines.refused import DataTransferStep

__all__ = ["DataTransferStep"]
