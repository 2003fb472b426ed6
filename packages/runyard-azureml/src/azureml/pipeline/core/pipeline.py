"""The pipeline."""

from runyard.sdk.v1.pipelines.building import Pipeline

__all__ = ["Pipeline"]
