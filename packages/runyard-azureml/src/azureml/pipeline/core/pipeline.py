"""The pipeline."""

from runyard.sdk.v1.pipelines import Pipeline

__all__ = ["Pipeline"]
