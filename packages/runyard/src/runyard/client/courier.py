"""Spool first, send second: brings metric lines and log bytes to the service, in order.

User code appends to files and never waits for the network. A courier reads those files and sends
what is new. It keeps no record of its own: each answer says how much the service has, and the
courier goes on from there. So resending is harmless, a courier may die and another may begin
anew, and a service that was away for an hour, or lost its last second, is brought up to date.

    spool/<writer>.jsonl   ->  lines, numbered from 0 per writer      (one file per writing process)
    any growing log file   ->  bytes at an offset                     (named by the run)

The courier is shared by the job agent, which drives it from a thread of its own, and by
interactive runs; the two differ in their `Destination`.
"""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING, Callable, Dict, List, Mapping, Optional

from runyard.protocol.errors import Conflict, InternalError, RunyardError, TemporaryError

if TYPE_CHECKING:
    from runyard.client.workspace import WorkspaceClient

SPOOL_SUFFIX = ".jsonl"
BLOCK_BYTES = 1 << 20
POLL_SECONDS = 0.1
LONGEST_PAUSE = 30.0
TEMPORARY = (OSError, TemporaryError, InternalError)


class Destination:
    """Where a courier brings things: one run at one service.

    Both methods may be called with what was brought before, and answer how much is there. They
    raise OSError or TemporaryError when it may work later, another RunyardError when it never will.
    """

    def append_log(self, path: str, offset: int, data: bytes) -> int:
        """Bring bytes of the log `path` from `offset` on; give the size that is stored."""
        raise NotImplementedError

    def append_lines(self, writer: str, first: int, data: bytes) -> int:
        """Bring a writer's metric lines, the first being number `first`; give the count stored."""
        raise NotImplementedError


class ServiceDestination(Destination):
    """A run at a service spoken to through a WorkspaceClient.

    Args:
        service: The client of the run's workspace.
        run_id: The run.
    """

    def __init__(self, service: WorkspaceClient, run_id: str) -> None:
        self._service = service
        self._run_id = run_id

    def append_log(self, path: str, offset: int, data: bytes) -> int:
        """See Destination."""
        from runyard.protocol.files import LogQuery
        from runyard.protocol.routes import LOGS_APPEND

        query = LogQuery(offset=offset)
        return self._service.send(
            LOGS_APPEND, self._run_id, path, data=data, size=len(data), query=query
        ).size

    def append_lines(self, writer: str, first: int, data: bytes) -> int:
        """See Destination."""
        from runyard.protocol.metrics import SpoolQuery
        from runyard.protocol.routes import METRICS_APPEND

        query = SpoolQuery(first_line=first)
        return self._service.send(
            METRICS_APPEND, self._run_id, writer, data=data, size=len(data), query=query
        ).lines


class _Source:
    """One file on its way. `moved` says whether anything new was brought."""

    def __init__(self, name: str, file: str) -> None:
        self.name = name
        self.file = file
        self.dead = False

    def advance(self, destination: Destination) -> bool:
        raise NotImplementedError

    def _read(self, offset: int) -> bytes:
        try:
            with open(self.file, "rb", buffering=0) as stream:
                stream.seek(offset)
                return stream.read(BLOCK_BYTES)
        except FileNotFoundError:
            return b""


class _Log(_Source):
    """A log: the next byte to bring is the size that the service answered last."""

    offset = 0

    def advance(self, destination: Destination) -> bool:
        data = self._read(self.offset)
        if not data:
            return False
        try:
            self.offset = destination.append_log(self.name, self.offset, data)
        except Conflict:
            self.offset = destination.append_log(self.name, 0, b"")
        return True


