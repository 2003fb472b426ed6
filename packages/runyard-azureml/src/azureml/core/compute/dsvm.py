"""The data-science machine."""

from runyard.sdk.compute import DsvmCompute

__all__ = ["DsvmCompute"]
