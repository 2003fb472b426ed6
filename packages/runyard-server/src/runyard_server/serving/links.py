"""Connections of replicas: one of each supervisor, one of each worker process.

What is sent is written once per turn of the loop. Large bodies are passed on in the pieces in which
they came, so they are never put together here.
"""

import asyncio
import logging
import socket
import struct
from typing import TYPE_CHECKING, Protocol, cast

import msgspec

from runyard.protocol import frames
from runyard.protocol.frames import HEAD, LARGEST_META, Hello, Ready, WorkerNews
from runyard_server.serving.exchange import AnswerMeta, Chunks, Exchange
from runyard_server.serving.writing import Writer

if TYPE_CHECKING:
    import mmap

_SMALL = 1 << 16
_HELLO_SECONDS = 10.0
_BUFFER_BYTES = 1 << 20
# The last of 32 bits stands for no number; long before it the connection is another.
_NUMBERS = (1 << 32) - 1
_NUMBER = struct.Struct("<I")

_hello = msgspec.json.Decoder(Hello)
_ready = msgspec.json.Decoder(Ready)
_news = msgspec.json.Decoder(WorkerNews)
_decode = msgspec.json.Decoder(AnswerMeta).decode

_log = logging.getLogger(__name__)


class Owner(Protocol):
    """The replica whose connection it is."""

    def lost(self, link: "Link") -> None:
        """A connection of it has ended."""

    def told(self, news: WorkerNews) -> None:
        """Take news of its supervisor."""

    def became_ready(self, link: "Link") -> None:
        """Its worker can be called."""

    def drained(self, link: "Link") -> None:
        """Its worker is about to end."""

    def emptied(self) -> None:
        """Its worker has no call any more."""

    @property
    def welcome(self) -> bytes:
        """The settings of its deployment, as a `Welcome`."""


class Doorkeeper(Protocol):
    """Who knows the replicas."""

    def admit(self, link: "Link", hello: Hello) -> str:
        """Take a connection for a replica's, or say why not."""


