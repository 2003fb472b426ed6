"""Drafts of pipelines."""

from runyard.sdk.v1.pipelines.drafts import PipelineDraft

__all__ = ["PipelineDraft"]
