"""What all datastores are."""

from runyard.sdk.v1.aliases import AbstractDatastore

__all__ = ["AbstractDatastore"]
