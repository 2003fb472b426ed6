"""Endpoints of pipelines."""

from runyard.sdk.v1.pipelines.pipeline_endpoints import PipelineEndpoint, PipelineVersion

__all__ = ["PipelineEndpoint", "PipelineVersion"]
