"""The attached machine."""

from runyard.sdk.v1.attached import RemoteCompute

__all__ = ["RemoteCompute"]
