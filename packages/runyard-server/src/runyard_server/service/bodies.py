"""Raw bodies on their way into an operation.

A small body is read whole. A large one goes through a pipe: the event loop puts what the network
brings, the operation's thread reads, and a bounded buffer between them makes the sender wait. When
the client goes away in the middle the reader gets an error, so that half a file is never stored.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BytesIO

from starlette.requests import ClientDisconnect, Request

from runyard.protocol.errors import InvalidRequest
from runyard_server.service.failures import TooLarge

SMALL = 1 << 20
BUFFERED = 4 << 20


class Interrupted(InvalidRequest):
    """The client went away before the body was complete."""


class Pipe:
    """A body that is read in a thread while the event loop fills it.

    Args:
        loop: The loop that calls `put`.
        limit: Bytes that may wait to be read.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, limit: int = BUFFERED) -> None:
        self._loop = loop
        self._limit = limit
        self._chunks: deque[bytes] = deque()
        self._waiting = 0
        self._end: Exception | bool = False
        self._changed = threading.Condition()
        self._room = asyncio.Event()

    async def put(self, chunk: bytes) -> None:
        """Add bytes, once there is room for them."""
        while self._waiting >= self._limit:
            self._room.clear()
            await self._room.wait()
        with self._changed:
            self._chunks.append(chunk)
            self._waiting += len(chunk)
            self._changed.notify()

    def end(self, error: Exception | None = None) -> None:
        """Say that no more comes; with an error, that the body broke off."""
        with self._changed:
            self._end = error or True
            self._changed.notify()

    def read(self, size: int = -1, /) -> bytes:
        """Give up to `size` bytes, all of the rest if negative, b"" at the end.

        Raises:
            Interrupted: The body broke off.
        """
        if size < 0:
            return b"".join(iter(lambda: self.read(SMALL), b""))
        with self._changed:
            self._changed.wait_for(lambda: self._chunks or self._end)
            if isinstance(self._end, Exception):
                raise self._end
            data = self._take(size)
        self._loop.call_soon_threadsafe(self._room.set)
        return data

    def _take(self, size: int) -> bytes:
        taken: list[bytes] = []
        while self._chunks and size > 0:
            chunk = self._chunks.popleft()
            if len(chunk) > size:
                self._chunks.appendleft(chunk[size:])
                chunk = chunk[:size]
            taken.append(chunk)
            size -= len(chunk)
            self._waiting -= len(chunk)
        return taken[0] if len(taken) == 1 else b"".join(taken)


async def whole(request: Request, limit: int) -> bytes:
    """Read a body whole.

    Raises:
        TooLarge: It has more than `limit` bytes.
        Interrupted: The client went away.
    """
    parts, size = [], 0
    if (length(request) or 0) > limit:
        raise _too_large(limit)
    with _interruptions():
        async for chunk in request.stream():
            size += len(chunk)
            if size > limit:
                raise _too_large(limit)
            parts.append(chunk)
    return b"".join(parts)


async def raw(request: Request) -> "BytesIO | Pumped":
    """Give a raw body as something to read: small ones whole, others as they come."""
    size = length(request)
    if size is not None and size <= SMALL:
        return BytesIO(await whole(request, SMALL))
    return Pumped(request)


class Pumped:
    """A pipe and the task that fills it from a request; use it in an `async with` block."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self.pipe = Pipe(asyncio.get_running_loop())
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Pipe:
        self._task = asyncio.create_task(self._pump())
        return self.pipe

    async def __aexit__(self, *_error: object) -> None:
        assert self._task is not None
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    async def _pump(self) -> None:
        error: Exception | None = Interrupted("the service stopped reading the body")
        try:
            with _interruptions():
                async for chunk in self._request.stream():
                    if chunk:
                        await self.pipe.put(chunk)
            error = None
        except Interrupted as gone:
            error = gone
        finally:
            self.pipe.end(error)


def length(request: Request) -> int | None:
    """Give the announced size of a body in bytes, None where there is none."""
    text = request.headers.get("content-length", "")
    if text.isdecimal():
        return int(text)
    return None if "transfer-encoding" in request.headers else 0


@contextmanager
def _interruptions() -> Iterator[None]:
    """Turn the toolkit's word for a client that went away into ours."""
    try:
        yield
    except ClientDisconnect:
        raise Interrupted("the connection broke before the body was complete") from None


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"the body is larger than {limit >> 20} MB, the most this route takes")
