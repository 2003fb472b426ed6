"""A client's request to a worker: what the worker is told of it, and how the client is answered."""

from time import monotonic
from typing import Protocol

import msgspec

from runyard.protocol.endpoints import SCORE
from runyard.protocol.inference_headers import (
    CLIENT_ID,
    ENCODING,
    MS_ID,
    ORIGIN,
    OURS,
    REQUEST_ID,
    SECRET,
    TOLD,
    TRACE,
    TYPE,
)
from runyard_server.serving import cors, heads, requestlog
from runyard_server.serving.endpoints import ServedEndpoint
from runyard_server.serving.exchange import (
    Answering,
    AnswerMeta,
    CallMeta,
    Chunks,
    Exchange,
    Worker,
)
from runyard_server.serving.requests import Asked

_JSON = b"application/json"
_OK, _TIMEOUT = 200, 504
# After these no client reads a body: it would be taken for the next answer of the connection.
_BODILESS = (204, 304)
_SCORED = b"x-ms-run-fn-exec-ms: %b\r\nx-ms-server-version: runyard\r\n"
_PLAIN = heads.OK + heads.JSON_LINE + b"x-ms-run-function-failed: False\r\n" + _SCORED
_IDS = b"x-request-id: %b\r\nx-ms-request-id: %b\r\n"
_BARE = _PLAIN + _IDS
# Headers that have the answer bring more than its own id.
_ECHOED = (REQUEST_ID, MS_ID, CLIENT_ID, TRACE, ORIGIN)


class Replying(Protocol):
    """The connection of the client."""

    endpoint: ServedEndpoint

    def respond(self, exchange: "HttpExchange", head: bytes, body: Chunks, size: int) -> None:
        """Answer a request.

        Args:
            exchange: The request.
            head: The head of the response, but for its length and its end.
            body: Its body.
            size: The bytes of that.
        """


def is_bare(kept: dict[bytes, bytes]) -> bool:
    """Whether no header of a request asks for a line in its answer.

    Args:
        kept: The headers that the gateway looks at.
    """
    return not any(name in kept for name in _ECHOED)


