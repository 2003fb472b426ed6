"""Connections of clients: uvicorn's, but what a worker answers never becomes an ASGI request.

One request of a connection is answered at a time. What a client sends ahead of an answer is parsed,
kept, and done afterwards; meanwhile nothing more is read.
"""

import asyncio
from typing import TYPE_CHECKING, Any

import httptools
import msgspec
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from runyard.protocol.endpoints import SCORE
from runyard_server.serving import heads, paths
from runyard_server.serving.exchange import AnswerMeta, CallMeta, Chunks, Exchange, Worker
from runyard_server.serving.pools import Pool
from runyard_server.serving.requests import Asked

if TYPE_CHECKING:
    from collections.abc import Callable

    from runyard_server.serving.endpoints import ServedEndpoint

HEAD_BYTES = 64 << 10
LONGEST_ID = 100
# What is answered at once though the body is still to come, must be read by the client before the
# connection ends: data that nobody reads would have the system take the answer back.
LINGER_SECONDS = 2.0
_SMALL = 1 << 16
_FAILED, _TIMEOUT = 500, 504

_KEPT = frozenset(
    (
        b"authorization",
        b"content-length",
        b"content-type",
        b"origin",
        b"runyard-deployment",
        b"traceid",
        b"x-ms-client-request-id",
        b"x-ms-request-id",
        b"x-request-id",
    )
)
_IDS = (b"x-request-id", b"x-ms-request-id", b"x-ms-client-request-id", b"traceid")


class HttpExchange(Exchange):
    """A request of a client.

    Args:
        connection: Where it came.
        pool: The deployment that answers.
        target: What is asked.
        headers: All headers.
        kept: Those that the gateway looks at.
    """

    __slots__ = ("asked", "connection", "headers", "keep_alive", "kept", "size")

    def __init__(
        self,
        connection: "Connection",
        pool: Pool,
        asked: Asked,
        headers: list[tuple[bytes, bytes]],
        kept: dict[bytes, bytes],
    ) -> None:
        super().__init__(pool, asked.where.protocol, [])
        self.connection = connection
        self.asked = asked
        self.headers = headers
        self.kept = kept
        self.size = 0
        self.keep_alive = True

    def meta(self, link: Worker) -> bytes:
        """See Exchange."""
        asked, ready = self.asked, link.ready
        row, revision = self.connection.endpoint.row, self.pool.row.serving
        everything = ready is not None and (ready.headers or ready.input == "raw")
        kind = self.kept.get(b"content-type")
        if (
            asked.where.verb == paths.SCORES
            and asked.method == "POST"
            and not everything
            and row.legacy_status == _FAILED
            and (kind == b"application/json" or (ready is not None and ready.input == "text"))
        ):
            return b""
        headers = {
            name.decode("latin-1"): value.decode("latin-1")
            for name, value in self.headers
            if everything or name in _PROTOCOL_HEADERS
        }
        headers.pop("authorization", None)
        return msgspec.json.encode(
            CallMeta(
                asked.where.protocol,
                asked.where.verb,
                asked.method,
                asked.path,
                headers,
                asked.where.model,
                revision.model_version if revision is not None else "",
                legacy_status=row.legacy_status,
            )
        )

    def answered(self, meta: AnswerMeta, body: Chunks) -> None:
        """See Exchange."""
        self.connection.respond(self, meta.status, self._head(meta), body)

    def refused(self, status: int, message: str, retry_after: int = 0) -> None:
        """See Exchange."""
        more = b"retry-after: %d\r\n" % retry_after if retry_after else b""
        head = b"content-type: application/json\r\n" + more + self._ids()
        if status == _TIMEOUT:
            head += b"x-ms-run-function-failed: True\r\n"
        self.connection.respond(self, status, head, [heads.json_error(message, self.protocol)])

    def _head(self, meta: AnswerMeta) -> bytes:
        given = meta.headers
        if given:
            lines = b"".join(
                f"{name}: {value}\r\n".encode("latin-1") for name, value in given.items()
            )
            if not any(name.lower() == "content-type" for name in given):
                lines += b"content-type: application/json\r\n"
        else:
            lines = b"content-type: application/json\r\n"
        failed = b"True" if meta.failed else b"False"
        return lines + b"x-ms-run-function-failed: %b\r\nx-ms-run-fn-exec-ms: %.3f\r\n%b" % (
            failed,
            meta.run_us / 1000,
            self._ids(),
        )

    def _ids(self) -> bytes:
        kept = self.kept
        request = kept.get(b"x-request-id") or heads.new_id()
        lines = b"x-ms-server-version: %b\r\nx-request-id: %b\r\nx-ms-request-id: %b\r\n" % (
            heads.VERSION,
            request,
            kept.get(b"x-ms-request-id") or request,
        )
        client = kept.get(b"x-ms-client-request-id")
        if client is not None:
            lines += b"x-ms-client-request-id: %b\r\n" % client
        trace = kept.get(b"traceid")
        if trace is not None:
            lines += b"TraceId: %b\r\n" % trace
        return lines


