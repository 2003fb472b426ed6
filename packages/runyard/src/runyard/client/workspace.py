"""A connection bound to one workspace: the workspace segment of each route is filled in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO, Iterator, Optional, TypeVar, Union

if TYPE_CHECKING:
    from runyard.client.connection import Connection
    from runyard.client.download import Download
    from runyard.protocol.events import EventRecord
    from runyard.protocol.route import Route

Answer = TypeVar("Answer")


class WorkspaceClient:
    """What everything above the client speaks to.

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
    ) -> Answer:
        """Ask a route of this workspace; see `Connection.call`."""
        return self.connection.call(route, self.id, *segments, body=body, query=query, key=key)

    def send(
        self,
        route: Route[Answer],
        *segments: str,
        data: Union[bytes, BinaryIO],
        size: int,
        query: Any = None,
    ) -> Answer:
        """Send a raw body to a route of this workspace; see `Connection.send`."""
        return self.connection.send(route, self.id, *segments, data=data, size=size, query=query)

    def open(
        self, route: Route[Any], *segments: str, query: Any = None, offset: int = 0
    ) -> Download:
        """Open a raw answer of this workspace for reading; see `Connection.open`."""
        return self.connection.open(route, self.id, *segments, query=query, offset=offset)

    def read(self, route: Route[Any], *segments: str, body: Any) -> bytes:
        """Give the raw answer of a route of this workspace; see `Connection.read`."""
        return self.connection.read(route, self.id, *segments, body=body)

    def events(self, route: Route[Any], *segments: str, after: int = 0) -> Iterator[EventRecord]:
        """Follow a run of this workspace; see `Connection.events`."""
        return self.connection.events(route, self.id, *segments, after=after)
