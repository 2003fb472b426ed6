"""What stands for the parser where it is further already, or begins within a request."""

from typing import NamedTuple, Protocol


class Facts(NamedTuple):
    """What a parser tells about a request, when the parser itself is further already."""

    method: bytes
    version: str
    keeps: bool

    def get_method(self) -> bytes:
        """The method."""
        return self.method

    def get_http_version(self) -> str:
        """The version of HTTP."""
        return self.version

    def should_keep_alive(self) -> bool:
        """Whether the connection may be used again."""
        return self.keeps

    def should_upgrade(self) -> bool:
        """No other protocol is spoken here, whatever the request asks for."""
        return False


class Told(Protocol):
    """Who is told what a parser finds: a connection."""

    def on_message_begin(self) -> None:
        """A request begins."""

    def on_url(self, url: bytes) -> None:
        """A part of its address."""

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header."""

    def on_headers_complete(self) -> None:
        """The end of its head."""

    def on_body(self, body: bytes) -> None:
        """A part of its body."""

    def on_message_complete(self) -> None:
        """Its end."""


class Rest:
    """What a parser tells that begins within a request: all but the head that stands for its own.

    Args:
        connection: Whose request it is.
    """

    def __init__(self, connection: Told) -> None:
        self._connection = connection
        self.begins = False

    def on_message_begin(self) -> None:
        """See Told."""
        if self.begins:
            self._connection.on_message_begin()

    def on_url(self, url: bytes) -> None:
        """See Told."""
        if self.begins:
            self._connection.on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """See Told."""
        if self.begins:
            self._connection.on_header(name, value)

    def on_headers_complete(self) -> None:
        """See Told."""
        if self.begins:
            self._connection.on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """See Told."""
        self._connection.on_body(body)

    def on_message_complete(self) -> None:
        """See Told."""
        self._connection.on_message_complete()
