"""The audit log, read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

from runyard.client.paging import Listing
from runyard.protocol import audit as routes
from runyard.protocol.audit import AuditQuery

if TYPE_CHECKING:
    from runyard.client.connection import Connection
    from runyard.protocol.audit import AuditEntry


class Audits:
    """The audit log of a service, or of one of its workspaces.

    Args:
        connection: The service.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def list(
        self,
        query: Optional[AuditQuery] = None,
        limit: Optional[int] = None,
        workspace: Optional[str] = None,
    ) -> Listing[AuditEntry]:
        """List entries, the newest first.

        Args:
            query: Which ones; None lists all.
            limit: At most so many; None is all.
            workspace: Only those of a workspace, by its id, for its owners; None: the service's.
        """

        def fetch(asked: AuditQuery) -> Any:
            if workspace is None:
                return self._connection.call(routes.AUDIT_LIST, query=asked)
            return self._connection.call(routes.AUDIT_OF_WORKSPACE, workspace, query=asked)

        return Listing(fetch, query or AuditQuery(), limit)
