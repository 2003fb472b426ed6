"""The container image."""

from runyard.sdk.v1.deployment import ContainerImage

__all__ = ["ContainerImage"]
