"""The datastore."""

from runyard.sdk.datastores import Datastore
from runyard.sdk.exceptions import UserErrorException

__all__ = ["Datastore", "UserErrorException"]
