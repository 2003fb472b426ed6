"""Connections of clients: uvicorn's, but what a worker answers never becomes an ASGI request.

One request of a connection is answered at a time. What a client sends ahead of an answer is parsed,
kept, and replayed afterwards; meanwhile nothing more is read. Heads, bodies and answers that do not
get on end the connection: a look at all of them each second, which costs a request nothing.
"""

import asyncio
import random
from time import monotonic
from typing import TYPE_CHECKING, Any, cast

import httptools
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from runyard.protocol import inference_paths as paths
from runyard.protocol.endpoints import KEY, NO_AUTH
from runyard.protocol.inference_headers import (
    AUTHORIZATION,
    CLIENT_ID,
    DEPLOYMENT,
    HEAD_BYTES,
    IDS,
    KEPT,
    LENGTH,
    LONGEST_ID,
    TRANSFER,
)
from runyard_server.serving import heads
from runyard_server.serving.exchange import Budget, Chunks, Shadow
from runyard_server.serving.incoming import HttpExchange, is_bare
from runyard_server.serving.parsing import Facts, Rest
from runyard_server.serving.pools import Pool
from runyard_server.serving.repeats import Repeat, learn
from runyard_server.serving.requests import Asked
from runyard_server.serving.writing import Writer

if TYPE_CHECKING:
    from collections.abc import Callable

    from runyard_server.serving.endpoints import ServedEndpoint

HEAD_SECONDS, REST_SECONDS, ASIDE_SECONDS = 15.0, 75.0, 60.0
# A body, or a client that takes its answer, gets on by so much in so long, or is given up.
STEP_BYTES, STEP_SECONDS = 1 << 10, 30.0
# What is answered though the body is still to come must be read by the client before the connection
# ends: data that nobody reads would have the system take the answer back.
LINGER_SECONDS = 2.0

