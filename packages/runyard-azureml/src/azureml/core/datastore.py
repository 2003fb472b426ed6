"""The datastore."""

from runyard.sdk.datastores import Datastore

__all__ = ["Datastore"]
