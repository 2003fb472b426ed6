"""Images."""

from runyard.sdk.v1.deployment import (
    ContainerImage,
    Image,
)

__all__ = [
    "ContainerImage",
    "Image",
]
