"""Scripts by MPI as steps."""

from runyard.sdk.v1.pipelines.steps import MpiStep

__all__ = ["MpiStep"]
