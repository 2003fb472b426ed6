"""The trash of a workspace: what was deleted, brought back or freed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from runyard.client.paging import Listing
from runyard.client.workspace_connection import NounClient
from runyard.protocol import trash as routes
from runyard.protocol.trash import AddTrash, TrashQuery

if TYPE_CHECKING:
    from runyard.protocol.trash import TrashEntry


class Trash(NounClient):
    """What was deleted of a workspace and may still come back."""

    def add(self, kind: str, name: str, *, dry_run: bool = False) -> TrashEntry:
        """Delete something, or tell what that would be.

        Args:
            kind: run, experiment, model or environment.
            name: A run's id, a name, or `name:version`.
            dry_run: Delete nothing.

        Raises:
            NotFound: There is no such thing.
            WrongState: It is in use; the message says by what.
        """
        return self._service.call(routes.TRASH_ADD, body=AddTrash(kind, name, dry_run))

    def list(self, limit: Optional[int] = None) -> Listing[TrashEntry]:
        """List what is in the trash, the last deleted first; at most `limit`."""
        return Listing(
            lambda query: self._service.call(routes.TRASH_LIST, query=query), TrashQuery(), limit
        )

    def restore(self, entry: str) -> TrashEntry:
        """Bring back what was deleted.

        Raises:
            NotFound: There is no such entry.
            WrongState: It is being freed.
        """
        return self._service.call(routes.TRASH_RESTORE, entry)

    def free(self, entry: str) -> TrashEntry:
        """Free what was deleted now; it cannot come back.

        Raises:
            NotFound: There is no such entry.
        """
        return self._service.call(routes.TRASH_FREE, entry)

    def empty(self) -> None:
        """Free all that is in the trash now."""
        self._service.call(routes.TRASH_EMPTY)
