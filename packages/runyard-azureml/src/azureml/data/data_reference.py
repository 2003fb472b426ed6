"""The data reference."""

from runyard.sdk.data import DataReference

__all__ = ["DataReference"]
