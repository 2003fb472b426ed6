"""One row of the table of routes, served: decode, ask the operation in a thread, encode.

The row `noun.verb` is the function `verb` of `operations.<noun>` (`list_` for `list`). It is
called with the system, the path's segments in order and, where the row has them, `query` and
`body`. Handlers wait; operations work in threads, whose number is limited.
"""

import hashlib
import importlib
import re
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property, partial
from typing import Any

from starlette.responses import Response

from runyard.protocol.errors import InvalidRequest
from runyard.protocol.route import Bytes, Events, Nothing, Route
from runyard_server.core.awaiting import awaited
from runyard_server.core.idempotency import once
from runyard_server.core.system import Chunks, Content, RemoteContent, System
from runyard_server.core.work import Request
from runyard_server.faces import contents, login, messages, waiting
from runyard_server.faces.exchange import Exchange
from runyard_server.faces.native import access
from runyard_server.faces.streams import EventStream, Follower
from runyard_server.operations import arrivals

LONGEST_KEY = 200
_SHOWN = 60
_NUMBER = re.compile(r"[0-9]{1,18}")

Operation = Callable[..., Any]


def operation(route: Route[Any]) -> Operation:
    """The function that serves a row.

    Raises:
        LookupError: There is none.
    """
    noun, verb = route.name.split(".")
    try:
        module = importlib.import_module(f"runyard_server.operations.{noun}")
        found: Operation = getattr(module, "list_" if verb == "list" else verb)
    except (ImportError, AttributeError) as error:
        raise LookupError(f"no operation serves {route.name}: {error}") from error
    return found


