"""A connection bound to one workspace, on which the clients of its nouns stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO, Optional, TypeVar, Union

if TYPE_CHECKING:
    from runyard.client.connection import Connection
    from runyard.client.download import Download
    from runyard.protocol.route import Route

Answer = TypeVar("Answer")


class WorkspaceConnection:
    """Asks routes of one workspace, whose segment is filled in.

    Args:
        connection: The service.
        id: The workspace's key in URLs.
    """

    def __init__(self, connection: Connection, id: str) -> None:  # noqa: A002 - the field's name
        self.connection = connection
        self.id = id

    def call(
        self,
        route: Route[Answer],
        *segments: str,
        body: Any = None,
        query: Any = None,
        key: Optional[str] = None,
        wait: float = 0.0,
    ) -> Answer:
        """Ask a route of this workspace; see `Connection.call`.

        Args:
            route: The row of the table of routes.
            body: The body's record, None for none.
            query: The query's record, None for none.
            key: An Idempotency-Key, under which a repeat is answered like the first.
            wait: Seconds to wait for an answer that is news, where the route lets it.
            *segments: The segments of the row's path.
        """
        return self.connection.call(
            route, self.id, *segments, body=body, query=query, key=key, wait=wait
        )

    def send(
        self,
        route: Route[Answer],
        *segments: str,
        data: Union[bytes, BinaryIO],
        size: int,
        query: Any = None,
    ) -> Answer:
        """Send a raw body to a route of this workspace; see `Connection.send`.

        Args:
            route: The row of the table of routes.
            data: The body: bytes, or a stream that is read from where it is.
            size: Bytes of the body.
            query: The query's record, None for none.
            *segments: The segments of the row's path.
        """
        return self.connection.send(route, self.id, *segments, data=data, size=size, query=query)

    def open(
        self,
        route: Route[Any],
        *segments: str,
        query: Any = None,
        offset: int = 0,
        end: Optional[int] = None,
    ) -> Download:
        """Open a raw answer of this workspace for reading; see `Connection.open`.

        Args:
            route: The row of the table of routes.
            query: The query's record, None for none.
            offset: The first byte that is wanted.
            end: The byte behind the last one that is wanted; None: all.
            *segments: The segments of the row's path.
        """
        return self.connection.open(route, self.id, *segments, query=query, offset=offset, end=end)

    def read(self, route: Route[Any], *segments: str, body: Any) -> bytes:
        """Read the raw answer of a route of this workspace; see `Connection.read`."""
        return self.connection.read(route, self.id, *segments, body=body)


class NounClient:
    """What the clients of all nouns of a workspace share.

    Args:
        service: The workspace's connection.
    """

    __slots__ = ("_service",)

    def __init__(self, service: WorkspaceConnection) -> None:
        self._service = service