_PROTOCOL_HEADERS = frozenset(
    (
        b"accept",
        b"accept-encoding",
        b"content-encoding",
        b"content-type",
        b"inference-header-content-length",
    )
)


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
        self.endpoint: ServedEndpoint = app_state["endpoint"]
        self._left: Callable[[], None] = app_state["left"]
        self._exchange: HttpExchange | None = None
        self._kept: dict[bytes, bytes] = {}
        self._ends = False

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget what was asked."""
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            exchange.pool.forget(exchange)
        super().connection_lost(exc)
        self._left()

    def data_received(self, data: bytes) -> None:
        """Read what came."""
        if self._ends:
            return
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            pass  # no other protocol is spoken here: the request is answered as it stands
        except httptools.HttpParserError:
            self._refuse_head(400, "this is no HTTP/1.1 request")

    def on_message_begin(self) -> None:
        """Begin a request."""
        self.url = b""
        self.expect_100_continue = False
        self.headers = []
        self._kept = {}

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header, or a trailer."""
        name = name.lower()
        if name in _KEPT:
            self._kept[name] = value
        elif name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Have the request answered: by a worker, or else by the application."""
        asked = self.endpoint.asked(self.parser.get_method(), self.url)
        if asked is None:
            url, headers, expects = self.url, self.headers, self.expect_100_continue
            super().on_message_begin()
            self.url, self.expect_100_continue = url, expects
            self.headers.extend(headers)
            super().on_headers_complete()
            return
        self._begin(asked)

    def on_body(self, body: bytes) -> None:
        """Take a part of the body."""
        exchange = self._exchange
        if exchange is None:
            if not self._ends:
                super().on_body(body)
            return
        exchange.body.append(body)
        exchange.size += len(body)
        if exchange.size > exchange.pool.row.limits.max_body:
            self._too_large(exchange)

    def on_message_complete(self) -> None:
        """Hand the whole request over."""
        exchange = self._exchange
        if exchange is None:
            if not self._ends:
                super().on_message_complete()
            return
        exchange.pool.submit(exchange)

    def _begin(self, asked: Asked) -> None:
        kept = self._kept
        endpoint = self.endpoint
        wanted = kept.get(b"runyard-deployment", b"")
        sticky = kept.get(b"x-ms-client-request-id", b"")
        pool = endpoint.choose_for(asked.where, sticky, wanted)
        if pool is None:
            refusal = endpoint.refusal(kept.get(b"authorization"))
            told = refusal or f"there is no {asked.where.named() or 'such deployment'} here"
            self._refuse_head(401 if refusal else 404, told, asked.where.protocol)
            return
        exchange = HttpExchange(self, pool, asked, self.headers, kept)
        exchange.began = self.loop.time()
        exchange.keep_alive = (
            self.parser.should_keep_alive() and self.parser.get_http_version() != "1.0"
        )
        self._exchange = exchange
        refusal = endpoint.refusal(kept.get(b"authorization"))
        if refusal:
            self._deny(exchange, 401, refusal)
            return
        for name in _IDS:
            if name in kept and len(kept[name]) > LONGEST_ID:
                self._deny(exchange, 431, "an id above 100 characters")
                return
        length = kept.get(b"content-length")
        if length is not None and int(length) > pool.row.limits.max_body:
            self._too_large(exchange)
            return
        if self.expect_100_continue:
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _too_large(self, exchange: HttpExchange) -> None:
        most = exchange.pool.row.limits.max_body
        self._deny(exchange, 413, f"the body is above {most} bytes, the most this endpoint takes")

    def _deny(self, exchange: HttpExchange, status: int, message: str) -> None:
        """Answer at once, though the body is still to come, and end."""
        exchange.keep_alive = False
        exchange.refused(status, message)

    def _refuse_head(self, status: int, message: str, protocol: str = SCORE) -> None:
        body = heads.json_error(message, protocol)
        self._write(status, b"content-type: application/json\r\n", [body], len(body), ends=True)
        self._end()

    def respond(self, exchange: HttpExchange, status: int, head: bytes, body: Chunks) -> None:
        """Answer a request.

        Args:
            exchange: The request.
            status: The HTTP status.
            head: Lines of the response's head.
            body: Its body.
        """
        if self._exchange is not exchange:
            return
        self._exchange = None
        self.server_state.total_requests += 1
        exchange.gone = True
        size = len(body[0]) if len(body) == 1 else sum(map(len, body))
        self._write(status, head, body, size, ends=not exchange.keep_alive)
        if not exchange.keep_alive:
            self._end()

    def _write(self, status: int, head: bytes, body: Chunks, size: int, *, ends: bool) -> None:
        close = b"connection: close\r\n" if ends else b""
        whole = b"%b%b%bcontent-length: %d\r\n\r\n" % (heads.status_line(status), head, close, size)
        if size < _SMALL:
            self.transport.write(whole + (body[0] if len(body) == 1 else b"".join(body)))
        else:
            self.transport.writelines([whole, *body])

    def _end(self) -> None:
        """Close, once the client had time to read what it was told."""
        self._ends = True
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.loop.call_later(LINGER_SECONDS, self.transport.close)

    def shutdown(self) -> None:
        """Answer what is asked, then close."""
        if self._exchange is not None:
            self._exchange.keep_alive = False
        else:
            super().shutdown()
