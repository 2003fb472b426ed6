"""Serves until asked to stop, and tells clients on this machine where.

The connection file is written, by rename, once the socket is served, and is the first thing to go
when the service ends: from then on a client that wants one starts the next. An embedded service
ends by itself after a time without requests, streams and active runs.
"""

import json
import logging
import os
import secrets
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import uvicorn
from anyio import to_thread
from starlette.types import ASGIApp

from runyard.protocol.service import Connection
from runyard_server.operations.service import active_runs
from runyard_server.operations.system import System
from runyard_server.service.streams import Feed

# uvicorn asks `on_tick` ten times a second.
TICKS = 10
GRACE_SECONDS = 10
MODE = 0o600

_log = logging.getLogger(__name__)


class Server(uvicorn.Server):
    """The HTTP server of one service.

    Args:
        app: What it serves.
        feed: The streams, ended when the server ends.
        system: The service's parts.
        connection: What the connection file says.
        holds: Whether the state folder is still this service's.
        embedded: Whether it ends when idle.
    """

    def __init__(
        self,
        app: ASGIApp,
        feed: Feed,
        system: System,
        connection: Connection,
        holds: Callable[[], bool],
        *,
        embedded: bool,
    ) -> None:
        super().__init__(_config(app))
        self._feed = feed
        self._system = system
        self._connection = connection
        self._holds = holds
        self._idle_limit = system.settings.idle_exit_seconds if embedded else 0.0
        system.activity.on_stop(self.stop)

    def serve_socket(self, listening: socket.socket) -> None:
        """Serve on an open socket until asked to stop."""
        # uvicorn raises the signal again after it has cleaned up; the rest of ours is still to do.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _noted)
        self.run(sockets=[listening])

    def stop(self) -> None:
        """Ask to stop; from any thread."""
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve, then say so."""
        await super().startup(sockets)
        write_connection(self._system.home.connection_file, self._connection)
        _log.info("serving %s at %s", self._system.home.root, self._connection.url)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take the address back, end the streams, answer what is open."""
        remove_connection(self._system.home.connection_file, os.getpid())
        self._feed.close()
        await super().shutdown(sockets)

    async def on_tick(self, counter: int) -> bool:
        """Look now and then whether it is time to end."""
        if counter % TICKS == 0:
            try:
                await self._look()
            except Exception:  # noqa: BLE001 - a full disk must not end the service; it looks again
                _log.exception("looking after the service failed")
        return await super().on_tick(counter)

    async def _look(self) -> None:
        if not self._holds():
            # Whatever is written from now on is lost, or in the way of the folder's next service.
            self.stop()
            return
        file = self._system.home.connection_file
        if not file.exists():
            write_connection(file, self._connection)
        activity = self._system.activity
        if 0 < self._idle_limit <= activity.idle_seconds():
            if await to_thread.run_sync(active_runs, self._system):
                activity.touch()
            else:
                _log.info("idle for %.0f s: ending", activity.idle_seconds())
                self.stop()


def write_connection(file: Path, connection: Connection) -> None:
    """Write the connection file, whole or not at all."""
    temporary = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
            json.dump(asdict(connection), opened, indent=2)
        temporary.replace(file)
    finally:
        temporary.unlink(missing_ok=True)


def remove_connection(file: Path, pid: int) -> None:
    """Remove the connection file if it is that process's."""
    with suppress(OSError, ValueError, KeyError):
        if json.loads(file.read_text("utf-8"))["pid"] == pid:
            file.unlink()


def _config(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http="httptools",
        loop="asyncio",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_keep_alive=120,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


def _noted(number: int, _frame: object) -> None:
    _log.info("ended by %s", signal.Signals(number).name)
