"""Sends what a job leaves on disk: metric lines from its spool, bytes of its log files.

It may be started anew at any time and on the same files: the service says how much it has, and
what is sent twice is passed over. A service that is away is waited for with growing pauses; the
files are the memory.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Callable, Dict, Mapping, Optional, Union

from runyard.client import spool as spools
from runyard.protocol.errors import NotFound, TemporaryError
from runyard.protocol.files import LogQuery
from runyard.protocol.metrics import SpoolQuery
from runyard.protocol.routes import LOGS_APPEND, METRICS_APPEND, METRICS_MARK

if TYPE_CHECKING:
    from runyard.client.workspace import WorkspaceClient

LINES_BYTES = 1 << 20
LOG_BYTES = 4 << 20
FIRST_PAUSE = 0.2
LONGEST_PAUSE = 10.0
IDLE_SECONDS = 0.1

Logs = Union[Mapping[Path, str], Callable[[], Mapping[Path, str]]]


class _Sent:
    """How far one file has been sent: bytes, and lines for a spool file."""

    __slots__ = ("at", "lines")

    def __init__(self, at: int = 0, lines: int = 0) -> None:
        self.at = at
        self.lines = lines


class Courier:
    """Brings a run's metric lines and log bytes to the service.

    Use it from one thread at a time.

    Args:
        service: The workspace's client.
        run_id: The run.
        spool_folder: Where the writers' files are; it need not exist yet.
        logs: Local file -> the log's path in the run, or a function that gives this (asked at
            each poll, so that new files are found).
    """

    def __init__(
        self,
        service: WorkspaceClient,
        run_id: str,
        spool_folder: Path,
        logs: Optional[Logs] = None,
    ) -> None:
        self._service = service
        self._run = run_id
        self._folder = Path(spool_folder)
        self._logs: Logs = {} if logs is None else logs
        self._spools: Dict[Path, _Sent] = {}
        self._texts: Dict[Path, _Sent] = {}
        self._pause = 0.0
        self._not_before = 0.0
        self._stop = threading.Event()

    def poll(self) -> bool:
        """Send what is new, at most one batch per file; say whether anything was sent.

        While the service is away this does nothing until the pause is over.

        Raises:
            RunyardError: The service refused for good (a wrong token, an unknown run).
        """
        if time.monotonic() < self._not_before:
            return False
        try:
            sent = self._send_all()
        except TemporaryError:
            self._pause = min(max(self._pause * 2, FIRST_PAUSE), LONGEST_PAUSE)
            self._not_before = time.monotonic() + self._pause
            return False
        self._pause = self._not_before = 0.0
        return sent

    @property
    def away(self) -> bool:
        """Whether the service could not be reached at the last attempt."""
        return self._pause > 0.0

    def drain(self, deadline: float) -> bool:
        """Send all that is there; say whether it all arrived before the deadline.

        Args:
            deadline: On the clock of `time.monotonic()`.
        """
        while True:
            sent = self.poll()
            if not sent and not self.away:
                return True
            now = time.monotonic()
            if now >= deadline:
                return False
            if self.away:
                time.sleep(max(0.0, min(self._not_before, deadline) - now))

    def run(self) -> None:
        """Poll until `stop` is called, then send the rest once; the body of a thread."""
        while not self._stop.is_set():
            if not self.poll():
                self._stop.wait(IDLE_SECONDS)
        self.drain(time.monotonic())

    def stop(self) -> None:
        """Let `run` end."""
        self._stop.set()

    def _send_all(self) -> bool:
        sent = False
        for path in spools.writers(self._folder):
            sent = self._send_lines(path) or sent
        logs = self._logs() if callable(self._logs) else self._logs
        for path, name in logs.items():
            sent = self._send_log(Path(path), name) or sent
        return sent

    def _send_lines(self, path: Path) -> bool:
        place = self._spools.get(path)
        if place is None:
            place = self._spools[path] = self._place(path)
        batch = _read(path, place.at, LINES_BYTES)
        batch = batch[: batch.rfind(b"\n") + 1]
        if not batch:
            return False
        self._service.send(
            METRICS_APPEND,
            self._run,
            path.name[: -len(spools.SUFFIX)],
            data=batch,
            size=len(batch),
            query=SpoolQuery(first_line=place.lines),
        )
        place.at += len(batch)
        place.lines += batch.count(b"\n")
        return True

    def _place(self, path: Path) -> _Sent:
        """Ask how many lines of a writer are stored, and find the byte after them."""
        writer = path.name[: -len(spools.SUFFIX)]
        try:
            stored = self._service.call(METRICS_MARK, self._run, writer).lines
        except NotFound:
            stored = 0
        place = _Sent()
        with path.open("rb") as file:
            while place.lines < stored:
                line = file.readline()
                if not line.endswith(b"\n"):
                    break
                place.lines += 1
                place.at += len(line)
        return place

    def _send_log(self, path: Path, name: str) -> bool:
        place = self._texts.setdefault(path, _Sent())
        batch = _read(path, place.at, LOG_BYTES)
        if not batch:
            return False
        mark = self._service.send(
            LOGS_APPEND,
            self._run,
            name,
            data=batch,
            size=len(batch),
            query=LogQuery(offset=place.at),
        )
        # The service may have more (an earlier courier sent it) or less than we think.
        moved = mark.size != place.at
        place.at = mark.size
        return moved


def _read(path: Path, at: int, size: int) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(at)
            return file.read(size)
    except FileNotFoundError:
        return b""
