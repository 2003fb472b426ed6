"""Steps that work on batches."""

from runyard.sdk.v1.pipelines.parallel import ParallelRunStep

__all__ = ["ParallelRunStep"]
