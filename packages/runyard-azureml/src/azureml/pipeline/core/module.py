"""Modules."""

from runyard.sdk.v1.pipelines import Module

__all__ = ["Module"]
