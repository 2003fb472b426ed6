"""Modules as steps."""

from runyard.sdk.v1.pipelines.refused import ModuleStep

__all__ = ["ModuleStep"]
