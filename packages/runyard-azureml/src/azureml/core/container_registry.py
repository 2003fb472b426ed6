"""Where a base image comes from."""

from runyard.sdk.environments import ContainerRegistry

__all__ = ["ContainerRegistry"]
