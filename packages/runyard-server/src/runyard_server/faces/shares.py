"""The share of one run: what many requests with its token can take from all others.

A run has a quarter of the threads at most, and its further requests wait their turn as tasks of
the event loop, which hold no thread. More than so many open requests are refused.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from runyard.protocol.errors import TemporaryError
from runyard_server.core.tokens import Caller
from runyard_server.faces.limits import Limits


class Shares:
    """What each run has of the service just now.

    Args:
        limits: The bounds.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._open: dict[str, int] = defaultdict(int)
        self._turns: dict[str, asyncio.Semaphore] = {}

    @contextmanager
    def request(self, caller: Caller | None) -> Iterator[None]:
        """Count a request of a run while it is open.

        Raises:
            TemporaryError: The run has too many.
        """
        run = caller.run if caller is not None else None
        if run is None:
            yield
            return
        if self._open[run] >= self._limits.run_requests:
            raise TemporaryError(
                f"run {run} has {self._limits.run_requests} requests open already; wait for "
                "answers before asking more"
            )
        with self._held(run):
            yield

    def held(self, caller: Caller | None, response: Response) -> Response:
        """An answer that counts as an open request of the caller's run until it is sent."""
        run = caller.run if caller is not None else None
        return response if run is None else _Held(response, lambda: self._held(run))

    @contextmanager
    def _held(self, run: str) -> Iterator[None]:
        self._open[run] += 1
        try:
            yield
        finally:
            self._open[run] -= 1
            # Or the service would remember each run that has ever asked.
            if not self._open[run]:
                del self._open[run]
                self._turns.pop(run, None)

    @asynccontextmanager
    async def turn(self, caller: Caller | None) -> AsyncIterator[None]:
        """Wait until a request of a run may have a thread; inside of `request`."""
        run = caller.run if caller is not None else None
        if run is None:
            yield
            return
        turns = self._turns.get(run)
        if turns is None:
            turns = self._turns[run] = asyncio.Semaphore(self._limits.run_threads)
        async with turns:
            yield


class _Held(Response):
    """An answer inside of a context manager."""

    def __init__(
        self, response: Response, hold: Callable[[], AbstractContextManager[None]]
    ) -> None:
        super().__init__(status_code=response.status_code)
        self._response = response
        self._hold = hold

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._hold():
            await self._response(scope, receive, send)