class Link(asyncio.Protocol):
    """One connection of a replica.

    Args:
        keeper: Decides who may come.
    """

    def __init__(self, keeper: Doorkeeper) -> None:
        self._keeper = keeper
        self._loop = asyncio.get_running_loop()
        self._rest = b""
        # A frame whose body is still to come: kind, number, meta, pieces; and how much is missing.
        self._partial: tuple[int, int, bytes, Chunks] | None = None
        self._missing = 0
        self._out: Chunks = []
        self._next = 0
        # When the time of its oldest call is up; the deployment's.
        self.clock: asyncio.TimerHandle | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport | None = None
        self._writer: Writer | None = None
        self.replica: Owner | None = None
        self.role = ""
        self.pid = 0
        self.ready: Ready | None = None
        self.pending: dict[int, Exchange] = {}
        # The most calls that it is sent: more than it runs at once where they are short, so that it
        # need not wait for the gateway between two of them.
        self.limit = 1
        # Those that it can run at once, or gathers for that.
        self.calls = 1
        self.run_us = 0.0
        # Where the worker notes which call it has begun.
        self.mark: mmap.mmap | None = None
        # It has asked for the last frame, and got it.
        self.ending = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for who it is."""
        # Those of uvloop are not derived from it.
        self._transport = cast("asyncio.Transport", transport)
        self._writer = Writer(self._transport)
        line = transport.get_extra_info("socket")
        if line is not None and line.family == socket.AF_UNIX:
            # As much as the system allows: a large body needs fewer turns with the worker.
            line.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER_BYTES)
        elif line is not None:
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self._deadline = self._loop.call_later(_HELLO_SECONDS, self.close)

    def connection_lost(self, exc: Exception | None) -> None:
        """The replica has one connection less."""
        del exc
        self._transport = None
        for timer in (self._deadline, self.clock):
            if timer is not None:
                timer.cancel()
        if self.replica is not None:
            self.replica.lost(self)

    def close(self) -> None:
        """End the connection."""
        if self._transport is not None:
            # What waits for the next turn of the loop would be lost, such as why somebody is
            # refused.
            self._flush()
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        """Take what came apart into frames."""
        try:
            self._parse(data)
        except (msgspec.DecodeError, ValueError) as error:
            _log.warning("closed a replica's connection: %s", error)
            if self._transport is not None:
                self._transport.abort()

    def _parse(self, data: bytes) -> None:
        if self._missing:
            data = self._fill(data)
        if self._rest:
            data = self._rest + data
        at, end = 0, len(data)
        while end - at >= HEAD.size:
            body, meta, number, kind = HEAD.unpack_from(data, at)
            start = at + HEAD.size
            middle = start + meta
            stop = middle + body
            if stop > end:
                self._check(meta, body)
                if middle > end or body < _SMALL:
                    break
                self._partial = (kind, number, data[start:middle], [data[middle:]])
                self._missing = stop - end
                at = end
                break
            if kind == frames.ANSWER:
                self._answered(number, data[start:middle], [data[middle:stop]])
            else:
                self._take(kind, number, data[start:middle], [data[middle:stop]])
            at = stop
        self._rest = data[at:] if at < end else b""

    def _fill(self, data: bytes) -> bytes:
        """Add to the body that is to come; returns what is of the next frame."""
        assert self._partial is not None
        piece = data[: self._missing]
        self._partial[3].append(piece)
        self._missing -= len(piece)
        if not self._missing:
            kind, number, meta, body = self._partial
            self._partial = None
            self._take(kind, number, meta, body)
        return data[len(piece) :]

    def _check(self, meta: int, body: int) -> None:
        if meta > LARGEST_META or (self.replica is None and meta + body > _SMALL):
            raise ValueError("a frame is larger than it may be")

    def _take(self, kind: int, number: int, meta: bytes, body: Chunks) -> None:
        if kind == frames.ANSWER:
            self._answered(number, meta, body)
        elif self.replica is None:
            self._greet(kind, number, meta)
        elif kind == frames.BEAT:
            pass  # its supervisor sees to it; here it keeps the connection
        elif kind == frames.DRAIN:
            self.replica.drained(self)
            self.send(frames.DRAIN, 0)
            self.ending = True
        elif kind == frames.READY:
            self.ready = _ready.decode(meta or b"{}")
            self.replica.became_ready(self)
        elif kind == frames.NEWS:
            self.replica.told(_news.decode(meta))
        elif kind == frames.ERROR:
            self._failed(number, meta, body)
        else:
            self.send(frames.ERROR, number, b'{"message":"the gateway does not know this frame"}')

    def _answered(self, number: int, meta: bytes, body: Chunks) -> None:
        exchange = self.pending.pop(number, None)
        if exchange is None:
            return
        exchange.pool.answered(self, exchange, _decode(meta) if meta else AnswerMeta(), body)
        if not self.pending and self.replica is not None:
            self.replica.emptied()

    def _greet(self, kind: int, number: int, meta: bytes) -> None:
        refusal = "the first frame must be HELLO"
        if kind == frames.HELLO:
            hello = _hello.decode(meta)
            self.role, self.pid = hello.role, hello.pid
            refusal = self._keeper.admit(self, hello)
        if refusal:
            self.send(frames.ERROR, number, msgspec.json.encode({"message": refusal}))
            self.close()
            return
        if self._deadline is not None:
            self._deadline.cancel()
        if self.replica is not None:
            self.send(frames.WELCOME, number, self.replica.welcome)

    def _failed(self, number: int, meta: bytes, body: Chunks) -> None:
        """A worker did not know what to do with a call."""
        exchange = self.pending.pop(number, None)
        text = b"".join([meta, *body])[:500].decode("utf-8", "replace")
        _log.warning("a replica answered with an error: %s", text)
        if exchange is not None:
            told = [b'{"message":"the worker cannot do this"}']
            exchange.pool.answered(self, exchange, AnswerMeta(500, failed=True), told)

    def begun(self) -> list[Exchange] | None:
        """The calls that the worker may have begun, of those without an answer; None: any."""
        number = _NUMBER.unpack(self.mark)[0] if self.mark is not None else frames.UNMARKED
        if number == frames.UNMARKED:
            return None
        return [each for each in self.pending.values() if each.number <= number]

    def call(self, exchange: Exchange) -> None:
        """Send a call."""
        self._next = number = (self._next + 1) % _NUMBERS
        exchange.number = number
        exchange.link = self
        self.pending[number] = exchange
        meta = exchange.meta(self)
        body = exchange.body
        size = len(body[0]) if len(body) == 1 else sum(map(len, body))
        head = HEAD.pack(size, len(meta), number, frames.CALL) + meta
        if size < _SMALL:
            self._write(head + (body[0] if len(body) == 1 else b"".join(body)))
        else:
            self._later([head, *body])

    def cancel(self, exchange: Exchange) -> None:
        """Nobody waits for its answer any more."""
        if not self.ending:
            self.send(frames.CANCEL, exchange.number)

    def send(self, kind: int, number: int, meta: bytes = b"") -> None:
        """Send a frame without body.

        Args:
            kind: What it is.
            number: The call that it is about, 0 for none.
            meta: JSON, or nothing.
        """
        self._write(frames.pack(kind, number, meta))

    def _write(self, piece: bytes) -> None:
        if self._out or len(self.pending) > 1 or self._transport is None or self._writer is None:
            self._later([piece])
        else:
            # The worker has nothing else to do: it need not wait for the loop's next turn.
            self._writer.write(piece)

    def _later(self, pieces: Chunks) -> None:
        if not self._out:
            self._loop.call_soon(self._flush)
        self._out += pieces

    def _flush(self) -> None:
        out, self._out = self._out, []
        if out and self._transport is not None:
            if len(out) == 1 and self._writer is not None:
                self._writer.write(out[0])
            else:
                self._transport.writelines(out)
