"""Commands as steps."""

from runyard.sdk.v1.pipelines.steps import CommandStep

__all__ = ["CommandStep"]
