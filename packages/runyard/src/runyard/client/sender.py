"""Brings metric lines and log bytes from files to a run, in order and without loss.

A sender keeps no record of its own: each answer says how much the service has, and it goes on
from there. So sending twice is harmless, another sender may begin anew on the same files, and a
service that was away for an hour, or lost its last second, is brought up to date.

    spool/<writer>.jsonl   ->  lines, numbered from 0 per writer      (one file per writing process)
    any growing log file   ->  bytes at an offset                     (named by the run)
    one written anew       ->  in place of what was brought of it

A line that the service refuses holds nothing up: it is looked for by halves, moved into
`spool/<writer>.refused`, which is brought as a log, and a line that says so goes in its place.

How requests are made is the `Destination`'s matter, so that the job agent, which must start in no
time, needs none of the client's and the protocol's imports.
"""

from __future__ import annotations

import json
import os
import threading
import time
import zlib
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Mapping, Optional, Tuple, Union

from runyard.protocol.errors import (
    Conflict,
    InternalError,
    InvalidRequest,
    RunyardError,
    StorageFull,
    TemporaryError,
    Unauthenticated,
)

if TYPE_CHECKING:
    # Paths as they come: a `str` or a `pathlib.Path`.
    Logs = Union[Mapping[Any, str], Callable[[], Mapping[Any, str]]]

SPOOL_SUFFIX = ".jsonl"
REFUSED_SUFFIX = ".refused"
REFUSED_LOG = "logs/metrics_refused_{}.jsonl"
BLOCK_BYTES = 1 << 20
# A request costs the service as much as some megabytes: a log that grows quickly is brought in
# larger blocks, as long as each is there soon, for metrics wait behind it.
LARGEST_BLOCK_BYTES = 8 << 20
SOON_SECONDS = 0.5
MARK_BYTES = 1 << 10
TRIES = 3
IDLE_SECONDS = 0.1
FIRST_PAUSE = 0.2
LONGEST_PAUSE = 5.0
# While a service is away another may answer at its address: a refused token is no last word.
AWAY = (OSError, TemporaryError, Unauthenticated)
# What may mend itself, but is not waited for without end.
TROUBLE = (InternalError, StorageFull)
PATIENCE = 20


class Destination:
    """Where a sender brings things: one run at one service.

    What was brought before may be brought again; the answer is how much is there. All methods
    raise OSError or a RunyardError; see AWAY and TROUBLE for those after which it may work later.
    """

    def append_log(self, path: str, offset: int, data: bytes, anew: bool = False) -> int:
        """Bring bytes of the log `path` from `offset` on; give the size that is stored.

        Args:
            path: The log's path in the run.
            offset: Where the bytes stand in the log.
            data: The bytes.
            anew: They replace what is stored; `offset` is 0.
        """
        raise NotImplementedError

    def log_checksum(self, path: str) -> Optional[str]:
        """The CRC-32 of what is stored of a log, in hex; None where that is not told."""
        raise NotImplementedError

    def append_lines(self, writer: str, first: int, data: bytes) -> int:
        """Bring a writer's metric lines, the first being number `first`; give the count stored.

        Args:
            writer: Name of the writer.
            first: The number of the first line.
            data: The lines, each with its end.
        """
        raise NotImplementedError


