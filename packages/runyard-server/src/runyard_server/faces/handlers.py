"""One row of the table of routes, served: decode, ask the operation in a thread, encode.

The row `noun.verb` is the function `verb` of `operations.<noun>` (`list_` for `list`). It is
called with the system, the path's segments in order and, where the row has them, `query` and
`body`. Handlers wait; operations work in threads, whose number is limited.
"""

import hashlib
import importlib
import re
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import Response

from runyard.protocol.errors import InvalidRequest
from runyard.protocol.route import Bytes, Events, Nothing, Route
from runyard_server.core.idempotency import once
from runyard_server.core.system import Chunks, Content, System
from runyard_server.core.tokens import Caller
from runyard_server.faces import access, contents, failures, messages, waiting
from runyard_server.faces.bodies import Intake
from runyard_server.faces.shares import Shares
from runyard_server.faces.streams import EventStream, Feed, Follower
from runyard_server.operations import arrivals

LONGEST_KEY = 200
# Where a request's state has what is to be called once its token was found good.
KNOWN = "known"

_NUMBER = re.compile(r"[0-9]{1,18}")

Operation = Callable[..., Any]


def _nothing() -> None:
    """Stands in where nobody asks whether a token was good."""


@dataclass(frozen=True)
class Parts:
    """What all handlers share.

    Args:
        system: The service's parts.
        feed: Wakes streams.
        work: Limits the threads of short requests.
        transfers: Limits the threads that write large bodies down and put them in their place.
        intake: Takes bodies in.
        shares: What one run may have of all this.
    """

    system: System
    feed: Feed
    work: CapacityLimiter
    transfers: CapacityLimiter
    intake: Intake
    shares: Shares


def operation(route: Route[Any]) -> Operation:
    """Find the function that serves a row.

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
    """Serves one row.

    Args:
        route: The row.
        parts: What all handlers share.
    """

    def __init__(self, route: Route[Any], parts: Parts) -> None:
        self.route = route
        self._parts = parts
        self._operation = None if route.answer is Events else operation(route)
        self._names = [
            part[1:-1].split(":")[0] for part in route.path.split("/") if part[:1] == "{"
        ]

    async def __call__(self, request: Request) -> Response:
        """Answer a request; never raises what Runyard or an operation raised."""
        passive = self.route.passive
        counted = nullcontext() if passive else self._parts.system.activity.request()
        with counted:
            try:
                return await self._admitted(request)
            except Exception as error:  # noqa: BLE001 - every error has its answer
                return failures.answer(error, self.route.name)

    async def _admitted(self, request: Request) -> Response:
        """Answer a request whose token is good."""
        segments = {name: request.path_params[name] for name in self._names}
        authorization = request.headers.get("authorization", "")
        caller = access.identify(self._parts.system, self.route, authorization, segments)
        if caller is not None:
            request.scope["state"].get(KNOWN, _nothing)()
        with self._parts.shares.request(caller):
            answer = await self._answer(request, caller, segments)
        return self._parts.shares.held(caller, answer)

    async def _answer(
        self, request: Request, caller: Caller | None, segments: Mapping[str, str]
    ) -> Response:
        given: dict[str, Any] = {}
        if self.route.query is not None:
            pairs = request.query_params.multi_items()
            given["query"] = messages.decode_query(self.route.query, pairs)
        if self.route.answer is Events:
            return await self._stream(request, segments, given["query"].after)
        if self.route.body is Bytes:
            return await self._receive(request, caller, segments, given)
        return await self._exchange(request, caller, segments, given)

    async def _exchange(
        self,
        request: Request,
        caller: Caller | None,
        segments: Mapping[str, str],
        given: dict[str, Any],
    ) -> Response:
        """Serve a row whose body, if any, is a record."""
        key, digest = None, ""
        if self.route.body is not None:
            body = await self._parts.intake.whole(request, self.route.largest)
            given["body"] = messages.decode(self.route.body, body)
            if self.route.creates:
                key = self._key(request, segments)
                digest = hashlib.sha256(body).hexdigest() if key else ""

        def work() -> Any:
            return self._call(caller, segments, given)

        def repeatable() -> Any:
            return once(self._parts.system, key, digest, work, self.route.answer)

        async def look() -> Any:
            return await self._run(caller, repeatable, self._parts.work)

        seconds = waiting.asked(self.route.name, request.headers.get("prefer", ""))
        if seconds:
            name, feed = self.route.name, self._parts.feed
            answer = await waiting.welcome(feed, name, segments, seconds, given, look)
        else:
            answer = await look()
        return await self._give(request, answer)

    async def _receive(
        self,
        request: Request,
        caller: Caller | None,
        segments: Mapping[str, str],
        given: dict[str, Any],
    ) -> Response:
        """Serve a row whose body is raw."""
        intake, limiter = self._parts.intake, self._parts.work
        if intake.is_large(request):
            limiter = self._parts.transfers
            await self._run(caller, lambda: self._expect(caller, segments, given), limiter)
        async with intake.raw(request, hashed=self.route.hashed) as body:
            whole = {**given, "body": body}
            answer = await self._run(caller, lambda: self._call(caller, segments, whole), limiter)
        return await self._give(request, answer)

    async def _run(
        self, caller: Caller | None, work: Callable[[], Any], limiter: CapacityLimiter
    ) -> Any:
        async with self._parts.shares.turn(caller):
            return await to_thread.run_sync(work, limiter=limiter)

    def _expect(
        self, caller: Caller | None, segments: Mapping[str, str], given: dict[str, Any]
    ) -> None:
        """Refuse what can be refused before a large body comes; in a thread."""
        access.bound(self._parts.system, self.route, caller, segments, given)
        arrivals.check(self._parts.system, segments, given.get("query"))

    def _call(
        self, caller: Caller | None, segments: Mapping[str, str], given: dict[str, Any]
    ) -> Any:
        """Call the operation; in a thread."""
        assert self._operation is not None
        given = access.bound(self._parts.system, self.route, caller, segments, given)
        return self._operation(self._parts.system, *segments.values(), **given)

    async def _stream(self, request: Request, segments: Mapping[str, str], after: int) -> Response:
        last = request.headers.get("last-event-id", "")
        after = int(last) if _NUMBER.fullmatch(last) else after
        parts = self._parts
        run = (segments["workspace"], segments["run"])
        follower = Follower(parts.system, parts.feed, parts.work, run, after)
        await follower.check()
        return EventStream(parts.system, follower)

    async def _give(self, request: Request, answer: Any) -> Response:
        if self.route.answer is Nothing:
            return Response(status_code=204)
        if isinstance(answer, Content):
            return await contents.answer(request, answer, self._parts.work)
        if isinstance(answer, Chunks):
            return contents.made(answer, self._parts.work)
        headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
        return Response(messages.encode(answer), 200, headers, media_type="application/json")

    def _key(self, request: Request, segments: Mapping[str, str]) -> str | None:
        """Give the request's Idempotency-Key together with what it belongs to."""
        key = request.headers.get("idempotency-key")
        if key is None:
            return None
        if not 0 < len(key) <= LONGEST_KEY:
            raise InvalidRequest(f"an Idempotency-Key has 1 to {LONGEST_KEY} characters")
        return "\n".join([self.route.name, *segments.values(), key])
