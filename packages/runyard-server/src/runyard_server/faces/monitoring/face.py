"""Figures for Prometheus, and the two questions that supervisors ask.

    /metrics    the figures, in the text of OpenMetrics; for who may read every workspace
    /healthz    the service answers
    /readyz     the database answers, there is room on the disk, the scheduler goes round

Supervisors have no token, so the last two say yes or no (200 or 503) to anybody, and why not to who
sends one. Figures tell the names of workspaces and how much there is to do: nothing for anybody.
None of the three counts as use of the service, so an embedded one ends although it is watched.
"""

import asyncio
import time
from collections.abc import Sequence

from starlette.responses import PlainTextResponse, Response

from runyard.protocol.errors import Forbidden, RunyardError
from runyard.protocol.route import PERSON, READER
from runyard_server.core.system import System
from runyard_server.core.tokens import Caller
from runyard_server.faces import failures, login
from runyard_server.faces.bearer import bearer
from runyard_server.faces.exchange import Exchange
from runyard_server.faces.face import Face, Served
from runyard_server.faces.pages.face import Page

_METRICS = Page("monitoring.metrics", "/metrics")
_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
_READY, _UNREADY = 200, 503
# Whoever has no token must not make the database work for each request.
_KEPT_SECONDS = 1.0
# Supervisors give up after some seconds, and learn nothing then.
_PATIENCE_SECONDS = 5.0


class MonitoringFace(Face):
    """What watches the service asks here; errors are a line of text."""

    prefixes = ("/metrics", "/healthz", "/readyz")

    def __init__(self) -> None:
        self._looked = -_KEPT_SECONDS
        self._look: asyncio.Task[list[str]] | None = None

    def table(self) -> Sequence[Served]:
        """The three addresses."""
        return [
            Served(_METRICS, _metrics),
            Served(Page("monitoring.health", "/healthz"), _health),
            Served(Page("monitoring.readiness", "/readyz"), self._readiness),
        ]

    def identify(self, exchange: Exchange) -> Caller | None:
        """Whose token was sent; of figures it must be one of a reader of every workspace."""
        authorization = exchange.header("authorization")
        if exchange.row is not _METRICS and not authorization:
            return None
        caller = login.identified(exchange, bearer(authorization), None)
        exchange.caller = caller
        if caller is None or not caller.is_user:
            raise Forbidden("a run's token does not open the service's figures; a person's does")
        login.check(exchange, caller, READER if exchange.row is _METRICS else PERSON, None)
        return caller

    def refuse(self, error: RunyardError) -> Response:
        """A line of text."""
        return _text(error.message, error.status, failures.headers(error))

    async def _readiness(self, exchange: Exchange) -> Response:
        look, now = self._look, time.monotonic()
        # Of many who ask at once one looks, and all have its answer: none is told what was before.
        if look is None or (look.done() and now - self._looked >= _KEPT_SECONDS):
            self._looked = now
            system, work = exchange.parts.system, exchange.parts.work
            # A task of its own: whoever asked first may go away before the answer is there.
            look = self._look = asyncio.create_task(work.run(lambda: _why_not(system)))
        if not look.done():
            await asyncio.wait([look], timeout=_PATIENCE_SECONDS)
        silent = f"the database has not answered for {_PATIENCE_SECONDS:.0f} s"
        why_not = look.result() if look.done() else [silent]
        if not why_not:
            return _text("ready")
        why = "\n".join(why_not) if exchange.caller is not None else "not ready"
        return _text(why, _UNREADY)


async def _metrics(exchange: Exchange) -> Response:
    # Loaded when it is first asked for: most services are watched by nobody.
    from runyard_server.operations import watching

    text = await exchange.run(lambda: watching.figures(exchange.parts.system))
    return Response(text, headers={**_HEADERS, "Content-Type": watching.MEDIA_TYPE})


def _why_not(system: System) -> list[str]:
    from runyard_server.operations import watching

    return watching.unready(system)


async def _health(_exchange: Exchange) -> Response:
    return _text("alive")


def _text(text: str, status: int = _READY, more: dict[str, str] | None = None) -> Response:
    return PlainTextResponse(text + "\n", status, headers={**_HEADERS, **(more or {})})
