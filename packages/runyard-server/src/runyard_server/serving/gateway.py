"""The gateway's parts together: the table made true, replicas admitted, status told."""

import asyncio
import hmac
import logging
import mmap
import os
from functools import partial
from pathlib import Path

import msgspec

from runyard.protocol.frames import MARKS_FOLDER, SUPERVISOR, VERSION, WORKER, Hello
from runyard.protocol.sockets import reachable
from runyard_server import __version__
from runyard_server.serving import control
from runyard_server.serving.endpoints import ServedEndpoint
from runyard_server.serving.held import Held
from runyard_server.serving.links import Link
from runyard_server.serving.listening import Listeners
from runyard_server.serving.pages import app
from runyard_server.serving.replicas import Replica
from runyard_server.serving.table import (
    CONTROL_SOCKET,
    COUNTS_FILE,
    REQUEST_LOGS,
    ROUTES_FILE,
    WORKER_SOCKET,
    Deployment,
    Endpoint,
    GatewayStatus,
    Table,
    digest,
)
from runyard_server.serving.tallies import Counts

RETRY_SECONDS = 1.0
# A service that is stopped right after its last endpoint went has told nobody to end.
EMPTY_SECONDS = 30.0
DRAIN_SECONDS = 30.0
# So long a client that asks again and again has to ask once more, before one that rests is let go.
FAREWELL_SECONDS = 1.0

_table = msgspec.json.Decoder(Table)
_log = logging.getLogger(__name__)

Key = tuple[str, str]


