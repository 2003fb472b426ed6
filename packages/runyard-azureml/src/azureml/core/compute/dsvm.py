"""The data-science machine."""

from runyard.sdk.v1.attached import DsvmCompute

__all__ = ["DsvmCompute"]
