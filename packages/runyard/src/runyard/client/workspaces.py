"""Workspaces of a service: made, found and changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, List, Optional

from runyard.client.paging import Listing
from runyard.protocol import workspaces as routes
from runyard.protocol.workspaces import DeleteWorkspace, WorkspaceQuery

if TYPE_CHECKING:
    from runyard.client.connection import Connection
    from runyard.protocol.trash import TrashEntry
    from runyard.protocol.workspaces import ChangeWorkspace, CreateWorkspace, WorkspaceRecord


class Workspaces:
    """The workspaces of a service, by their keys in URLs (`WorkspaceRecord.id`).

    Args:
        connection: The service.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def create(self, order: CreateWorkspace) -> WorkspaceRecord:
        """Make a workspace; with `exist_ok` one that exists is the answer.

        Raises:
            AlreadyExists: One of that name exists.
            InvalidRequest: The name is none for a workspace.
        """
        return self._connection.call(routes.WORKSPACES_CREATE, body=order)

    def list(
        self, query: Optional[WorkspaceQuery] = None, limit: Optional[int] = None
    ) -> Listing[WorkspaceRecord]:
        """List workspaces, by name.

        Args:
            query: Which ones; None lists all.
            limit: At most so many; None is all.
        """
        return Listing(
            lambda asked: self._connection.call(routes.WORKSPACES_LIST, query=asked),
            query or WorkspaceQuery(),
            limit,
        )

    def get(self, id: str) -> WorkspaceRecord:  # noqa: A002 - the field's name
        """Find a workspace.

        Raises:
            WorkspaceNotFound: There is none of that key.
        """
        return self._connection.call(routes.WORKSPACES_GET, id)

    def delete(self, id: str, *, dry_run: bool = False) -> TrashEntry:  # noqa: A002 - as above
        """Delete a workspace with all that it holds, or tell what that would be.

        Args:
            id: Its key.
            dry_run: Delete nothing.

        Raises:
            WrongState: Runs go on in it, or it has endpoints; the message says what to do.
        """
        query = DeleteWorkspace(dry_run)
        return self._connection.call(routes.WORKSPACES_DELETE, id, query=query)

    def deleted(self) -> List[TrashEntry]:
        """List the workspaces that were deleted and may come back."""
        return self._connection.call(routes.WORKSPACES_DELETED).items

    def restore(self, id: str) -> WorkspaceRecord:  # noqa: A002 - as above
        """Bring a workspace back.

        Raises:
            NotFound: None of that key was deleted.
            Conflict: Another one has its name by now.
        """
        return self._connection.call(routes.WORKSPACES_RESTORE, id)

    def free(self, id: str) -> TrashEntry:  # noqa: A002 - as above
        """Free what a workspace that was deleted holds now; it cannot come back.

        Raises:
            NotFound: None of that key was deleted.
        """
        return self._connection.call(routes.WORKSPACES_FREE, id)

    def change(self, id: str, change: ChangeWorkspace) -> WorkspaceRecord:  # noqa: A002 - as above
        """Change the default datastore, the name for people or the tags.

        Raises:
            NotFound: There is no such workspace, or no such datastore.
        """
        return self._connection.call(routes.WORKSPACES_CHANGE, id, body=change)
