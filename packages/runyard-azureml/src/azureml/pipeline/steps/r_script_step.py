"""R scripts as steps."""

from runyard.sdk.v1.pipelines.refused import RScriptStep

__all__ = ["RScriptStep"]