# A connection whose heads are all different is not looked at for repeated ones any longer.
_MOST_MISSES = 8
_SMALL = 1 << 16
# Each piece of a body costs some 40 bytes beside its own, so tiny chunks are put together.
_PIECE = 1 << 10
_UNSAID = b"%d" % (_SMALL + 1)
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_NO_REQUEST = "this is no HTTP/1.1 request"
_BAD, _UNKNOWN, _NOT_FOUND, _SLOW, _LARGE, _FIELDS, _CODING, _FULL = (
    *(400, 401, 404, 408),
    *(413, 431, 501, 503),
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
        self._budget: Budget = app_state["budget"]
        self._left: Callable[[], None] = app_state["left"]
        self._exchange: HttpExchange | None = None
        self._kept: dict[bytes, bytes] = {}
        self._head = 0
        self._untold = 0
        self._unread = b""
        # Whether the body of `_exchange` is complete, and a head is being read.
        self._whole = True
        self._begun = False
        # What came ahead of its turn.
        self._later: list[tuple[str, Any]] | None = None
        self._ends = False
        # Whether the next answer is the last one here.
        self.last = False
        self._admitted = (b"", -1)
        self._repeat: Repeat | None = None
        self._misses = 0
        self.since = monotonic()
        self._mark = (0.0, 0)
        self._blocked: tuple[float, int] | None = None

    @property
    def busy(self) -> bool:
        """Whether a request is being answered."""
        if self._exchange is not None:
            return True
        return self.cycle is not None and not self.cycle.response_complete

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to listen to a client."""
        # Those of uvloop are not derived from it.
        whole = cast("asyncio.Transport", transport)
        super().connection_made(whole)
        self._writer = Writer(whole)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget what was asked."""
        exchange, self._exchange = self._exchange, None
        self._later = None
        if exchange is not None:
            self._budget.held -= exchange.size
            exchange.pool.forget(exchange)
        super().connection_lost(exc)
        self._left()

    def data_received(self, data: bytes) -> None:
        """Read what came, and see that it comes to something."""
        if self._ends:
            return
        if self.timeout_keep_alive_task is not None:
            self._unset_keepalive_if_required()
        # At rest the parser is between two requests, so that one can go past it.
        rests = self._whole and not (self._begun or self.busy) and self._misses < _MOST_MISSES
        if rests and self._repeat is not None and self._again(self._repeat, data):
            return
        self._untold += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._go_on(data[upgrade.args[0] :])
            return
        except httptools.HttpParserError:
            if not self._ends:
                self._spoiled()
            return
        # The parser keeps what comes between two things that it tells: they could be endless.
        if self._untold > HEAD_BYTES and not self._ends:
            self._refuse_head()
        elif rests:
            self._learn(data)

    def _go_on(self, rest: bytes) -> None:
        """Read on behind a request that asks for another protocol: none is spoken here.

        Its body, which the parser takes for something else, is read by a parser that is told of
        its length alone.
        """
        length, self._unread = self._unread, b""
        if length:
            told = Rest(self)
            self.parser = httptools.HttpRequestParser(told)
            self.parser.feed_data(b"POST / HTTP/1.1\r\n%b\r\n\r\n" % length)
            told.begins = True
        if rest and not self._ends:
            self.data_received(rest)

    def _spoiled(self) -> None:
        """Refuse what is no request; what was asked before it is answered first."""
        exchange = self._exchange
        if self._later is None and not self._whole and exchange is not None:
            self._deny(exchange, _BAD, "the body is not as HTTP/1.1 has it")
        elif self._later is None and not (self._whole and self.busy):
            self._refuse(_BAD, _NO_REQUEST)
        else:
            self._later = [*(self._later or []), ("_spoiled", None)]
            self.flow.pause_reading()

    def _again(self, repeat: Repeat, data: bytes) -> bool:
        """Take a request whose head has come before; False: it is another."""
        body = repeat.body(data)
        if body is None:
            return False
        endpoint, route = self.endpoint, repeat.route
        self.since = now = monotonic()
        if route is None or repeat.generation != endpoint.generation:
            asked = endpoint.asked(repeat.method, repeat.url)
            if asked is None:
                return False
            self.url, self.headers, self._kept = repeat.url, repeat.headers, repeat.kept
            self._whole = False
            self._begin(asked, now, known=True)
            self._settle(repeat, asked)
        else:
            # What a request with this head may do has been found out since the table changed.
            pool, asked = route
            exchange = HttpExchange(
                self, pool, asked, repeat.headers, repeat.kept, bare=repeat.bare
            )
            exchange.began = now
            self._exchange = exchange
            self._whole = False
        self._misses = 0
        if body:
            self.on_body(body)
        self.on_message_complete()
        return True

    def _settle(self, repeat: Repeat, asked: Asked) -> None:
        """Note what holds for all requests with a head until the table changes."""
        exchange, endpoint = self._exchange, self.endpoint
        name = repeat.kept[DEPLOYMENT].decode("latin-1") if DEPLOYMENT in repeat.kept else ""
        if exchange is not None and endpoint.always(name, asked.where):
            repeat.bare = is_bare(repeat.kept)
            repeat.route = (cast("Pool", exchange.pool), asked)
            repeat.generation = endpoint.generation

    def _learn(self, data: bytes) -> None:
        """Know the head of the request again that has just come, if a worker has it now."""
        exchange = self._exchange
        self._misses += 1
        if exchange is not None and self._whole and not self._begun and exchange.keep_alive:
            method = self.parser.get_method()
            self._repeat = learn(method, self.url, exchange.headers, exchange.kept, data)

    def on_message_begin(self) -> None:
        """Begin a request."""
        if self._later is not None:
            self._later.append(("on_message_begin", None))
            return
        if self._exchange is not None or self.busy:
            self._later = [("on_message_begin", None)]
            self.flow.pause_reading()
            return
        self.url = b""
        self.expect_100_continue = False
        self.headers = []
        self._kept = {}
        self._head = 0
        self._begun = True
        self.since = monotonic()

    def on_url(self, url: bytes) -> None:
        """Take a part of the address."""
        if self._later is not None:
            self._later.append(("on_url", url))
            return
        self._count(len(url))
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header, or a trailer."""
        if self._later is not None:
            self._later.append(("_on_header", (name, value)))
            return
        name = name.lower()
        self._head += len(name) + len(value) + 4
        if self._head > HEAD_BYTES:
            self._count(0)
        if name in KEPT:
            self._kept[name] = value
        elif name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))

    def _on_header(self, both: tuple[bytes, bytes]) -> None:
        self.on_header(*both)

    def on_headers_complete(self) -> None:
        """Have the request answered: by a worker, or else by the application."""
        self._untold = 0
        if self.parser.should_upgrade():
            self._unread = self._length()
        if self._later is not None:
            parser = self.parser
            facts = Facts(
                parser.get_method(),
                parser.get_http_version(),
                parser.should_keep_alive(),
            )
            self._later.append(("_complete", facts))
            return
        self._begun = False
        self._whole = False
        asked = self.endpoint.asked(self.parser.get_method(), self.url)
        if asked is not None:
            self._begin(asked, monotonic())
            return
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expects
        self.headers.extend(headers)
        super().on_headers_complete()

    def _length(self) -> bytes:
        """The header that says how long the body of the request is that has just come."""
        came = self.headers
        if self._later is not None:
            begins = [n for n, (name, _) in enumerate(self._later) if name == "on_message_begin"]
            later = self._later[begins[-1] :] if begins else self._later
            came = [value for name, value in later if name == "_on_header"]
        for name, value in came:
            if name.lower() in (LENGTH, TRANSFER) and value != b"0":
                return b"%b: %b" % (name, value)
        return b""

    def _complete(self, facts: Facts) -> None:
        parser, self.parser = self.parser, cast("httptools.HttpRequestParser", facts)
        try:
            self.on_headers_complete()
        # A target that uvicorn cannot take apart, say. Elsewhere the parser tells of it; here the
        # caller is a worker's link, which would be closed with the calls of all others on it.
        except Exception:  # noqa: BLE001 - the parser takes all of them, too
            self._refuse(_BAD, _NO_REQUEST)
        finally:
            self.parser = parser

    def on_body(self, body: bytes) -> None:
        """Take a part of the body."""
        self._untold = 0
        if self._later is not None:
            self._later.append(("on_body", body))
            return
        exchange = self._exchange
        if exchange is not None:
            pieces = exchange.body
            if pieces and len(body) + len(pieces[-1]) <= _PIECE:
                pieces[-1] += body
            else:
                pieces.append(body)
            exchange.size += len(body)
            self._budget.held += len(body)
            if exchange.size > exchange.pool.row.limits.max_body:
                self._too_large(exchange)
            elif self._budget.held > self._budget.most:
                self._deny(exchange, _FULL, "too many large requests at once; try again later")
        elif not self._ends and self.cycle is not None:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Hand the whole request over."""
        self._untold = 0
        if self._unread:
            # The parser has not seen its body; see `_go_on`.
            return
        if self._later is not None:
            self._later.append(("on_message_complete", None))
            return
        self._whole = True
        exchange = self._exchange
        if exchange is not None:
            mirrors = self.endpoint.mirrors
            if mirrors:
                self._mirror(exchange, mirrors)
            exchange.pool.submit(exchange)
        elif not self._ends and self.cycle is not None:
            super().on_message_complete()

    def _begin(self, asked: Asked, now: float, *, known: bool = False) -> None:
        kept = self._kept
        endpoint = self.endpoint
        refusal = self._refusal(kept.get(AUTHORIZATION, b""))
        if refusal:
            self._reject(_UNKNOWN, refusal, asked)
            return
        name = kept[DEPLOYMENT].decode("latin-1") if DEPLOYMENT in kept else ""
        pool = endpoint.choose(kept.get(CLIENT_ID, b""), name, asked.where)
        if pool is None:
            self._reject(_NOT_FOUND, endpoint.absent(name, asked.where), asked)
            return
        exchange = HttpExchange(self, pool, asked, self.headers, kept)
        exchange.began = now
        self._exchange = exchange
        self._mark = (now, 0)
        if known:
            # It has been looked at when it came first, and its body is there.
            return
        if not self.parser.should_keep_alive() or self.parser.get_http_version() == "1.0":
            exchange.keep_alive = False
        if int(kept.get(LENGTH, b"0")) > pool.row.limits.max_body:
            self._too_large(exchange)
            return
        if kept.get(TRANSFER, b"chunked").lower() != b"chunked":
            told = "send a body with its length, or in chunks: no other transfer coding is known"
            self._deny(exchange, _CODING, told)
            return
        for each in IDS:
            if each in kept and len(kept[each]) > LONGEST_ID:
                del kept[each]
                told = f"the header {each.decode()} is above {LONGEST_ID} characters"
                self._deny(exchange, _FIELDS, told)
                return
        if self.expect_100_continue:
            self.transport.write(_CONTINUE)

    def _refusal(self, authorization: bytes) -> str:
        """Why the client may not come in; of what it has shown before nothing is worked out again.

        A key is as good as it was until the table changes; a token may have expired.
        """
        auth = self.endpoint.row.auth
        if auth == NO_AUTH:
            return ""
        shown = (authorization, self.endpoint.generation)
        if shown == self._admitted:
            return ""
        refusal = self.endpoint.refusal(authorization)
        if not refusal and auth == KEY:
            self._admitted = shown
        return refusal

    def _mirror(self, exchange: HttpExchange, mirrors: list[Pool]) -> None:
        budget = self._budget
        for pool in mirrors:
            if pool is exchange.pool or budget.held + exchange.size > budget.most:
                continue
            if random.random() * 100 < pool.row.mirror:  # noqa: S311 - a share is no secret
                pool.submit(Shadow(exchange, pool, budget))

    def _too_large(self, exchange: HttpExchange) -> None:
        most = exchange.pool.row.limits.max_body
        told = f"the body is above {most} bytes, the most that this deployment takes"
        self._deny(exchange, _LARGE, told)

    def _deny(self, exchange: HttpExchange, status: int, message: str) -> None:
        """Answer, though the body is still to come, and end."""
        exchange.keep_alive = False
        exchange.refused(status, message)

    def _refuse_head(self) -> None:
        told = f"the request line and headers are above {HEAD_BYTES >> 10} kB"
        self._refuse(_FIELDS, told)

    def _reject(self, status: int, message: str, asked: Asked) -> None:
        """Answer what is not for this client; a small body that comes with it is dropped."""
        # Without a length it may be in pieces, and endless.
        ends = int(self._kept.get(LENGTH, _UNSAID)) > _SMALL or not self.parser.should_keep_alive()
        self._tell(status, message, asked.where.protocol, ends=ends)

    def _refuse(self, status: int, message: str) -> None:
        """Answer what is no request, and end."""
        if self.busy:
            # What is being answered is lost: the client has broken the rules.
            self._ends = True
            self.transport.abort()
            return
        self._tell(status, message, paths.ALWAYS, ends=True)

    def _tell(self, status: int, message: str, protocol: str, *, ends: bool) -> None:
        codes = self.endpoint.tally(protocol).codes
        codes[status] = codes.get(status, 0) + 1
        body = heads.error(protocol, status, message)
        head = heads.status_line(status) + heads.JSON_LINE
        if status == _UNKNOWN:
            head += b"www-authenticate: Bearer\r\n"
        if ends:
            head += b"connection: close\r\n"
        self.transport.write(b"%bcontent-length: %d\r\n\r\n%b" % (head, len(body), body))
        self.since = monotonic()
        if ends:
            self._end()

    def respond(self, exchange: HttpExchange, head: bytes, body: Chunks, size: int) -> None:
        """Answer a request.

        Args:
            exchange: The request.
            head: The head of the response, but for its length and its end.
            body: Its body.
            size: The bytes of that.
        """
        if self._exchange is not exchange:
            return
        self._exchange = None
        exchange.gone = True
        self._budget.held -= exchange.size
        keeps = exchange.keep_alive and self._whole and not self.last
        if not keeps:
            head += b"connection: close\r\n"
        if size < _SMALL:
            whole = body[0] if len(body) == 1 else b"".join(body)
            self._writer.write(b"%bcontent-length: %d\r\n\r\n%b" % (head, size, whole))
        else:
            self.transport.writelines([b"%bcontent-length: %d\r\n\r\n" % (head, size), *body])
        if not keeps:
            self._end()
            return
        self.since = monotonic()
        if self._later is not None:
            self._replay()

    def on_response_complete(self) -> None:
        """The application has answered."""
        super().on_response_complete()
        self.since = monotonic()
        if not self._whole and not self._ends:
            # The rest of a body that nobody wanted could be endless.
            self._end()
        elif self._later is not None and not self.transport.is_closing():
            self._replay()

    def _replay(self) -> None:
        """Do what came ahead of its turn, up to the next request that has to be waited for."""
        later, self._later = self._later or [], None
        for name, value in later:
            if self._ends:
                return
            method = getattr(self, name)
            if value is None:
                method()
            else:
                method(value)
        if self._later is None:
            self.flow.resume_reading()

    def _end(self) -> None:
        """Close, once the client had time to read what it was told."""
        self._ends = True
        if self._whole and not self._begun:
            self.transport.close()
            return
        self.flow.resume_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.loop.call_later(LINGER_SECONDS, self.transport.abort)

    def _count(self, size: int) -> None:
        self._head += size
        if self._head > HEAD_BYTES and not self._ends:
            self._refuse_head()

    def shutdown(self) -> None:
        """Answer what is asked, then close."""
        if self._exchange is not None:
            self._exchange.keep_alive = False
        else:
            super().shutdown()

    def pause_writing(self) -> None:
        """Begin to watch whether the client takes what it asked for."""
        self._blocked = (monotonic(), self.transport.get_write_buffer_size())
        super().pause_writing()

    def resume_writing(self) -> None:
        """The client took it."""
        self._blocked = None
        super().resume_writing()

    def check(self, now: float) -> None:
        """End the connection if the client has let its time pass."""
        if self._blocked is None and self.transport.is_closing():
            # It closes once the client has taken all, and no call would tell that it does not.
            self._blocked = (now, self.transport.get_write_buffer_size())
        if self._blocked is not None:
            self._check_taken(now, *self._blocked)
        elif self._ends:
            return
        elif self._exchange is not None:
            self._check_body(now, self._exchange)
        elif self.busy:
            if not self._whole and now - self.since > ASIDE_SECONDS:
                # What the gateway answers itself has small bodies.
                self.transport.abort()
        elif self._begun and now - self.since > HEAD_SECONDS:
            self._refuse(_SLOW, f"the head did not come within {HEAD_SECONDS:g} s")
        elif now - self.since > REST_SECONDS:
            self.transport.close()

    def _check_taken(self, now: float, since: float, size: int) -> None:
        left = self.transport.get_write_buffer_size()
        if left <= size - STEP_BYTES or left > size:
            self._blocked = (now, left)
        elif now - since > STEP_SECONDS:
            self.transport.abort()

    def _check_body(self, now: float, exchange: HttpExchange) -> None:
        since, size = self._mark
        if self._whole or exchange.size >= size + STEP_BYTES:
            self._mark = (now, exchange.size)
        elif now - since > STEP_SECONDS:
            told = f"less than {STEP_BYTES} bytes of the body came within {STEP_SECONDS:g} s"
            self._deny(exchange, _SLOW, told)