class Handler:
    """Serves one row of the protocol's table.

    Args:
        route: The row.
    """

    def __init__(self, route: Route[Any]) -> None:
        self.route = route

    @cached_property
    def _operation(self) -> Operation:
        # Found when it is first asked for: those of all nouns together take 2 MB, and a start that
        # has few cores waits for them.
        return operation(self.route)

    async def answer(self, exchange: Exchange) -> Response:
        """Answer a request whose token is good."""
        given: dict[str, Any] = {}
        if self.route.query is not None:
            pairs = exchange.request.query_params.multi_items()
            given["query"] = messages.decode_query(self.route.query, pairs)
        if self.route.answer is Events:
            return await self._stream(exchange, given)
        if self.route.body is Bytes:
            return await self._receive(exchange, given)
        return await self._exchange(exchange, given)

    async def _exchange(self, exchange: Exchange, given: dict[str, Any]) -> Response:
        """Serve a row whose body, if any, is a record."""
        repeated = None
        if self.route.body is not None:
            body = await exchange.body(self.route.largest)
            given["body"] = messages.decode(self.route.body, body)
            if self.route.creates:
                repeated = self._repeated(exchange, body)

        def act(system: System) -> Any:
            return self._call(system, exchange, given)

        def repeatable() -> Any:
            return once(exchange.parts.system, repeated, act, self.route.answer)

        async def look() -> Any:
            return await exchange.run(repeatable)

        seconds = waiting.seconds(exchange.header("prefer")) if self.route.waits else 0.0
        if not seconds:
            return await self._give(exchange, await look())
        wait = awaited(self._operation)
        topic = wait.topic(*exchange.segments.values())
        query = given.get("query")
        news = partial(wait.is_news, query)
        answer = await waiting.news(exchange.parts.feed, topic, seconds, look, news)
        return await self._give(exchange, answer)

    async def _receive(self, exchange: Exchange, given: dict[str, Any]) -> Response:
        """Serve a row whose body is raw."""
        intake, threads = exchange.parts.intake, exchange.parts.work
        if getattr(given.get("query"), "offset", 0):
            # The rest of a large file, perhaps handed over without a byte: all of it is read.
            threads = exchange.parts.transfers
        if intake.is_large(exchange.request):
            threads = exchange.parts.transfers
            await exchange.run(lambda: self._expect(exchange, given), threads)
        intaken = intake.raw(
            exchange.request,
            hashed=self.route.hashed,
            segments=exchange.segments,
            query=given.get("query"),
        )
        async with intaken as body:
            # Bound again behind the body: the run may have ended while it came.
            whole = {**given, "body": body}
            answer = await exchange.run(
                partial(self._call, exchange.parts.system, exchange, whole), threads
            )
        return await self._give(exchange, answer)

    def _expect(self, exchange: Exchange, given: dict[str, Any]) -> None:
        """Refuse what can be refused before a large body comes; in a thread."""
        self._bound(exchange, given)
        # Once more behind the body: a token may be revoked while it comes.
        self._admitted(exchange.parts.system, exchange)
        arrivals.check(exchange.parts.system, exchange.segments, given.get("query"))

    def _call(self, system: System, exchange: Exchange, given: dict[str, Any]) -> Any:
        """Call the operation; in a thread."""
        given = self._bound(exchange, given)
        acting = self._admitted(system, exchange)
        answer = self._operation(acting, *exchange.segments.values(), **given)
        login.finish(acting, self.route.audited)
        return answer

    def _admitted(self, system: System, exchange: Exchange) -> System:
        """The parts with who asks; again at each look, for a token may have been revoked."""
        return login.admit(
            exchange,
            self.route.needs,
            exchange.segments.get("workspace"),
            audited=self.route.audited,
            about=login.object_of(exchange.segments),
            system=system,
        )

    def _bound(self, exchange: Exchange, given: dict[str, Any]) -> dict[str, Any]:
        system, segments = exchange.parts.system, exchange.segments
        return access.bound(system, self.route, exchange.caller, segments, given)

    async def _stream(self, exchange: Exchange, given: dict[str, Any]) -> Response:
        last, parts = exchange.header("last-event-id"), exchange.parts
        # A browser's EventSource comes back by its first address; the header has where it was.
        if last:
            given["query"] = replace(given["query"], after=_last_event(last))
        stream = await exchange.run(partial(self._call, parts.system, exchange, given))
        workspace = exchange.segments.get("workspace")
        allowed = partial(login.still, exchange, self.route.needs, workspace)
        follower = Follower(parts.feed, parts.work, stream, allowed)
        await follower.check()
        return EventStream(parts.system, follower)

    async def _give(self, exchange: Exchange, answer: Any) -> Response:
        if self.route.answer is Nothing:
            return Response(status_code=204)
        if isinstance(answer, Content | RemoteContent):
            sent = await exchange.content(answer)
            # Without a token the cookie of a browser has opened it.
            return sent if exchange.header("authorization") else contents.kept(sent)
        if isinstance(answer, Chunks):
            return contents.made(answer, exchange.parts.work)
        headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
        return Response(messages.encode(answer), 200, headers, media_type="application/json")

    def _repeated(self, exchange: Exchange, body: bytes) -> Request | None:
        """What names a request with an Idempotency-Key, so that a repeat of it is known."""
        key = exchange.request.headers.get("idempotency-key")
        if key is None:
            return None
        if not 0 < len(key) <= LONGEST_KEY:
            raise InvalidRequest(f"an Idempotency-Key has 1 to {LONGEST_KEY} characters")
        # Clients choose keys: one of another route or workspace is another request, and so is that
        # of somebody else, who must not be told what was answered here.
        who = [] if exchange.caller is None else exchange.caller.names
        scoped = "\n".join([self.route.name, *exchange.segments.values(), *who, key])
        return Request(scoped, hashlib.sha256(body).hexdigest())


def _last_event(text: str) -> int:
    """The event that a client received last; a guess would repeat or leave out what happened."""
    if not _NUMBER.fullmatch(text):
        raise InvalidRequest(
            f"Last-Event-ID is {text[:_SHOWN]!r}; send the id of the last event that was received, "
            "which is a whole number, or leave the header out"
        )
    return int(text)
