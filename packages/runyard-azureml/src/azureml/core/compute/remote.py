"""The attached machine."""

from runyard.sdk.compute import RemoteCompute

__all__ = ["RemoteCompute"]
