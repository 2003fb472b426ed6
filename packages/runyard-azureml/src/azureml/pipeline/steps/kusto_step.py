"""Queries of Kusto as steps."""

from runyard.sdk.v1.pipelines.refused import KustoStep

__all__ = ["KustoStep"]
