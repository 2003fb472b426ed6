"""The ports of a packed model, the connections that come, and the loop in which all of it lives."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import socket
import tempfile
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Dict, Sequence, Set

from runyard.protocol import sockets
from runyard.protocol.inference_headers import HEAD_BYTES
from runyard.runtime import names
from runyard.runtime.model.dialing import SERVING_FOLDER, WORKER_SOCKET
from runyard.runtime.model.web import requests
from runyard.runtime.model.web.desk import Desk
from runyard.runtime.model.web.requests import Fault
from runyard.runtime.model.web.responses import refusal
from runyard.runtime.model.web.site import Site

if TYPE_CHECKING:
    from runyard.protocol.serving import WorkerSpec

_BACKLOG = 1024
# What is answered though the body is still to come must be read by the client before the connection
# ends: data that nobody reads would have the system take the answer back.
_LINGER_SECONDS = 2.0
_END_SECONDS = 10.0
# For answers that are on their way when all ends.
_LAST_SECONDS = 1.0
_RUN = "packed"


class Server:
    """Listens from the moment it is made; answers once it is started.

    Args:
        spec: What is served.
        host: The address to listen at.
        ports: The ports; 0 is a free one.

    Raises:
        OSError: A port cannot be had.

    Attributes:
        addresses: Where it listens, `host:port`.
    """

    def __init__(self, spec: WorkerSpec, host: str, ports: Sequence[int]) -> None:
        self._listening = [_bound(host, port) for port in ports]
        self.addresses = [f"{host}:{each.getsockname()[1]}" for each in self._listening]
        self._state = tempfile.mkdtemp(prefix="runyard-")
        folder = os.path.join(self._state, SERVING_FOLDER)
        os.mkdir(folder, 0o700)
        self._inner = _bound_below(folder)
        self._token = secrets.token_hex(16)
        self._desk = Desk(spec, folder, self._token)
        self._site = Site(spec, self._desk, explains=_is_loopback(host))
        self._most = spec.limits.max_body
        # Connections of which a request is being answered.
        self._busy: Set[asyncio.Task[Any]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="http", daemon=True)

    def variables(self) -> Dict[str, str]:
        """What supervisor and worker find it by."""
        return {
            names.RUN_ID_VARIABLE: _RUN,
            names.TOKEN_VARIABLE: self._token,
            names.CONNECTION_VARIABLE: os.path.join(self._state, "service.json"),
        }

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Answer what is asked, then end."""
        asyncio.run_coroutine_threadsafe(self._finish(), self._loop)
        self._thread.join(_END_SECONDS)
        shutil.rmtree(self._state, ignore_errors=True)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._listen())
        self._loop.run_forever()

    async def _listen(self) -> None:
        # Heads are bounded by the reader's limit.
        await asyncio.start_unix_server(self._desk.serve, sock=self._inner)
        for each in self._listening:
            await asyncio.start_server(self._serve, sock=each, limit=HEAD_BYTES)

    async def _finish(self) -> None:
        for each in self._listening:
            with suppress(OSError):
                each.close()
        if self._busy:
            await asyncio.wait(self._busy, timeout=_LAST_SECONDS)
        others = asyncio.all_tasks() - {_this_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        self._loop.stop()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._one(reader, writer):
                pass
        except (OSError, EOFError):
            # The client has gone.
            return
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; whether another may come on this connection."""
        try:
            request = await requests.read(reader, writer.write, self._most)
        except Fault as fault:
            writer.write(refusal("", fault.status, fault.message).encoded(closes=True))
            await _lingering(reader, writer)
            return False
        if request is None:
            return False
        self._busy.add(_this_task())
        try:
            answer = await self._site.answer(request)
            bare = request.method == "HEAD"
            writer.write(answer.encoded(closes=not request.keeps, bare=bare))
            await writer.drain()
        finally:
            self._busy.discard(_this_task())
        return request.keeps


def _this_task() -> asyncio.Task[Any]:
    task = asyncio.current_task()
    assert task is not None
    return task


async def _lingering(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Close once the client had time to read what it was told."""
    if writer.can_write_eof():
        writer.write_eof()

    async def rest() -> None:
        while await reader.read(HEAD_BYTES):
            pass

    with suppress(asyncio.TimeoutError):
        await asyncio.wait_for(rest(), _LINGER_SECONDS)


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    found = socket.socket(family, socket.SOCK_STREAM)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind((host, port))
        found.listen(_BACKLOG)
    except OSError as error:
        found.close()
        raise OSError(
            error.errno, f"port {port} of {host} cannot be had: {error.strerror}"
        ) from None
    found.settimeout(0)
    return found


def _bound_below(folder: str) -> socket.socket:
    found = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with sockets.reachable(folder, WORKER_SOCKET) as path:
        found.bind(path)
    found.listen(_BACKLOG)
    found.settimeout(0)
    return found


def _is_loopback(host: str) -> bool:
    return host in {"localhost", "::1"} or host.startswith("127.")