class Sender:
    """Brings the spool and the logs of one run to its destination.

    `poll` and `drain` may be called from several threads; they take turns.

    Args:
        destination: The run at the service.
        spool_folder: Folder of the `<writer>.jsonl` files; it may not exist yet.
        logs: Local file -> the log's path in the run, or a function that gives this (asked at
            each poll, so that logs may appear while the run goes on).
        warn: Told once of each file that can never be brought.
        resumes: Another sender may have brought a part of the logs.
    """

    def __init__(
        self,
        destination: Destination,
        spool_folder: Any,
        logs: Optional[Logs] = None,
        warn: Optional[Callable[[str], None]] = None,
        resumes: bool = False,
    ) -> None:
        self._destination = destination
        self._spool_folder = str(spool_folder)
        self._logs: Logs = {} if logs is None else logs
        self._warn = warn
        self._resumes = resumes
        self._sources: Dict[str, _Source] = {}
        self._turn = threading.Lock()
        self._wake = threading.Event()
        self._stopped = False
        self._pause = 0.0
        self._not_before = 0.0

    def poll(self) -> bool:
        """Bring what is new, at most one block of each file; say whether there was anything.

        While the service is away this does nothing until a growing pause is over.
        """
        with self._turn:
            if time.monotonic() < self._not_before:
                return False
            try:
                moved = self._advance_all()
            except (*AWAY, *TROUBLE):
                self._pause = min(max(self._pause * 2, FIRST_PAUSE), LONGEST_PAUSE)
                self._not_before = time.monotonic() + self._pause
                return False
            self._pause = self._not_before = 0.0
            return moved

    @property
    def away(self) -> bool:
        """Whether the service could not be reached, or could not take it, at the last attempt."""
        return self._pause > 0.0

    @property
    def refused(self) -> bool:
        """Whether a file can never be brought, so that it must stay where it is."""
        return any(source.dead for source in self._sources.values())

    def drain(self, deadline: Optional[float] = None) -> bool:
        """Bring all that is there; say whether it all arrived.

        Args:
            deadline: On the clock of `time.monotonic`; None: as long as it takes.
        """
        while True:
            if not self.poll() and not self.away:
                return True
            now = time.monotonic()
            if deadline is not None and now >= deadline:
                return False
            until = self._not_before if deadline is None else min(self._not_before, deadline)
            if until > now:
                time.sleep(until - now)

    def settle(self, deadline: Optional[float] = None) -> bool:
        """Bring all as `drain` does, and what was rewritten without a sign; say whether it arrived.

        To be called when nobody writes any longer: each log is compared with what was brought.

        Args:
            deadline: As for `drain`.
        """
        while self.drain(deadline):
            try:
                with self._turn:
                    logs = [one for one in self._present() if isinstance(one, _Log)]
                    wrong = [log for log in logs if not self._agrees(log)]
            except (*AWAY, *TROUBLE):
                if deadline is not None and time.monotonic() >= deadline:
                    return False
                time.sleep(FIRST_PAUSE)
                continue
            if not wrong:
                return True
        return False

    def _agrees(self, log: _Log) -> bool:
        try:
            return log.agrees(self._destination)
        except (*AWAY, *TROUBLE):
            raise
        except RunyardError as error:
            self._give_up(log, error)
            return True

    def run(self) -> None:
        """Poll until `stop`, then bring the rest once; the body of a thread."""
        while not self._stopped:
            if not self.poll():
                self._wake.wait(IDLE_SECONDS)
                self._wake.clear()
        self.drain(time.monotonic())

    def stop(self) -> None:
        """Let `run` end; what could not be brought stays in the files."""
        # In this order: a thread that wakes must see that it is to end.
        self._stopped = True
        self._wake.set()

    def _advance_all(self) -> bool:
        moved = False
        for source in self._present():
            moved = self._advance(source) or moved
        return moved

    def _advance(self, source: _Source) -> bool:
        try:
            moved = source.advance(self._destination)
        except AWAY:
            raise
        except RunyardError as error:
            source.failures += 1
            # A disk may get room again; what is refused for itself would be refused for ever.
            if isinstance(error, TROUBLE) and source.failures < PATIENCE:
                raise
            self._give_up(source, error)
            return False
        source.failures = 0
        return moved

    def _give_up(self, source: _Source, error: RunyardError) -> None:
        source.dead = True
        if self._warn is not None:
            self._warn(f"{source.name} could not be sent: {error.message}")

    def _present(self) -> List[_Source]:
        """The files worth a look, metrics first: they are small and waited for."""
        for writer, suffix in self._writers():
            file = os.path.join(self._spool_folder, writer + suffix)
            if file not in self._sources:
                refused = suffix == REFUSED_SUFFIX
                log = REFUSED_LOG.format(writer)
                self._sources[file] = (
                    _Log(log, file, self._resumes) if refused else _Lines(writer, file)
                )
        for file, name in (self._logs() if callable(self._logs) else self._logs).items():
            if str(file) not in self._sources:
                self._sources[str(file)] = _Log(name, str(file), self._resumes)
        return [source for source in self._sources.values() if not source.dead]

    def _writers(self) -> List[Tuple[str, str]]:
        """The spool's files, each as its writer and what kind of file it is."""
        try:
            names = sorted(os.listdir(self._spool_folder))
        except FileNotFoundError:
            return []
        parts = [os.path.splitext(name) for name in names]
        return [part for part in parts if part[1] in (SPOOL_SUFFIX, REFUSED_SUFFIX)]


