"""Serves until asked to stop, and tells clients on this machine where.

It takes over the socket, and the clients that wait at it, from the doorman. The connection file is
the first thing to go when the service ends: from then on a client that wants one starts the next.
An embedded service ends by itself after a time without requests, streams, active runs, endpoints.
"""

import asyncio
import logging
import os
import signal
import socket
from collections.abc import Callable, Sequence
from functools import partial

import uvicorn
from anyio import to_thread

from runyard.protocol.service import Connection as ConnectionRecord
from runyard_server.app.announcing import remove_connection, write_connection
from runyard_server.app.connections import Config, Connection, sweep
from runyard_server.app.doorman import Guest
from runyard_server.core.system import System
from runyard_server.faces.streams import Feed
from runyard_server.operations.service import is_needed

# uvicorn asks `on_tick` ten times a second.
TICKS = 10

_log = logging.getLogger(__name__)


class Server(uvicorn.Server):
    """The HTTP server of one service.

    Args:
        config: What it serves, and within which bounds.
        feed: The streams, ended when the server ends.
        system: The service's parts.
        connection: What the connection file says.
        holds: Whether the state folder is still this service's.
        embedded: Whether it ends when idle.
    """

    def __init__(
        self,
        config: Config,
        feed: Feed,
        system: System,
        connection: ConnectionRecord,
        holds: Callable[[], bool],
        *,
        embedded: bool,
    ) -> None:
        super().__init__(config)
        self._feed = feed
        self._system = system
        self._connection = connection
        self._holds = holds
        self._accepted: Callable[[], list[Guest]] = list
        self._written = (0, 0, 0)
        self._idle_limit = system.settings.idle_exit_seconds if embedded else 0.0
        system.activity.on_stop(self.stop)

    def serve_socket(
        self,
        listening: socket.socket,
        waiting: Callable[[], list[Guest]],
        ended: Sequence[int],
    ) -> None:
        """Serve on an open socket until asked to stop.

        Args:
            listening: The socket.
            waiting: Gives the connections that somebody has accepted before.
            ended: The signals that have asked to stop before.
        """
        # uvicorn raises the signal again after it has cleaned up; the rest of ours is still to do.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._noted)
        if ended:
            self.stop()
        self._accepted = waiting
        self.run(sockets=[listening])

    def stop(self) -> None:
        """Ask to stop; from any thread."""
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve, first those who wait."""
        # The doorman leaves the socket first: of two that accept, each would get some clients.
        accepted = self._accepted()
        await super().startup(sockets)
        protocol: Callable[..., asyncio.Protocol] = self.config.http_protocol_class
        state = {"server_state": self.server_state, "app_state": self.lifespan.state}
        make = partial(protocol, config=self.config, **state)
        loop = asyncio.get_running_loop()
        # The time that loading took is nobody's idleness.
        self._system.activity.touch()
        for guest in accepted:
            _, made = await loop.connect_accepted_socket(make, guest.connection)
            if isinstance(made, Connection):
                made.known = guest.known
        _log.info("serving %s at %s", self._system.home.root, self._connection.url)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take the address back, end the streams, answer what is open."""
        remove_connection(self._system.home.connection_file, os.getpid())
        # Uvicorn waits for open answers, and streams have no end of their own.
        self._feed.close()
        await super().shutdown(sockets)

    async def on_tick(self, counter: int) -> bool:
        """Check now and then whether it is time to end."""
        if counter % TICKS == 0:
            sweep(self.server_state.connections)
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
        if self._system.leading.here:
            self._keep_connection_file()
        activity = self._system.activity
        if 0 < self._idle_limit <= activity.idle_seconds():
            if await to_thread.run_sync(is_needed, self._system):
                activity.touch()
            else:
                _log.info("idle for %.0f s: ending", activity.idle_seconds())
                self.stop()

    def _keep_connection_file(self) -> None:
        """Write the connection file anew when somebody removed, changed or emptied it."""
        file = self._system.home.connection_file
        try:
            present = file.stat()
            if (present.st_ino, present.st_mtime_ns, present.st_size) == self._written:
                return
        except FileNotFoundError:
            pass
        write_connection(file, self._connection)
        written = file.stat()
        self._written = (written.st_ino, written.st_mtime_ns, written.st_size)

    def _noted(self, number: int, _frame: object) -> None:
        _log.info("ended by %s", signal.Signals(number).name)
        self.stop()
