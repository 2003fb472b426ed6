"""People: added, given roles, removed; and who asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runyard.client.paging import LARGEST_PAGE, Listing
from runyard.protocol import users as routes
from runyard.protocol.users import ChangeUser, GrantRole, UserQuery

if TYPE_CHECKING:
    from typing import List

    from runyard.client.connection import Connection
    from runyard.protocol.users import AddUser, Me, Member, UserRecord


class Users:
    """The people of a service.

    Args:
        connection: The service.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def me(self) -> Me:
        """Ask as whom the service knows this connection.

        Raises:
            Unauthenticated: It does not take the connection's token.
        """
        return self._connection.call(routes.USERS_ME)

    def list(self) -> Listing[UserRecord]:
        """List people, by name."""
        return Listing(
            lambda asked: self._connection.call(routes.USERS_LIST, query=asked),
            UserQuery(page_size=LARGEST_PAGE),
        )

    def add(self, order: AddUser) -> UserRecord:
        """Add a person.

        Raises:
            AlreadyExists: There is somebody of that name.
            InvalidRequest: The name or a role makes no sense.
            Forbidden: Who asks is no administrator.
        """
        return self._connection.call(routes.USERS_ADD, body=order)

    def change(self, user: str, role: str) -> UserRecord:
        """Change a person's role in every workspace.

        Args:
            user: The person.
            role: The role, "" for none.

        Raises:
            NotFound: There is nobody of that name.
            InvalidRequest: There is no such role.
            Forbidden: Who asks is no administrator.
        """
        return self._connection.call(routes.USERS_CHANGE, user, body=ChangeUser(role))

    def remove(self, user: str) -> None:
        """Remove a person, with their tokens, roles and sessions.

        Raises:
            NotFound: There is nobody of that name.
            WrongState: It is the owner.
        """
        self._connection.call(routes.USERS_REMOVE, user)

    def members(self, workspace: str) -> List[Member]:
        """List the people of a workspace, by name."""
        return self._connection.call(routes.USERS_MEMBERS, workspace).items

    def grant(self, workspace: str, user: str, role: str) -> List[Member]:
        """Let a person have a role in a workspace; its people then.

        Args:
            workspace: Id of the workspace.
            user: The person.
            role: The role.

        Raises:
            NotFound: There is nobody of that name, or no such workspace.
            InvalidRequest: There is no such role.
        """
        return self._connection.call(
            routes.USERS_GRANT, workspace, user, body=GrantRole(role)
        ).items

    def withdraw(self, workspace: str, user: str) -> None:
        """Take a person's role in a workspace away.

        Args:
            workspace: Id of the workspace.
            user: The person.

        Raises:
            NotFound: They have none there.
        """
        self._connection.call(routes.USERS_WITHDRAW, workspace, user)
