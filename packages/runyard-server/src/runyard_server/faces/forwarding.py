"""Requests that only the process that leads can answer, handed to it by one that follows.

Request and answer pass through as they are, a piece at a time: tokens, bodies of any size, streams.
All processes of a service have one secret, so what is good for one is good for the other.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from urllib.parse import urlsplit

from httptools import HttpParserError, HttpResponseParser
from starlette.requests import ClientDisconnect, Request
from starlette.responses import StreamingResponse

from runyard.protocol.errors import TemporaryError

# What followers answer themselves: it stands in the database and in the state folder alone, and
# nothing is written for it. (To say which contents are missing, or what a snapshot has, keeps them
# from being collected, which is a write.)
_OWN = {
    "compute": ("list", "get"),
    "datasets": ("list", "get", "readers", "url", "of_run"),
    "datastores": ("list", "get", "files", "read"),
    "environments": ("list", "lock", "locks"),
    "events": ("list", "stream"),
    "experiments": ("list", "get", "search"),
    "feed": ("list", "stream"),
    "files": ("list", "read"),
    "images": ("list", "get"),
    "logs": ("search",),
    "blobs": ("read",),
    "journals": ("list", "read"),
    "metrics": ("mark", "list", "read_many"),
    "models": ("list", "get", "search"),
    "monitoring": ("metrics",),
    "parameters": ("list",),
    "runs": ("list", "get", "spec", "search", "keys", "values"),
    "series": ("read",),
    "service": ("status", "settings", "stop"),
    "stream": ("follow",),
    "sweeps": ("list", "get", "trials"),
    "usage": ("series",),
    "workspaces": ("list", "get"),
}
# Whoever asks whether a process is well means that one, and has no token.
_OF_THE_PROCESS = {"service": ("about",), "monitoring": ("health", "readiness")}
# Set on what was handed over: of two processes each of which follows neither goes on with it.
_MARK = b"x-runyard-forwarded"
# They are of one connection, and this is two.
_HOP = (b"connection", b"keep-alive", b"transfer-encoding", b"te", b"upgrade", b"expect", _MARK)
_CONNECT_SECONDS = 5.0
_PIECE = 1 << 16


def is_own(row: str, request: Request) -> bool:
    """Whether a process that follows answers a request itself.

    Args:
        row: Name of the row.
        request: The request; one without a token is a browser's, whose session the leader knows.
    """
    noun, _, verb = row.partition(".")
    if verb in _OF_THE_PROCESS.get(noun, ()):
        return True
    return "authorization" in request.headers and verb in _OWN.get(noun, ())


async def forwarded(request: Request, url: str) -> StreamingResponse:
    """Hand a request to the process that leads, and its answer back.

    Args:
        request: The request; its body is unread.
        url: Where that process is.

    Raises:
        TemporaryError: It does not answer, or does not lead any more.
    """
    if _MARK.decode() in request.headers:
        raise TemporaryError("the process that this was handed to does not lead; try again")
    place = urlsplit(url)
    try:
        async with asyncio.timeout(_CONNECT_SECONDS):
            streams = await asyncio.open_connection(place.hostname, place.port)
    except (OSError, TimeoutError) as error:
        raise _silent(url, error) from None
    exchange = _Exchange(*streams)
    try:
        await exchange.send(request)
        await exchange.head()
    except (OSError, HttpParserError, asyncio.IncompleteReadError) as error:
        exchange.close()
        raise _silent(url, error) from None
    except BaseException:
        exchange.close()
        raise
    answer = StreamingResponse(exchange.body(request.method), exchange.status)
    answer.raw_headers = exchange.headers
    return answer


class _Exchange:
    """One request and its answer, over a connection of their own.

    Args:
        reader: The connection.
        writer: The same.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._parser = HttpResponseParser(self)
        self._pieces: list[bytes] = []
        self._has_head = self._is_whole = False
        self._sending: asyncio.Task[None] | None = None
        self.headers: list[tuple[bytes, bytes]] = []

    @property
    def status(self) -> int:
        """The answer's."""
        return int(self._parser.get_status_code())

    async def send(self, request: Request) -> None:
        """Send the request; its body goes on while the answer comes."""
        scope = request.scope
        target = scope.get("raw_path") or scope["path"].encode()
        if scope["query_string"]:
            target += b"?" + scope["query_string"]
        given = [(name, value) for name, value in scope["headers"] if name not in _HOP]
        is_chunked = "transfer-encoding" in request.headers
        more = [(b"connection", b"close"), (_MARK, b"1")]
        more += [(b"transfer-encoding", b"chunked")] if is_chunked else []
        lines = [name + b": " + value for name, value in (*given, *more)]
        begin = request.method.encode() + b" " + target + b" HTTP/1.1"
        self._writer.write(b"\r\n".join((begin, *lines, b"", b"")))
        await self._writer.drain()
        self._sending = asyncio.create_task(self._send_body(request, is_chunked=is_chunked))

    async def head(self) -> None:
        """Wait for the answer's head."""
        while not self._has_head:
            await self._read()

    async def body(self, method: str) -> AsyncIterator[bytes]:
        """The answer's body as it comes.

        Args:
            method: Of the request: HEAD's answers have none.
        """
        try:
            while method != "HEAD":
                pieces, self._pieces = self._pieces, []
                for piece in pieces:
                    yield piece
                if self._is_whole:
                    break
                await self._read()
        finally:
            self.close()

    def close(self) -> None:
        """End the connection."""
        if self._sending is not None:
            self._sending.cancel()
        self._writer.close()

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header of the answer, told by the parser."""
        if name.lower() not in _HOP:
            self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """The head is whole, told by the parser."""
        self._has_head = True

    def on_body(self, piece: bytes) -> None:
        """A piece of the body, told by the parser."""
        self._pieces.append(piece)

    def on_message_complete(self) -> None:
        """The answer is whole, told by the parser."""
        self._is_whole = True

    async def _read(self) -> None:
        data = await self._reader.read(_PIECE)
        if not data:
            raise asyncio.IncompleteReadError(b"", None)
        self._parser.feed_data(data)

    async def _send_body(self, request: Request, *, is_chunked: bool) -> None:
        # Who has answered before the end reads no more: the answer says why.
        with suppress(OSError, ClientDisconnect):
            async for piece in request.stream():
                if piece:
                    self._writer.write(
                        b"%x\r\n%b\r\n" % (len(piece), piece) if is_chunked else piece
                    )
                    await self._writer.drain()
            if is_chunked:
                self._writer.write(b"0\r\n\r\n")
                await self._writer.drain()


def _silent(url: str, error: BaseException) -> TemporaryError:
    reason = str(error) or type(error).__name__
    return TemporaryError(f"the process that leads, {url}, does not answer ({reason}); try again")
