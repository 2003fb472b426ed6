"""The way of a request through any face: counted, identified, bounded, answered, or refused."""

import time
from contextlib import nullcontext

from starlette.requests import Request
from starlette.responses import Response

from runyard.protocol.errors import Forbidden, Unauthenticated
from runyard_server.faces import failures, login
from runyard_server.faces.exchange import Exchange
from runyard_server.faces.face import Face, Served
from runyard_server.faces.forwarding import forwarded, is_own
from runyard_server.faces.parts import Parts

# Where a request's state has what is to be called once its caller was found good.
KNOWN = "known"


class Endpoint:
    """Serves one row of a face.

    Args:
        face: Says who asks, and tells errors.
        served: The row and what answers it.
        parts: What all requests share.
    """

    def __init__(self, face: Face, served: Served, parts: Parts) -> None:
        self._face = face
        self._served = served
        self._parts = parts
        self._asked = parts.system.figures.of(served.row.name)
        # Such a row's answer may take as long as its client is ready to wait.
        self._waits = getattr(served.row, "waits", False)

    async def __call__(self, request: Request) -> Response:
        """Answer a request; never raises what Runyard or an operation raised."""
        row, system = self._served.row, self._parts.system
        counted = nullcontext() if row.passive else system.activity.request()
        begun = time.perf_counter()
        with counted:
            exchange = Exchange(request, row, self._parts)
            try:
                if system.leading.here:
                    answer = await self._admitted(exchange)
                else:
                    answer = await self._followed(exchange)
            except Exception as error:  # noqa: BLE001 - every error has its answer
                known = failures.translated(error, row.name)
                login.note_refusal(exchange, known)
                answer = self._face.refuse(known)
        waited = self._waits and "prefer" in request.headers
        self._asked.answered(answer.status_code, None if waited else time.perf_counter() - begun)
        return answer

    async def _followed(self, exchange: Exchange) -> Response:
        """The answer of this process, which follows, or of the one that leads."""
        request, url = exchange.request, self._parts.system.leading.url
        if not self._is_answered_here(exchange):
            return await forwarded(request, url)
        try:
            return await self._admitted(exchange)
        except (Unauthenticated, Forbidden):
            # Nothing was sent along, so who leads can refuse it as well: the audit log is theirs.
            if request.method not in ("GET", "HEAD"):
                raise
            return await forwarded(request, url)

    def _is_answered_here(self, exchange: Exchange) -> bool:
        """Whether this process, which follows, answers by itself."""
        if not is_own(self._served.row.name, exchange.request):
            return False
        try:
            self._face.identify(exchange)
        except (Unauthenticated, Forbidden):
            # Who leads knows of a token that was made a moment ago, and tells the audit log of one
            # that is none.
            return False
        return True

    async def _admitted(self, exchange: Exchange) -> Response:
        caller = exchange.caller = self._face.identify(exchange)
        if caller is not None:
            exchange.request.scope["state"].get(KNOWN, _nothing)()
        with self._parts.shares.request(caller):
            answer = await self._served.answer(exchange)
        # What is sent after this counts, too: a client that reads slowly has the request open.
        return self._parts.shares.held(caller, answer)


def _nothing() -> None:
    """Stands in where nobody asks whether a caller was found good."""
