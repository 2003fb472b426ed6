"""Endpoints of pipelines."""

from runyard.sdk.v1.pipelines.refused import PipelineEndpoint

__all__ = ["PipelineEndpoint"]
