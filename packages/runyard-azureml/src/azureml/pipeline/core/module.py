"""Modules."""

from runyard.sdk.v1.pipelines.refused import Module, ModuleVersion

__all__ = ["Module", "ModuleVersion"]
