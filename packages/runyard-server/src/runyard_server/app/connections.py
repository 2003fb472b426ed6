"""Connections: uvicorn's, with bounds for what a client that has shown no token can take.

The parser keeps whatever comes between two things that it tells: the head of a request, trailers,
what stands beside the size of a chunk. So what came since it last told something is counted. Who
is too slow is found by a look at all connections each second, which costs a request nothing; when
there are too many, those without a token and without a request make room, the oldest first.
"""

import asyncio
import heapq
import http
import logging
import time
from collections.abc import Iterable
from typing import Any

import httptools
import msgspec
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from runyard.protocol.errors import InvalidRequest, RunyardError, TemporaryError, to_wire
from runyard.protocol.timeouts import DRAIN_SECONDS, REST_SECONDS
from runyard_server.faces.bodies import TooSlow
from runyard_server.faces.endpoint import KNOWN
from runyard_server.faces.limits import HEAD_BYTES, STEP_BYTES, Limits

# Making room for one would mean a look at all connections for each that comes.
ROOM = 16
QUIET_SECONDS = 60.0

_log = logging.getLogger(__name__)


class HeadTooLarge(InvalidRequest):
    """A request's head has more bytes than the service takes."""

    status = 431


class Config(uvicorn.Config):
    """What a server serves, and within which bounds.

    Args:
        app: What it serves.
        limits: The bounds.
    """

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        super().__init__(
            app,
            http=Connection,
            loop="asyncio",
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=False,
            timeout_keep_alive=int(REST_SECONDS),
            timeout_graceful_shutdown=DRAIN_SECONDS,
        )
        self.limits = limits
        self.refusals = Refusals()


class Refusals:
    """Logs that connections are refused, at most once a minute."""

    def __init__(self) -> None:
        self._count = 0
        self._said = -QUIET_SECONDS

    def note(self, why: str) -> None:
        """Count a refusal; log all since the last line if that is a minute ago."""
        self._count += 1
        now = time.monotonic()
        if now - self._said >= QUIET_SECONDS:
            _log.warning("%d connection(s) refused, the last one: %s", self._count, why)
            self._count, self._said = 0, now


class Connection(HttpToolsProtocol):
    """One connection; see uvicorn's protocol for the arguments."""

    def __init__(
        self,
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        assert isinstance(config, Config)
        self._limits = config.limits
        self._refusals = config.refusals
        self.known = False
        self.since = self.loop.time()
        self._begun = False
        self._untold = 0
        self._head = 0
        self._reason: RunyardError | None = None
        self._refused = False
        self._blocked: tuple[float, int] | None = None

    @property
    def busy(self) -> bool:
        """Whether a request is being answered."""
        return self.cycle is not None and not self.cycle.response_complete

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, if there is room or can be made."""
        super().connection_made(transport)
        if len(self.connections) > self._limits.connections and not self._make_room():
            self._refuse(
                TemporaryError(
                    f"{self._limits.connections} connections are open, the most this service "
                    "takes; try again, or raise max_connections"
                )
            )

    def data_received(self, data: bytes) -> None:
        """Read what came, and see that it comes to something."""
        # Uvicorn's own method would answer what it cannot read with a line of plain text.
        if self._refused:
            return
        self._unset_keepalive_if_required()
        self._untold += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            pass  # no other protocol is spoken here: the request is answered as it stands
        except httptools.HttpParserError:
            self._refuse(self._reason or InvalidRequest("this is no HTTP/1.1 request"))
            return
        if self._untold > HEAD_BYTES:
            self._refuse(_too_large())

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self.scope["state"][KNOWN] = self._know
        self._begun = True
        self._head = 0
        # The time of the first request runs from the connection's begin: silence buys none.
        if self.cycle is not None:
            self.since = self.loop.time()

    def on_url(self, url: bytes) -> None:
        """Take a part of the address."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header, or a trailer."""
        self._count(len(name) + len(value) + len(b": \r\n"))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Have the request answered."""
        self._untold = self._head = 0
        self._begun = False
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a part of the body."""
        self._untold = 0
        super().on_body(body)

    def on_response_complete(self) -> None:
        """Begin to wait for the next request."""
        self.since = self.loop.time()
        super().on_response_complete()

    def pause_writing(self) -> None:
        """Begin to watch whether the client takes what it asked for."""
        self._blocked = (self.loop.time(), self.transport.get_write_buffer_size())
        super().pause_writing()

    def resume_writing(self) -> None:
        """The client took it."""
        self._blocked = None
        super().resume_writing()

    def check(self, now: float) -> None:
        """End the connection if the client has let its time pass."""
        if self._blocked is not None:
            self._check_taken(now, *self._blocked)
        elif not self.busy:
            rests = self.known and not self._begun
            if now - self.since > (REST_SECONDS if rests else self._limits.head_seconds):
                self._end(rests=rests)

    def _check_taken(self, now: float, since: float, size: int) -> None:
        left = self.transport.get_write_buffer_size()
        # More than before: something was written meanwhile, which hides what was taken.
        if left > size or left <= size - STEP_BYTES:
            self._blocked = (now, left)
        elif now - since > self._limits.stall_seconds:
            self._refusals.note("a client did not take its answer")
            # `close` would wait for the client to take what is buffered.
            self.transport.abort()

    def _end(self, *, rests: bool) -> None:
        if self._begun:
            self._refuse(
                TooSlow(
                    f"the head of the request did not come within {self._limits.head_seconds:g} s"
                )
            )
            return
        if not rests:
            self._refusals.note("no request came")
        self.transport.close()

    def _make_room(self) -> bool:
        """Close those that wait for nothing; of those with a token one only."""
        idle = [
            other
            for other in self.connections
            if isinstance(other, Connection) and other is not self and not other.busy
        ]
        strangers = [other for other in idle if not other.known]
        chosen = heapq.nsmallest(ROOM if strangers else 1, strangers or idle, _age)
        for other in chosen:
            # It leaves the set by itself in the loop's next turn; who comes before would count it.
            self.connections.discard(other)
            other.transport.abort()
        if chosen:
            self._refusals.note("made room for others")
        return bool(chosen)

    def _know(self) -> None:
        self.known = True

    def _count(self, size: int) -> None:
        self._head += size
        if self._head > HEAD_BYTES:
            self._reason = _too_large()
            raise self._reason

    def _refuse(self, error: RunyardError) -> None:
        """Answer with an error, where no answer is on its way, and close."""
        self._refused = True
        self._refusals.note(error.message)
        if self.busy:
            if self.cycle.response_started:
                self.transport.abort()
                return
            # From now on nobody else writes an answer, and who reads the body learns that it broke.
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        body = msgspec.json.encode(to_wire(error))
        phrase = http.HTTPStatus(error.status).phrase
        head = (
            f"HTTP/1.1 {error.status} {phrase}\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode("ascii") + body)
        self.transport.close()


def sweep(connections: Iterable[object]) -> None:
    """End the connections whose clients have let their time pass."""
    now = asyncio.get_running_loop().time()
    for connection in list(connections):
        if isinstance(connection, Connection):
            connection.check(now)


def _age(connection: Connection) -> float:
    return connection.since


def _too_large() -> HeadTooLarge:
    return HeadTooLarge(
        f"the request line and headers are above {HEAD_BYTES >> 10} kB, the most this service takes"
    )
