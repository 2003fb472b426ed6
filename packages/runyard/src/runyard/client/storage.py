"""What takes space in the service's state folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runyard.protocol import storage as routes
from runyard.protocol.storage import StorageQuery

if TYPE_CHECKING:
    from runyard.client.connection import Connection
    from runyard.protocol.storage import StorageReport


class Storage:
    """The space that a service takes.

    Args:
        connection: The service.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, *, fresh: bool = False) -> StorageReport:
        """What takes space, and what of it could be freed; `fresh` measures it now."""
        return self._connection.call(routes.STORAGE_GET, query=StorageQuery(fresh))
