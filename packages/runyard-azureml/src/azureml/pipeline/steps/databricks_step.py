"""Notebooks of Databricks as steps."""

from runyard.sdk.v1.pipelines.refused import DatabricksStep

__all__ = ["DatabricksStep"]