class _Lines(_Source):
    """A writer's spool: remembers at which byte the line stands that is to be brought next."""

    offset = 0
    line = 0

    def advance(self, destination: Destination) -> bool:
        data = self._whole_lines()
        if not data:
            return False
        sent = data.count(b"\n")
        stored = destination.append_lines(self.name, self.line, data)
        if stored == self.line + sent:
            self.offset, self.line = self.offset + len(data), stored
        else:
            self._seek(stored)
        return True

    def _whole_lines(self) -> bytes:
        data = self._read(self.offset)
        end = data.rfind(b"\n") + 1
        if end or len(data) < BLOCK_BYTES:
            return data[:end]
        return self._long_line()

    def _long_line(self) -> bytes:
        """Read a line that is longer than a block (a large table logged at once)."""
        with open(self.file, "rb") as stream:
            stream.seek(self.offset)
            data = stream.readline()
        return data if data.endswith(b"\n") else b""

    def _seek(self, line: int) -> None:
        """Find the byte at which line number `line` begins: another courier was here before."""
        with open(self.file, "rb") as stream:
            for passed in range(line):
                if not stream.readline().endswith(b"\n"):
                    self.line, self.offset = passed, stream.tell()
                    return
            self.line, self.offset = line, stream.tell()


class Courier:
    """Brings the spool and the logs of one run to its destination.

    Args:
        destination: The run at the service.
        spool_folder: Folder of the `<writer>.jsonl` files; it may not exist yet.
        log_files: Gives the logs to follow, name in the run -> file; asked at every poll, so that
            logs may appear while the run goes on.
        warn: Told once of each file that can never be brought.
    """

    def __init__(
        self,
        destination: Destination,
        spool_folder: str,
        log_files: Optional[Callable[[], Mapping[str, str]]] = None,
        warn: Optional[Callable[[str], None]] = None,
    ) -> None:
        self._destination = destination
        self._spool_folder = spool_folder
        self._log_files = log_files
        self._warn = warn
        self._lines: Dict[str, _Source] = {}
        self._logs: Dict[str, _Source] = {}
        self._turn = threading.Lock()
        self._wake = threading.Event()
        self._stopped = False

    def poll(self) -> bool:
        """Bring what is new, at most one block of each file; say whether there was anything.

        Raises:
            OSError, TemporaryError, InternalError: It may work later; nothing is lost.
        """
        moved = False
        with self._turn:
            for source in self._sources():
                moved = self._advance(source) or moved
        return moved

    def run(self) -> None:
        """Poll until `stop`; the body of a thread. A service that is away is waited for."""
        pause = POLL_SECONDS
        while not self._stopped:
            try:
                moved = self.poll()
                pause = 0.0 if moved else POLL_SECONDS
            except TEMPORARY:
                pause = min(max(pause, POLL_SECONDS) * 2, LONGEST_PAUSE)
            if self._wake.wait(pause):
                self._wake.clear()

    def wake(self) -> None:
        """Let `run` look at once."""
        self._wake.set()

    def stop(self) -> None:
        """Let `run` return after its present poll; what is left stays in the files."""
        self._stopped = True
        self._wake.set()

    def drain(self, deadline: Optional[float] = None) -> bool:
        """Bring everything that is in the files now; say whether that was done.

        Args:
            deadline: On the clock of `time.monotonic`; None tries for as long as it takes.
        """
        pause = POLL_SECONDS
        while True:
            try:
                if not self.poll():
                    return True
                pause = POLL_SECONDS
            except TEMPORARY:
                if deadline is not None and time.monotonic() + pause > deadline:
                    return False
                time.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
            if deadline is not None and time.monotonic() > deadline:
                return False

    def _advance(self, source: _Source) -> bool:
        try:
            return source.advance(self._destination)
        except TEMPORARY:
            raise
        except RunyardError as error:
            source.dead = True
            if self._warn is not None:
                self._warn(f"{source.name} could not be sent: {error.message}")
            return False

    def _sources(self) -> List[_Source]:
        """Give the files worth a look, metrics first: they are small and waited for."""
        for name in self._spooled():
            if name not in self._lines:
                file = os.path.join(self._spool_folder, name + SPOOL_SUFFIX)
                self._lines[name] = _Lines(name, file)
        for name, file in (self._log_files() if self._log_files is not None else {}).items():
            if name not in self._logs:
                self._logs[name] = _Log(name, file)
        return [s for s in [*self._lines.values(), *self._logs.values()] if not s.dead]

    def _spooled(self) -> List[str]:
        try:
            names = os.listdir(self._spool_folder)
        except FileNotFoundError:
            return []
        return sorted(n[: -len(SPOOL_SUFFIX)] for n in names if n.endswith(SPOOL_SUFFIX))
