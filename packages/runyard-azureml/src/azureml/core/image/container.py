"""The container image."""

from runyard.sdk.v1.deployment import (
    ContainerImage,
    ContainerImageConfig,
)

__all__ = [
    "ContainerImage",
    "ContainerImageConfig",
]
