"""Programs of a pool as steps."""

from runyard.sdk.v1.pipelines.refused import AzureBatchStep

__all__ = ["AzureBatchStep"]
