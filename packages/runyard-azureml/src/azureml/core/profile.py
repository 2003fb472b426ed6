"""Profiles of models."""

from runyard.sdk.v1.serving.profiles import ModelProfile

__all__ = ["ModelProfile"]
