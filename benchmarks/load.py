"""Loads a server with one request again and again over connections that are kept.

wrk does it where it is installed. The generator here, one thread on raw sockets, does it elsewhere;
it costs the machine about three times as much, which on two cores the server feels.
"""

from __future__ import annotations

import json
import select
import shutil
import socket
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

WRK = shutil.which("wrk")
HOST = "127.0.0.1"
TIMEOUT_SECONDS = 20
_BLOCK = 1 << 18

# wrk tells latencies in microseconds.
_SCRIPT = """
wrk.method = "POST"
wrk.path = %(path)s
for name, value in pairs({%(headers)s}) do wrk.headers[name] = value end
local file = io.open(%(body)s, "rb")
wrk.body = file:read("*all")
file:close()
done = function(summary, latency, requests)
  local failed = summary.errors
  io.write(string.format(
    '{"requests": %%d, "seconds": %%f, "failed": %%d, "p50": %%f, "p99": %%f}\\n',
    summary.requests, summary.duration / 1e6,
    failed.connect + failed.read + failed.write + failed.status + failed.timeout,
    latency:percentile(50), latency:percentile(99)))
end
"""


@dataclass(frozen=True)
class Request:
    """What is asked again and again."""

    body: bytes
    path: str = "/score"
    headers: dict[str, str] = field(default_factory=dict)

    def raw(self) -> bytes:
        """The request as it goes over the wire."""
        lines = {"Host": HOST, **self.headers, "Content-Length": str(len(self.body))}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        return f"POST {self.path} HTTP/1.1\r\n{head}\r\n".encode("ascii") + self.body


@dataclass(frozen=True)
class Loaded:
    """What came of it; latencies are in microseconds."""

    requests: int
    seconds: float
    failed: int
    p50: float
    p99: float


def load(port: int, request: Request, connections: int, seconds: float) -> Loaded:
    """Load a server.

    Args:
        port: Where it listens.
        request: What is asked.
        connections: How many are kept open; each has one request under way.
        seconds: For how long; wrk knows whole seconds only.

    Raises:
        RuntimeError: Nothing was answered.
    """
    way = _wrk if WRK is not None else _own
    loaded = way(port, request, connections, seconds)
    if not loaded.requests:
        raise RuntimeError("no request was answered")
    return loaded


def told() -> str:
    """What generates the load, for the report."""
    return "wrk, one thread" if WRK is not None else "a generator of our own in Python, one thread"


def _wrk(port: int, request: Request, connections: int, seconds: float) -> Loaded:
    assert WRK is not None
    with tempfile.TemporaryDirectory() as folder:
        body, script = Path(folder) / "body", Path(folder) / "request.lua"
        body.write_bytes(request.body)
        headers = ", ".join(f"[{_lua(k)}] = {_lua(v)}" for k, v in request.headers.items())
        given = {"path": _lua(request.path), "headers": headers, "body": _lua(str(body))}
        script.write_text(_SCRIPT % given)
        words = [WRK, "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s"]
        words += [f"--timeout={TIMEOUT_SECONDS}s", "-s", str(script), f"http://{HOST}:{port}"]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"wrk ended with {done.returncode}: {done.stderr[-300:]}")
    return Loaded(**json.loads(done.stdout.strip().splitlines()[-1]))


def _lua(text: str) -> str:
    return json.dumps(text)


class _Asking:
    """One connection of the generator here."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection((HOST, port), TIMEOUT_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sent = 0.0
        self._missing = -1
        self._come = b""

    def ask(self, raw: bytes) -> None:
        """Send the request."""
        self._missing, self._come = -1, b""
        self.sent = time.perf_counter()
        self.socket.sendall(raw)

    def answered(self) -> bool:
        """Read what is there; whether the answer is whole."""
        data = self.socket.recv(_BLOCK)
        if not data:
            raise ConnectionError("the server has closed the connection")
        if self._missing >= 0:
            self._missing -= len(data)
            return self._missing <= 0
        self._come += data
        head, found, rest = self._come.partition(b"\r\n\r\n")
        if not found:
            return False
        length = next(
            int(line[15:])
            for line in head.lower().split(b"\r\n")
            if line[:15] == b"content-length:"
        )
        self._missing = length - len(rest)
        return self._missing <= 0

    @property
    def well(self) -> bool:
        """Whether the status is 200."""
        return self._come[9:12] == b"200"


def _own(port: int, request: Request, connections: int, seconds: float) -> Loaded:
    raw, took, failed = request.raw(), [], 0
    asking = {each.socket.fileno(): each for each in (_Asking(port) for _ in range(connections))}
    poll = select.epoll()
    begun = time.perf_counter()
    for number, each in asking.items():
        poll.register(number, select.EPOLLIN)
        each.ask(raw)
    while (now := time.perf_counter()) < begun + seconds:
        for number, _ in poll.poll(0.1):
            each = asking[number]
            if each.answered():
                took.append(time.perf_counter() - each.sent)
                failed += not each.well
                each.ask(raw)
    for each in asking.values():
        each.socket.close()
    poll.close()
    cuts = statistics.quantiles(took, n=100) if len(took) > 1 else [0.0] * 99
    return Loaded(len(took), now - begun, failed, cuts[49] * 1e6, cuts[98] * 1e6)
