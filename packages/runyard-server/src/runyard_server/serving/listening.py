"""The sockets that the gateway listens on: one of each endpoint, one for replicas elsewhere."""

import asyncio
import logging
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from time import monotonic
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.server import ServerState

from runyard_server.serving.connection import REST_SECONDS, Connection
from runyard_server.serving.endpoints import ServedEndpoint
from runyard_server.serving.exchange import Budget
from runyard_server.serving.held import BACKLOG, Held

CHECK_SECONDS = 1.0
# Bodies of all requests together may take this share of the machine's memory.
MEMORY_SHARE = 0.25

_log = logging.getLogger(__name__)


class Listeners:
    """All of them.

    Args:
        app: What answers beside the workers.
        link: Makes the protocol of a replica's connection.
        held: Where listening sockets come from.
    """

    def __init__(self, app: ASGIApp, link: Callable[[], asyncio.BaseProtocol], held: Held) -> None:
        self._held = held
        self._config = _config(app)
        self._state = ServerState()
        self._link = link
        self._left = asyncio.Event()
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        self._budget = Budget(int(MEMORY_SHARE * memory))
        self._checking: asyncio.TimerHandle | None = None
        self._far: asyncio.Server | None = None
        self._far_wanted: tuple[str, int] = ("", 0)

    @property
    def far_port(self) -> int:
        """Where replicas of other machines dial, 0 for nowhere."""
        return int(self._far.sockets[0].getsockname()[1]) if self._far is not None else 0

    async def open(self, endpoint: ServedEndpoint) -> bool:
        """Have an endpoint listen; False: it cannot, for the reason in its `error`."""
        if endpoint.server is not None:
            return True
        row = endpoint.row
        opened = self._held.open(row.host, row.port)
        if isinstance(opened, str):
            if endpoint.error != opened:
                _log.warning("endpoint %s: %s", row.name, opened)
            endpoint.error = opened
            return False
        endpoint.error = ""

        loop = asyncio.get_running_loop()

        def connection() -> asyncio.BaseProtocol:
            if self._checking is None:
                self._checking = loop.call_later(CHECK_SECONDS, self._check)
            return Connection(self._config, self._state, app_state)

        app_state: dict[str, Any] = {
            "endpoint": endpoint,
            "left": self._left.set,
            "budget": self._budget,
        }
        endpoint.server = await loop.create_server(connection, sock=opened, backlog=BACKLOG)
        return True

    def close(self, endpoint: ServedEndpoint) -> None:
        """Have an endpoint listen no more; what it has been asked is answered."""
        if endpoint.server is not None:
            self._held.close(endpoint.row.host, endpoint.row.port)
        self._leave(endpoint)
        for each in self.connections:
            if each.endpoint is endpoint:
                each.shutdown()

    def _leave(self, endpoint: ServedEndpoint) -> None:
        if endpoint.server is not None:
            endpoint.server.close()
            endpoint.server = None

    @property
    def connections(self) -> list[Connection]:
        """All that are open."""
        return [each for each in self._state.connections if isinstance(each, Connection)]

    async def open_far(self, host: str, port: int) -> bool:
        """Have replicas of other machines come by this address; port 0: none.

        An address that cannot be had is told as port 0, and tried again.
        """
        if (host, port) == self._far_wanted and (self._far is not None or not port):
            return True
        if self._far is not None:
            self._far.close()
            self._far = None
            self._held.close(*self._far_wanted)
        self._far_wanted = (host, port)
        if not port:
            return True
        opened = self._held.open(host, port)
        if isinstance(opened, str):
            _log.warning("replicas of other machines cannot come: %s", opened)
            return False
        self._far = await asyncio.get_running_loop().create_server(self._link, sock=opened)
        return True

    def close_left(self) -> None:
        """Close what a gateway before listened at and this one does not."""
        self._held.close_left()

    async def pass_on(self, endpoints: Iterable[ServedEndpoint], seconds: float) -> None:
        """Leave whoever comes now to the next gateway, and ask who is there to come again.

        A connection that rests is not closed at once: its client may be sending a request.

        Args:
            endpoints: All.
            seconds: How long to wait for those connections.
        """
        for endpoint in endpoints:
            self._leave(endpoint)
        for each in self.connections:
            each.last = True
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._all_left()

    def _check(self) -> None:
        """End the connections whose clients have let their time pass; none there, no look."""
        self._checking = None
        loop = asyncio.get_running_loop()
        there, now = self.connections, monotonic()
        for each in there:
            each.check(now)
        if there:
            self._checking = loop.call_later(CHECK_SECONDS, self._check)

    async def end(self, seconds: float) -> None:
        """Take nothing new from anybody, and wait for what is being answered."""
        if self._far is not None:
            self._far.close()
        for each in self.connections:
            each.shutdown()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._all_left()

    async def _all_left(self) -> None:
        while self.connections:
            self._left.clear()
            await self._left.wait()


def _config(app: ASGIApp) -> uvicorn.Config:
    config = uvicorn.Config(
        app,
        http=Connection,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        # They are checked here, see `check`.
        timeout_keep_alive=2 * int(REST_SECONDS),
    )
    config.load()
    return config
