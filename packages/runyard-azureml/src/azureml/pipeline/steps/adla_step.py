"""U-SQL jobs as steps."""

from runyard.sdk.v1.pipelines.refused import AdlaStep

__all__ = ["AdlaStep"]
