"""Signing browsers in to the studio, and out."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from runyard.protocol import studio as routes

if TYPE_CHECKING:
    from typing import List

    from runyard.client.connection import Connection
    from runyard.protocol.studio import StudioSession

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Studio:
    """The sign-in of a service's studio.

    Args:
        connection: The service; its token must be the user's.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def link(self, page: str = "/") -> str:
        """Make a link that signs one browser in, once, within five minutes.

        Args:
            page: The page that it opens, a path of the studio.

        Raises:
            Forbidden: The connection's token is a run's.
        """
        made = self._connection.call(routes.STUDIO_CODES)
        # Elsewhere the service does not know by which address it is reached: the client does.
        here = urlsplit(self._connection.url).hostname in _LOOPBACK
        base = made.url if here else self._connection.url
        return f"{base}/enter#code={made.code}&next={quote(page)}"

    def asset(self, name: str) -> str:
        """Read a script or style sheet of the studio's build.

        Args:
            name: Its file's name, such as `widget.js`.

        Raises:
            NotFound: The service has none of that name: its studio is not built.
        """
        return self._connection.fetch(f"/assets/{quote(name)}").decode("utf-8")

    def sessions(self) -> List[StudioSession]:
        """List the browsers that are signed in, the last used first."""
        return self._connection.call(routes.STUDIO_SESSIONS).items

    def leave(self, session: str) -> None:
        """Sign a browser out.

        Args:
            session: Its id.

        Raises:
            NotFound: There is none.
        """
        self._connection.call(routes.STUDIO_LEAVE, session)
