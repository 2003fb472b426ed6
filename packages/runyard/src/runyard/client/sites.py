"""Sites: where runs can be, and what each of them can do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runyard.protocol import sites as routes

if TYPE_CHECKING:
    from typing import List

    from runyard.client.connection import Connection
    from runyard.protocol.sites import SiteRecord


class Sites:
    """The sites of a service.

    Args:
        connection: The service.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def list(self) -> List[SiteRecord]:
        """List the sites, the default first, then by name."""
        return self._connection.call(routes.SITES_LIST).items