class HttpExchange(Exchange):
    """A request of a client.

    Args:
        connection: Where it came.
        pool: The deployment that answers.
        asked: What is asked.
        headers: All headers.
        kept: Those that the gateway looks at.
        bare: Whether it is known that `is_bare`.
    """

    __slots__ = ("asked", "bare", "connection", "headers", "keep_alive", "kept", "request_id")

    def __init__(
        self,
        connection: Replying,
        pool: Answering,
        asked: Asked,
        headers: list[tuple[bytes, bytes]],
        kept: dict[bytes, bytes],
        *,
        bare: bool = False,
    ) -> None:
        super().__init__(pool, asked.where.protocol, [])
        self.bare = bare
        self.connection = connection
        self.asked = asked
        self.headers = headers
        self.kept = kept
        self.keep_alive = True
        self.request_id = kept.get(REQUEST_ID) or heads.new_id()

    def meta(self, link: Worker) -> bytes:
        """See Exchange."""
        asked, ready = self.asked, link.ready
        whole = ready is not None and (ready.headers or ready.input == "raw")
        # To a script that takes text the type means nothing.
        as_is = self.kept.get(TYPE) == _JSON or (ready is not None and ready.input == "text")
        as_is = as_is and ENCODING not in self.kept
        if asked.plain and as_is and not whole:
            return b""
        headers = {
            name.decode("latin-1"): value.decode("latin-1")
            for name, value in self.headers
            if (name not in SECRET if whole else name in TOLD)
        }
        return msgspec.json.encode(self._call(headers))

    def _call(self, headers: dict[str, str]) -> CallMeta:
        where, serving = self.asked.where, self.pool.row.serving
        return CallMeta(
            where.protocol,
            where.verb,
            self.asked.method,
            self.asked.path,
            headers,
            where.model,
            serving.model_version if serving is not None and where.protocol != SCORE else "",
            legacy_status=self.connection.endpoint.row.legacy_status,
            explain=self.connection.endpoint.explains,
        )

    def answered(self, meta: AnswerMeta, body: Chunks) -> None:
        """See Exchange."""
        status, run_us = meta.status, meta.run_us
        size = len(body[0]) if len(body) == 1 else sum(map(len, body))
        plain = status == _OK and not meta.headers and not meta.failed and self.protocol == SCORE
        if plain and self.bare:
            head = _BARE % (heads.milliseconds(run_us), self.request_id, self.request_id)
            self._send(status, head, body, size, run_us)
            return
        if status in _BODILESS:
            body, size = [b""], 0
        head = _PLAIN % heads.milliseconds(run_us) if plain else self._head(meta)
        self._finish(status, head, body, size, run_us)

    def refused(self, status: int, message: str, retry_after: int = 0) -> None:
        """See Exchange."""
        head = heads.status_line(status) + heads.JSON_LINE
        if retry_after:
            head += b"retry-after: %d\r\n" % retry_after
        if status == _TIMEOUT:
            head += b"x-ms-run-function-failed: True\r\n"
        body = heads.error(self.protocol, status, message)
        self._finish(status, head, [body], len(body), 0)

    def _head(self, meta: AnswerMeta) -> bytes:
        lines = [heads.status_line(meta.status)]
        typed = False
        for name, value in meta.headers.items():
            lower = name.lower()
            typed = typed or lower == "content-type"
            if lower not in OURS:
                # A script's own text: a line of it must not become two.
                line = f"{name}: {value}".replace("\r", " ").replace("\n", " ")
                lines.append(line.encode("latin-1", "replace") + b"\r\n")
        if not typed:
            lines.append(heads.JSON_LINE)
        if self.protocol == SCORE:
            failed = b"True" if meta.failed else b"False"
            lines.append(b"x-ms-run-function-failed: %b\r\n" % failed)
            lines.append(_SCORED % heads.milliseconds(meta.run_us))
        return b"".join(lines)

    def _finish(self, status: int, head: bytes, body: Chunks, size: int, run_us: int) -> None:
        kept, request = self.kept, self.request_id
        # As Azure's server has it: each of v1's two ids stands for the other where that is missing.
        client = kept.get(CLIENT_ID) or kept.get(MS_ID)
        head += _IDS % (request, kept.get(MS_ID) or client or request)
        if client:
            head += b"x-ms-client-request-id: %b\r\n" % client
        if TRACE in kept:
            head += b"TraceId: %b\r\n" % kept[TRACE]
        row = self.connection.endpoint.row
        if ORIGIN in kept and row.origins:
            told = cors.lines(row.origins, kept[ORIGIN])
            head += b"".join(b"%b: %b\r\n" % line for line in told)
        self._send(status, head, body, size, run_us)

    def _send(self, status: int, head: bytes, body: Chunks, size: int, run_us: int) -> None:
        self.connection.respond(self, head, body, size)
        self.pool.count(self, status, size, run_us)
        endpoint = self.connection.endpoint
        if endpoint.row.log_requests and endpoint.logs_next():
            self._log(status, body, size, run_us)

    def _log(self, status: int, body: Chunks, size: int, run_us: int) -> None:
        endpoint = self.connection.endpoint
        now = monotonic()
        endpoint.log(
            requestlog.Line(
                id=self.request_id.decode("latin-1"),
                time=requestlog.stamp(),
                deployment=self.pool.row.name,
                protocol=self.protocol,
                path=self.asked.path,
                code=status,
                took_ms=round((now - self.began) * 1000, 3),
                queued_ms=round((self.sent - self.began) * 1000, 3) if self.sent else 0.0,
                run_ms=run_us / 1000,
                input=requestlog.text_of(self.body),
                output=requestlog.text_of(body),
                input_bytes=self.size,
                output_bytes=size,
            )
        )
