"""A replica for tests of the gateway: it speaks frames, and answers as it is told to."""

import fcntl
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from runyard.protocol import frames
from runyard.protocol.frames import HEAD, Hello, Ready
from runyard.protocol.sockets import reachable
from runyard_server.serving.table import (
    CONTROL_SOCKET,
    LOCK_FILE,
    ROUTES_FILE,
    SERVING_FOLDER,
    WORKER_SOCKET,
    GatewayStatus,
    Table,
)

Answering = Callable[[dict[str, Any], bytes], tuple[dict[str, Any], bytes]]


def echo(meta: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
    """Answers with what came."""
    del meta
    return {"run_us": 5}, body


class FakeReplica:
    """One connection to a gateway, served by a thread.

    Args:
        address: The gateway's `serving` folder, or host and port.
        hello: Who it is.
        ready: What it can be asked; None: it does not become ready by itself.
        answering: Answers a call.
    """

    def __init__(
        self,
        address: Path | tuple[str, int],
        hello: Hello,
        ready: Ready | None = None,
        answering: Answering = echo,
    ) -> None:
        self.frames: list[tuple[int, int, dict[str, Any], bytes]] = []
        self.answering = answering
        self._line = _connect(address)
        self._taken = b""
        self.send(frames.HELLO, 0, asdict(hello))
        self.greeting = self._next()
        if ready is not None:
            self.send(frames.READY, 0, asdict(ready))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def send(self, kind: int, number: int = 0, meta: Any = None, body: bytes = b"") -> None:
        """Send a frame.

        Args:
            kind: What it is.
            number: The call's id.
            meta: Anything JSON has, None for none.
            body: The body.
        """
        told = b"" if meta is None else json.dumps(meta).encode()
        self._line.sendall(frames.pack(kind, number, told, body))

    def close(self) -> None:
        """Die."""
        # It may be closed already.
        with suppress(OSError):
            self._line.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
        self._line.close()

    def _serve(self) -> None:
        try:
            while True:
                kind, number, meta, body = self._next()
                self.frames.append((kind, number, meta, body))
                if kind == frames.CALL:
                    answer, given = self.answering(meta, body)
                    self.send(frames.ANSWER, number, answer, given)
        except (OSError, EOFError):
            pass  # the gateway has gone, or the test is over

    def _next(self) -> tuple[int, int, dict[str, Any], bytes]:
        size, meta_size, number, kind = HEAD.unpack(self._read(HEAD.size))
        meta = self._read(meta_size)
        return kind, number, json.loads(meta or b"{}"), self._read(size)

    def _read(self, size: int) -> bytes:
        while len(self._taken) < size:
            came = self._line.recv(1 << 18)
            if not came:
                raise EOFError
            self._taken += came
        piece, self._taken = self._taken[:size], self._taken[size:]
        return piece


def _connect(address: Path | tuple[str, int]) -> socket.socket:
    if isinstance(address, tuple):
        return socket.create_connection(address, timeout=60)
    line = socket.socket(socket.AF_UNIX)
    with reachable(str(address), WORKER_SOCKET) as path:
        line.connect(path)
    line.settimeout(60)
    return line


class GatewayProcess:
    """A gateway of its own, in a process.

    Args:
        home: The state folder.
        table: What it begins with.
        program: What Python is to run; by default the gateway.
    """

    def __init__(
        self,
        home: Path,
        table: Table,
        program: Sequence[str] = ("-m", "runyard_server.serving"),
    ) -> None:
        self.program = program
        self.home = home
        self.folder = home / SERVING_FOLDER
        self.folder.mkdir(parents=True, exist_ok=True)
        self.write(table)
        self.start()

    def start(self) -> None:
        """Start it, and wait until it can be asked."""
        command = [sys.executable, "-P", *self.program, str(self.home)]
        self.process = subprocess.Popen(command)
        deadline = time.monotonic() + 60
        while self.process.poll() is None and time.monotonic() < deadline:
            with suppress(OSError):
                self.status()
                return
            time.sleep(0.01)
        raise RuntimeError(f"no gateway: it ended with {self.process.poll()}")

    def write(self, table: Table) -> None:
        """Write the table where the gateway finds it."""
        new = self.folder / "routes.new"
        new.write_bytes(msgspec.json.encode(table))
        new.replace(self.folder / ROUTES_FILE)

    def load(self, table: Table) -> None:
        """Have another table in force."""
        self.write(table)
        self.ask(do="load", version=table.version)

    def status(self, after: int = -1, wait: float = 0.0) -> GatewayStatus:
        """What the gateway tells."""
        told = self.ask(do="status", after=after, wait=wait)
        return msgspec.convert(told, GatewayStatus)

    def ask(self, **asked: Any) -> Any:
        """Ask on the control socket."""
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(60)
            with reachable(str(self.folder), CONTROL_SOCKET) as path:
                line.connect(path)
            line.sendall(json.dumps(asked).encode() + b"\n")
            with line.makefile("rb") as answers:
                return json.loads(answers.readline())

    def kill(self) -> None:
        """Kill it, and before it the parent that would begin it again."""
        pid = self.status().pid
        self.process.kill()
        self.process.wait()
        os.kill(pid, signal.SIGKILL)
        # Not a child of this process: nobody waits for it here.
        while _is_held(self.folder / LOCK_FILE):
            time.sleep(0.005)

    def close(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait(60)


def _is_held(lock: Path) -> bool:
    with lock.open("rb+") as opened:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


class Answer(NamedTuple):
    """A response."""

    status: int
    headers: dict[str, str]
    body: bytes


def ask(port: int, path: str = "/score", body: bytes | str | None = None, **more: Any) -> Answer:
    """Send a request to an endpoint of this machine.

    Args:
        port: The endpoint's.
        path: With its query.
        body: Is sent as JSON unless `headers` says otherwise.
        more: `method`, `key`, `headers`.
    """
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Authorization": f"Bearer {more['key']}"} if more.get("key") else {}
    if body is not None:
        headers["Content-Type"] = "application/json"
    headers |= more.get("headers", {})
    method = more.get("method") or ("GET" if body is None else "POST")
    try:
        line.request(method, path, body.encode() if isinstance(body, str) else body, headers)
        told = line.getresponse()
        given = {name.lower(): value for name, value in told.getheaders()}
        return Answer(told.status, given, told.read())
    finally:
        line.close()
