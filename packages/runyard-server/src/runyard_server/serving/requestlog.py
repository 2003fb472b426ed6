"""Requests that are kept for people to read: JSON lines, in files of each endpoint.

    requests/<workspace>/<endpoint>/requests.jsonl      the newest; older ones end in .1, .2 ...

A line has the id, the time, the code, the times it took, input and output up to 64 kB. No header is
in it, so neither are keys.
"""

import asyncio
import calendar
import logging
import threading
import time
from pathlib import Path

import msgspec

LONGEST = 64 << 10
LARGEST_FILE, OLDEST_SECONDS, KEPT = 16 << 20, 86_400.0, 8
WRITE_SECONDS = 0.5
# What a disk that does not take it would have the gateway keep in memory.
MOST_WAITING = 8 << 20

_log = logging.getLogger(__name__)


class Line(msgspec.Struct):
    """One request."""

    id: str
    time: str
    deployment: str
    protocol: str
    path: str
    code: int
    took_ms: float
    queued_ms: float
    run_ms: float
    input: str
    output: str
    input_bytes: int
    output_bytes: int


class RequestLog:
    """The log of one endpoint.

    Args:
        folder: Where its files lie.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / "requests.jsonl"
        self._loop = asyncio.get_running_loop()
        self._lines: list[bytes] = []
        # Bytes of the lines that wait, and of those that a thread is writing.
        self._waiting = 0
        self._writing = 0
        self._guard = threading.Lock()
        self._timer: asyncio.TimerHandle | None = None

    def add(self, line: Line) -> None:
        """Keep a request; none while the disk takes nothing and enough waits for it."""
        text = msgspec.json.encode(line) + b"\n"
        if self._waiting + self._writing + len(text) > MOST_WAITING:
            return
        self._lines.append(text)
        self._waiting += len(text)
        if self._timer is None:
            self._timer = self._loop.call_later(WRITE_SECONDS, self._write_later)

    def flush(self) -> None:
        """Write what waits, now."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        lines, self._lines, self._waiting = self._lines, [], 0
        if lines:
            self._write(lines)

    def _write_later(self) -> None:
        if self._writing:
            # A disk that hangs would get a thread more each moment.
            self._timer = self._loop.call_later(WRITE_SECONDS, self._write_later)
            return
        self._timer = None
        lines, self._lines = self._lines, []
        self._writing, self._waiting = self._waiting, 0
        # In a thread: a slow disk is no reason for a request to wait.
        done = self._loop.run_in_executor(None, self._write, lines)
        done.add_done_callback(self._written)

    def _written(self, _done: asyncio.Future[None]) -> None:
        self._writing = 0

    def _write(self, lines: list[bytes]) -> None:
        try:
            # `flush` writes in the loop's thread: of two that rotate one would lose its lines.
            with self._guard:
                self._folder.mkdir(parents=True, exist_ok=True)
                self._rotate()
                with self._path.open("ab") as stream:
                    stream.write(b"".join(lines))
        except OSError as error:
            _log.warning("%d requests are not in the log: %s", len(lines), error)

    def _rotate(self) -> None:
        try:
            size = self._path.stat().st_size
        except FileNotFoundError:
            return
        if size < LARGEST_FILE and time.time() - _first_time(self._path) < OLDEST_SECONDS:
            return
        for number in range(KEPT, 0, -1):
            former = self._path.with_name(f"{self._path.name}.{number - 1}")
            former = self._path if number == 1 else former
            if former.exists():
                former.replace(self._path.with_name(f"{self._path.name}.{number}"))


def _first_time(path: Path) -> float:
    """When the first line of a file was written."""
    with path.open("rb") as stream:
        try:
            told = msgspec.json.decode(stream.readline(), type=dict[str, object])
            return calendar.timegm(time.strptime(str(told["time"])[:19], "%Y-%m-%dT%H:%M:%S"))
        except (msgspec.DecodeError, KeyError, ValueError):
            return 0.0


def text_of(body: list[bytes]) -> str:
    """The beginning of a body as text."""
    taken = b"".join(body) if sum(map(len, body)) <= LONGEST else _beginning(body)
    return taken.decode("utf-8", "backslashreplace")


def _beginning(body: list[bytes]) -> bytes:
    taken = b""
    for piece in body:
        taken += piece[: LONGEST - len(taken)]
        if len(taken) >= LONGEST:
            break
    return taken


def stamp() -> str:
    """The time now, in ISO 8601 with milliseconds."""
    seconds = time.time()
    text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return f"{text}.{int(seconds % 1 * 1000):03d}Z"
