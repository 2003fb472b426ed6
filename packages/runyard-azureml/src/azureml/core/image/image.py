"""The image."""

from runyard.sdk.v1.deployment import (
    Image,
)

__all__ = [
    "Image",
]
