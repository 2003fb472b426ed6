"""Tokens of people: made, listed, made anew and revoked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from runyard.protocol import tokens as routes
from runyard.protocol.tokens import TOKEN_DAYS, RotateToken, TokenQuery

if TYPE_CHECKING:
    from typing import List

    from runyard.client.connection import Connection
    from runyard.protocol.tokens import CreateToken, NewToken, TokenRecord


class Tokens:
    """The tokens of a service's people.

    Args:
        connection: The service.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def list(self, user: Optional[str] = None, everyone: bool = False) -> List[TokenRecord]:
        """List tokens, by person and name.

        Args:
            user: The person; None for who asks.
            everyone: All people's.

        Raises:
            Forbidden: They are another person's, and who asks is no administrator.
        """
        return self._connection.call(routes.TOKENS_LIST, query=TokenQuery(user, everyone)).items

    def create(self, order: CreateToken) -> NewToken:
        """Make a token; its secret is told this once.

        Raises:
            AlreadyExists: The person has one of that name.
            InvalidRequest: The name or the days make no sense.
            Forbidden: It would be another person's, and who asks is no administrator.
        """
        return self._connection.call(routes.TOKENS_CREATE, body=order)

    def rotate(self, token: str, days: int = TOKEN_DAYS) -> NewToken:
        """Make a token anew under its name; the old secret counts no more.

        Args:
            token: Its id.
            days: How long the new one is good; 0 for ever.

        Raises:
            NotFound: There is none of that id.
        """
        return self._connection.call(routes.TOKENS_ROTATE, token, body=RotateToken(days))

    def revoke(self, token: str) -> None:
        """Revoke a token.

        Raises:
            NotFound: There is none of that id.
        """
        self._connection.call(routes.TOKENS_REVOKE, token)