class _Source:
    """One file on its way, `offset` bytes of which have arrived."""

    def __init__(self, name: str, file: str) -> None:
        self.name = name
        self.file = file
        self.offset = 0
        self.failures = 0
        self.dead = False

    def advance(self, destination: Destination) -> bool:
        """Bring the next block; say whether there was one."""
        raise NotImplementedError

    def _read(self) -> bytes:
        try:
            if os.stat(self.file).st_size <= self.offset:
                return b""
            with open(self.file, "rb", buffering=0) as stream:
                stream.seek(self.offset)
                return stream.read(BLOCK_BYTES)
        except FileNotFoundError:
            return b""


class _Log(_Source):
    """A log: the next byte to bring is the size that the service answered last.

    A file is another than it was when its inode changed, when it is shorter than what was
    brought, or when its first or last bytes up to there are others; then it is brought anew.
    """

    def __init__(self, name: str, file: str, resumes: bool = False) -> None:
        super().__init__(name, file)
        self._anew = self._begun = False
        self._tries = 0
        self._seen: Optional[Tuple[int, ...]] = None
        self._block = BLOCK_BYTES
        self._head = self._tail = b""
        # Of all that was brought; None when another sender brought a part of it.
        self._checksum: Optional[int] = None if resumes else 0

    def advance(self, destination: Destination) -> bool:
        try:
            data = self._fresh()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise InvalidRequest(f"{self.file} cannot be read: {error.strerror}") from error
        if not (data or self._anew):
            return False
        before = self.offset
        if self._anew:
            stored = destination.append_log(self.name, 0, data, anew=True)
            self._anew = False
            self._sent(data, stored)
            return True
        begun = time.monotonic()
        try:
            stored = destination.append_log(self.name, before, data)
        except Conflict:
            # The service has less than was thought, as after a power cut: from where it ends.
            stored = destination.append_log(self.name, 0, b"")
        self._sent(data, stored)
        self._adapt(len(data), time.monotonic() - begun)
        return stored != before

    def agrees(self, destination: Destination) -> bool:
        """Whether what was brought is what the file holds; if not, it will be brought anew."""
        self._tries += 1
        if self._tries > TRIES:
            return True  # somebody goes on writing
        try:
            found, size = self._local_checksum()
        except OSError:
            return True
        if not (size or self._begun):
            # A log of no bytes is one too: nothing was brought of it so far.
            self._sent(b"", destination.append_log(self.name, 0, b""))
            return True
        if self._checksum is None:
            # A file that is shorter may have lost its end with the power.
            stored = destination.log_checksum(self.name)
            same = stored is None or size < self.offset or stored == f"{found:08x}"
        else:
            same = found == self._checksum
        if not same:
            self._begin_anew()
        return same

    def _fresh(self) -> bytes:
        """Read the next bytes; all from the first on, when the file is another by now."""
        status = os.stat(self.file)
        seen = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
        if seen == self._seen and status.st_size <= self.offset:
            return b""
        with open(self.file, "rb", buffering=0) as stream:
            if self._is_another(stream, seen):
                self._begin_anew()
            self._seen = seen
            stream.seek(self.offset)
            return stream.read(self._block)

    def _adapt(self, sent: int, seconds: float) -> None:
        grows = sent == self._block and seconds < SOON_SECONDS
        self._block = min(self._block * 2, LARGEST_BLOCK_BYTES) if grows else BLOCK_BYTES

    def _is_another(self, stream: Any, seen: Tuple[int, ...]) -> bool:
        if self._seen is None or not self.offset:
            return False
        # Another inode: written beside the old one and renamed over it, as careful writers do.
        if seen[:2] != self._seen[:2]:
            return True
        if seen[2] < self.offset:
            # What another sender brought may be more than this disk has kept.
            return self._checksum is not None
        # The same size or more says nothing: json.dump after each epoch writes over the old text.
        if stream.read(len(self._head)) != self._head:
            return True
        stream.seek(self.offset - len(self._tail))
        return bool(stream.read(len(self._tail)) != self._tail)

    def _begin_anew(self) -> None:
        self._anew = True
        self.offset = self._checksum = 0
        self._head = self._tail = b""

    def _sent(self, data: bytes, stored: int) -> None:
        self._begun = True
        # Somebody else brought a part: the sum of what this sender has read is no sum of the whole.
        if stored != self.offset + len(data):
            self._checksum = None
            self._tail = b""
        else:
            if self._checksum is not None:
                self._checksum = zlib.crc32(data, self._checksum)
            if len(self._head) == min(self.offset, MARK_BYTES):
                self._head += data[: MARK_BYTES - len(self._head)]
            self._tail = (self._tail + data)[-MARK_BYTES:]
        self.offset = stored

    def _local_checksum(self) -> Tuple[int, int]:
        found = size = 0
        with open(self.file, "rb", buffering=0) as stream:
            for block in iter(lambda: stream.read(BLOCK_BYTES), b""):
                found, size = zlib.crc32(block, found), size + len(block)
        return found, size


