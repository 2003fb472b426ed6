"""How a step works on batches."""

from runyard.sdk.v1.pipelines.parallel import ParallelRunConfig

__all__ = ["ParallelRunConfig"]