class Gateway:
    """The gateway of a state folder.

    Args:
        folder: Its `serving` folder.
        held: Where listening sockets come from; by default nobody holds them beside it.
    """

    def __init__(self, folder: Path, held: Held | None = None) -> None:
        self._held = held or Held()
        self._renews = False
        self._folder = folder
        self._version = 0
        self._endpoints: dict[Key, ServedEndpoint] = {}
        self._replicas: dict[str, Replica] = {}
        self._serial = 0
        self._news = asyncio.Event()
        self._ended = asyncio.Event()
        self._loading = asyncio.Lock()
        self._far = ("", 0)
        self._retry: asyncio.TimerHandle | None = None
        self._opening: asyncio.Task[None] | None = None
        self._empty: asyncio.TimerHandle | None = None
        self._counts = Counts(folder / COUNTS_FILE)
        self._listeners = Listeners(app, partial(Link, self), self._held)

    async def run(self) -> None:
        """Serve until asked to stop."""
        loop = asyncio.get_running_loop()
        for name in (CONTROL_SOCKET, WORKER_SOCKET):
            # Of one that was killed; that none lives is known by the lock.
            (self._folder / name).unlink(missing_ok=True)
        with reachable(str(self._folder), WORKER_SOCKET) as path:
            workers = await loop.create_unix_server(partial(Link, self), path)
        try:
            await self.load()
        except (OSError, msgspec.MsgspecError) as error:
            _log.warning("no table yet: %s", error)
            self._end_when_empty()
        with reachable(str(self._folder), CONTROL_SOCKET) as path:
            controls = await control.serve(self, path)
        _log.info("the gateway of %s is there, process %d", self._folder, os.getpid())
        await self._ended.wait()
        controls.close()
        await self._end()
        # After the clients: what they have asked is answered by way of these.
        workers.close()

    def stop(self) -> None:
        """Begin to end."""
        self._ended.set()

    def renew(self, command: list[str]) -> None:
        """Begin to end, for another program that is to go on with what this one has.

        Args:
            command: Its command line.
        """
        if not self._ended.is_set():
            self._renews = True
            self._held.renew(command)
            self._ended.set()

    async def load(self) -> int:
        """Take the table on disk; returns its version."""
        async with self._loading:
            table = _table.decode((self._folder / ROUTES_FILE).read_bytes())
            self._apply(table)
            await self._listen()
            self._version = table.version
            self.changed()
            self._end_when_empty()
            self._listeners.close_left()
        return table.version

    async def status(self, after: int, wait: float) -> GatewayStatus:
        """How things are, once they are newer than `after` or the time to wait is over.

        Args:
            after: A serial that is known.
            wait: Seconds.
        """
        if self._serial <= after and wait > 0:
            try:
                async with asyncio.timeout(wait):
                    await self._news.wait()
            except TimeoutError:
                pass
        self._counts.settle()
        return GatewayStatus(
            self._version,
            self._serial,
            os.getpid(),
            self._listeners.far_port,
            tuple(each.status() for each in self._endpoints.values()),
            tuple(each.status() for each in self._replicas.values()),
            __version__,
        )

    def admit(self, link: Link, hello: Hello) -> str:
        """See links.Doorkeeper."""
        replica = self._replicas.get(hello.run)
        given = digest(hello.token)
        expected = replica.token if replica is not None else ""
        if not hmac.compare_digest(given, expected) or replica is None:
            return "the gateway's table has no replica with this run and token"
        if hello.version != VERSION or hello.role not in (SUPERVISOR, WORKER):
            return f"version {hello.version} of frames, or role {hello.role!r}, is not known here"
        link.mark = self._mark(hello.mark)
        replica.join(link)
        return ""

    def _mark(self, name: str) -> mmap.mmap | None:
        """Take a worker's mark; the file is removed, for nobody else needs it."""
        if not name or "/" in name or name.startswith("."):
            return None
        path = self._folder / MARKS_FOLDER / name
        try:
            with path.open("rb") as stream:
                return mmap.mmap(stream.fileno(), 4, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:
            _log.warning("a worker's mark cannot be read: %s", error)
            return None
        finally:
            path.unlink(missing_ok=True)

    def _end_when_empty(self) -> None:
        """End by itself once there has been no endpoint for a while."""
        if self._empty is not None:
            self._empty.cancel()
            self._empty = None
        if not self._endpoints:
            loop = asyncio.get_running_loop()
            self._empty = loop.call_later(EMPTY_SECONDS, self.stop)

    def changed(self) -> None:
        """Wake who waits for another status."""
        for run in [run for run, each in self._replicas.items() if each.draining]:
            self._forget_ended(run)
        self._serial += 1
        self._news.set()
        # Another event: who waited for this one wakes, and who comes later waits for the next.
        self._news = asyncio.Event()

    def _apply(self, table: Table) -> None:
        wanted = {(row.workspace, row.name): row for row in table.endpoints}
        for key in [key for key in self._endpoints if key not in wanted]:
            endpoint = self._endpoints.pop(key)
            self._listeners.close(endpoint)
            endpoint.close()
        there: set[str] = set()
        for key, row in wanted.items():
            endpoint = self._endpoints.get(key) or self._new_endpoint(row)
            if (endpoint.row.host, endpoint.row.port) != (row.host, row.port):
                self._listeners.close(endpoint)
            self._endpoints[key] = endpoint
            endpoint.apply(row)
            for deployment in row.deployments:
                there |= self._apply_deployment(endpoint, deployment)
        for run in [run for run in self._replicas if run not in there]:
            self._replicas[run].drain()
        self._counts.keep(set(wanted))
        self._far = (table.host, table.port)

    def _new_endpoint(self, row: Endpoint) -> ServedEndpoint:
        logs = self._folder / REQUEST_LOGS
        return ServedEndpoint(row, self._counts, logs, self.changed)

    def _apply_deployment(self, endpoint: ServedEndpoint, row: Deployment) -> set[str]:
        pool = endpoint.pools[row.name]
        there: set[str] = set()
        for revision in (row.serving, row.warming):
            for each in revision.replicas if revision is not None else ():
                replica = self._replicas.get(each.run)
                if replica is None:
                    replica = Replica(each.run, each.token, pool, self.changed)
                    self._replicas[each.run] = pool.replicas[each.run] = replica
                replica.token, replica.draining = each.token, False
                replica.warming = revision is row.warming
                there.add(each.run)
        pool.arrange()
        return there

    def _forget_ended(self, run: str) -> None:
        replica = self._replicas[run]
        if not replica.connected:
            del self._replicas[run]
            replica.pool.replicas.pop(run, None)

    async def _listen(self) -> None:
        """Open what is to be open and is not; what cannot be had is tried again."""
        opened = [await self._listeners.open(each) for each in self._endpoints.values()]
        opened.append(await self._listeners.open_far(*self._far))
        if not all(opened) and self._retry is None:
            loop = asyncio.get_running_loop()
            self._retry = loop.call_later(RETRY_SECONDS, self._listen_later)

    def _listen_later(self) -> None:
        self._retry = None
        self._opening = asyncio.create_task(self._listen_again())

    async def _listen_again(self) -> None:
        async with self._loading:
            before = self._ports()
            await self._listen()
        if self._ports() != before:
            self.changed()

    def _ports(self) -> list[object]:
        there: list[object] = [each.server for each in self._endpoints.values()]
        return [*there, self._listeners.far_port]

    async def _end(self) -> None:
        """Answer what has been asked, then let everybody go."""
        _log.info("ending")
        if self._retry is not None:
            self._retry.cancel()
        if self._renews:
            await self._listeners.pass_on(self._endpoints.values(), FAREWELL_SECONDS)
        for endpoint in self._endpoints.values():
            self._listeners.close(endpoint)
        await self._listeners.end(DRAIN_SECONDS)
        for replica in self._replicas.values():
            replica.end()
        for endpoint in self._endpoints.values():
            endpoint.flush()
        self._counts.write()
