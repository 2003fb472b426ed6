"""Spark jobs as steps."""

from runyard.sdk.v1.pipelines.refused import SynapseSparkStep

__all__ = ["SynapseSparkStep"]