class _Lines(_Source):
    """A writer's spool: `line` is the number of the line that stands at `offset`."""

    line = 0

    def advance(self, destination: Destination) -> bool:
        data = self._whole_lines()
        if not data:
            return False
        try:
            stored = destination.append_lines(self.name, self.line, data)
        except Conflict:
            # The service has less than it said, as after a crash: no lines ask how many.
            stored = destination.append_lines(self.name, 0, b"")
        except InvalidRequest as error:
            stored = self._around(destination, data, error)
        self._follow(data, stored)
        return True

    def _follow(self, data: bytes, stored: int) -> None:
        """Go on behind what the service has now, which is mostly what was sent."""
        if stored == self.line + data.count(b"\n"):
            self.offset, self.line = self.offset + len(data), stored
        else:
            self._seek(stored)

    def _around(self, destination: Destination, data: bytes, error: InvalidRequest) -> int:
        """Bring the lines before the first one that is refused, or set that one aside."""
        stored = destination.append_lines(self.name, 0, b"")
        if stored != self.line:
            return stored  # a sender before us has come further
        lines = [line + b"\n" for line in data.split(b"\n")[:-1]]
        while len(lines) > 1:
            half = lines[: len(lines) // 2]
            try:
                return destination.append_lines(self.name, self.line, b"".join(half))
            except InvalidRequest as refused:
                lines, error = half, refused
        _keep_refused(self.file, lines[0])
        return destination.append_lines(self.name, self.line, _in_place_of(error, self.name))

    def _whole_lines(self) -> bytes:
        data = self._read()
        end = data.rfind(b"\n") + 1
        if end or len(data) < BLOCK_BYTES:
            return data[:end]
        # One line is longer than a block: a large table logged at once.
        with open(self.file, "rb") as stream:
            stream.seek(self.offset)
            line = stream.readline()
        return line if line.endswith(b"\n") else b""

    def _seek(self, line: int) -> None:
        """Find the byte at which a line begins: the service has more, or less, than we sent."""
        with open(self.file, "rb") as stream:
            for passed in range(line):
                if not stream.readline().endswith(b"\n"):
                    self.dead = True  # it has lines that this file lacks: not this file's writer
                    self.line = passed
                    return
            self.line, self.offset = line, stream.tell()


def _keep_refused(spool_file: str, line: bytes) -> None:
    """Add a line to the writer's refused ones, unless a sender before us has."""
    path = spool_file[: -len(SPOOL_SUFFIX)] + REFUSED_SUFFIX
    with open(path, "a+b") as stream:
        stream.seek(0)
        if line not in stream.readlines():
            stream.write(line)


def _in_place_of(error: InvalidRequest, writer: str) -> bytes:
    """The line that is sent for one that is refused, so that those behind it keep their numbers."""
    reason = f"{error.message}; kept in {REFUSED_LOG.format(writer)}"
    line = {"n": "", "k": "lost", "v": reason, "s": None, "t": time.time_ns() // 1000}
    return json.dumps(line).encode("ascii") + b"\n"
