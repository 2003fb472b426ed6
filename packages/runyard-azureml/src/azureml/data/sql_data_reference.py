"""A reference into a database."""

from runyard.sdk.v1.datasets import SqlDataReference

__all__ = ["SqlDataReference"]
