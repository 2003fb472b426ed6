"""Bodies on their way into an operation: all of it comes before the operation is asked.

A small body is kept in memory, a large one in a file. Until the last byte is there only a task of
the event loop waits for the client; it holds a thread for the moment of each write, and no lock.
A client that stalls is told so and leaves nothing behind, and neither does one that goes away.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from io import BytesIO

from starlette.requests import Request

from runyard.protocol.errors import InvalidRequest, TemporaryError
from runyard_server.core.system import System
from runyard_server.faces.failures import TooLarge
from runyard_server.faces.limits import MEMORY_BYTES, MEMORY_BYTES_OF_ALL, STEP_BYTES
from runyard_server.faces.threads import Threads
from runyard_server.operations import arrivals
from runyard_server.store.arrived import Arrived

WRITE_BYTES = 1 << 20


class Interrupted(InvalidRequest):
    """The client went away before the body was complete."""


class TooSlow(TemporaryError):
    """The body did not come on for too long."""

    status = 408


class Intake:
    """Takes bodies in.

    Args:
        system: The service's parts.
        threads: Those that write large bodies down.
        stall_seconds: Within which STEP_BYTES of a body must have come, or all of it.
    """

    def __init__(self, system: System, threads: Threads, stall_seconds: float) -> None:
        self._system = system
        self._threads = threads
        self._stall_seconds = stall_seconds
        self._in_memory = 0

    def is_large(self, request: Request) -> bool:
        """Whether a body is too large for memory, or its size is not announced."""
        size = length(request)
        return size is None or size > self._room()

    async def whole(self, request: Request, limit: int) -> bytes:
        """Read a body into memory.

        Raises:
            TooLarge: It has more than `limit` bytes.
            TooSlow: It did not come on.
            Interrupted: The client went away.
        """
        parts, size = [], 0
        if (length(request) or 0) > limit:
            raise _too_large(limit)
        async with aclosing(self._pieces(request)) as pieces:
            async for piece in pieces:
                size += len(piece)
                if size > limit:
                    raise _too_large(limit)
                parts.append(piece)
        return b"".join(parts)

    @asynccontextmanager
    async def raw(
        self,
        request: Request,
        *,
        hashed: bool,
        segments: Mapping[str, str] | None = None,
        query: object = None,
    ) -> AsyncIterator[BytesIO | Arrived]:
        """Take a raw body in and give it to be read: from memory, or from a file.

        Args:
            request: The request.
            hashed: Whether a store will ask for its digest.
            segments: What the path's braces stand for, where it tells what the body goes on with.
            query: The query record, likewise.

        Raises:
            TooSlow: It did not come on.
            Interrupted: The client went away.
            OSError: It could not be written down.
        """
        if self.is_large(request):
            known = (segments or {}, query)
            arrived = await self._threads.run(
                lambda: arrivals.begin(self._system, *known, hashed=hashed)
            )
            try:
                try:
                    await self._write(request, arrived)
                except (Interrupted, TooSlow, asyncio.CancelledError):
                    arrived.keep()
                    raise
                yield arrived
            finally:
                arrived.close()
            return
        held = length(request) or 0
        self._in_memory += held
        try:
            yield BytesIO(await self.whole(request, held))
        finally:
            self._in_memory -= held

    def _room(self) -> int:
        """The size up to which a body may be in memory now."""
        return MEMORY_BYTES if self._in_memory < MEMORY_BYTES_OF_ALL else STEP_BYTES

    async def _write(self, request: Request, arrived: Arrived) -> None:
        """Write a body down; while one block is written the next comes."""
        block = bytearray()
        writing: asyncio.Future[None] | None = None
        try:
            async with aclosing(self._pieces(request)) as pieces:
                async for piece in pieces:
                    block += piece
                    if len(block) >= WRITE_BYTES:
                        if writing is not None:
                            # One at a time, for the order; nothing is read meanwhile, which
                            # holds a client back that is faster than the disk.
                            await writing
                        writing = asyncio.ensure_future(self._add(arrived, bytes(block)))
                        block.clear()
        finally:
            # Also when the body broke off: the file must not be closed under a thread.
            if writing is not None:
                await asyncio.shield(writing)
        await self._add(arrived, bytes(block))
        arrived.rewind()

    async def _add(self, arrived: Arrived, data: bytes) -> None:
        await self._threads.run(lambda: arrived.add(data))

    async def _pieces(self, request: Request) -> AsyncGenerator[bytes, None]:
        """A body as it comes, for as long as it does come on."""
        loop = asyncio.get_running_loop()
        until, since = loop.time() + self._stall_seconds, 0
        more = True
        try:
            while more:
                # By the step, not by the piece: a byte now and then is no progress.
                async with asyncio.timeout_at(until):
                    message = await request.receive()
                if message["type"] == "http.disconnect":
                    raise Interrupted("the connection broke before the body was complete")
                more, piece = message.get("more_body", False), message.get("body", b"")
                since += len(piece)
                if since >= STEP_BYTES:
                    until, since = loop.time() + self._stall_seconds, 0
                if piece:
                    yield piece
        except TimeoutError:
            raise TooSlow(
                f"less than {STEP_BYTES >> 10} kB of the body came within "
                f"{self._stall_seconds:g} s; send it again"
            ) from None


def length(request: Request) -> int | None:
    """The announced size of a body in bytes, None where there is none."""
    text = request.headers.get("content-length", "")
    if text.isdecimal():
        return int(text)
    return None if "transfer-encoding" in request.headers else 0


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"the body is larger than {limit >> 20} MB, the most this route takes")
