"""Batches of small files: on the disk as one log each before the files themselves are.

A file system brings one file of a megabyte to the disk much faster than five hundred of two
kilobytes. So what is acknowledged is a log, written and synced while the files are written
without waiting for the disk. A file gets its name when its log is on the disk, and a few seconds
after the last batch all is synced at once, with nobody waiting, and the logs are removed. Where
the machine stopped before that, the next start finds the log, and writes anew what was lost. Where
the sync fails, the files are written anew from the logs until that succeeds.
"""

import logging
import os
import secrets
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from pathlib import Path

from runyard.protocol import procfs
from runyard.protocol.batches import Content, join, split
from runyard.protocol.errors import InvalidRequest
from runyard_server.store import writeback
from runyard_server.store.folders import sync_folder

FOLDER = ".batches"
# Long enough that a folder of thousands is settled once, short enough that few are to be repaired.
SETTLE_SECONDS = 3.0
# A disk that refused to write is asked again when somebody may have made room.
RETRY_SECONDS = 30.0
_SUFFIX = ".batch"
# In place of the boot in a log's name: whoever finds it trusts nothing of its files.
_FAILED = "failed"
_WRITERS = 4

_log = logging.getLogger(__name__)

# Brings a file to the disk: its name, its content, and whether to trust nothing that is there.
Put = Callable[[str, bytes, bool], None]


class BatchLogs:
    """The logs of one store; every method may be called from any thread.

    Args:
        folder: Where they lie, on the file system of the store.
        settle_seconds: After which all is synced and the logs are removed.
    """

    def __init__(self, folder: Path, settle_seconds: float = SETTLE_SECONDS) -> None:
        self._folder = folder
        self._seconds = settle_seconds
        self._lock = threading.Lock()
        self._finished: list[tuple[Path, Put]] = []
        self._failed: list[tuple[Path, Put]] = []
        self._timer: threading.Timer | None = None
        self._count = 0

    def begin(self, files: Iterable[tuple[str, bytes]]) -> "Future[Path]":
        """Write the log of a batch; its place is given once it is on the disk.

        Args:
            files: Names and contents.
        """
        body = join(Content(name, data) for name, data in files)
        with self._lock:
            self._count += 1
            path = self._folder / f"{_mark()}-{self._count}{_SUFFIX}"
        return _writers().submit(_written, path, body)

    def finish(self, log: Path, put: Put) -> None:
        """Take note that all files of a log have their names: the next settling removes it.

        Args:
            log: The log.
            put: What its files are written anew with, should the disk refuse them.
        """
        with self._lock:
            self._finished.append((log, put))
            self._wake(self._seconds)

    def _wake(self, seconds: float) -> None:
        """Settle in a while, if that is not coming anyway; under the lock."""
        if self._timer is None:
            self._timer = threading.Timer(seconds, self.settle)
            # What it would have removed, the next start does.
            self._timer.daemon = True
            self._timer.start()

    def drop(self, log: "Future[Path]") -> None:
        """Remove the log of a batch that failed; nobody was told that it is kept."""
        if not log.cancel():
            with suppress(OSError):
                log.result().unlink(missing_ok=True)

    def settle(self) -> None:
        """Sync all files and remove their logs."""
        with self._lock:
            logs, self._finished, self._timer = self._finished, [], None
            failed, self._failed = self._failed, []
        try:
            while failed:
                self._write_anew(*failed[-1])
                failed.pop()
            writeback.all_of(self._folder)
        except FileNotFoundError:
            return  # with the whole store
        except OSError:
            _log.exception("batches could not be brought to the disk; they will be written anew")
            # A kernel tells of a failed write once, and takes those pages for written from then
            # on: another sync would succeed and mean nothing.
            self._keep([*failed, *((_distrusted(log), put) for log, put in logs)])
            return
        for log, _ in logs:
            log.unlink(missing_ok=True)

    def _write_anew(self, log: Path, put: Put) -> None:
        for name, data in _contents(log):
            put(name, data, True)  # noqa: FBT003 - `Put` says what it is
        log.unlink(missing_ok=True)

    def _keep(self, failed: list[tuple[Path, Put]]) -> None:
        with self._lock:
            self._failed += failed
            self._wake(RETRY_SECONDS)

    def recover(self, put: Put) -> int:
        """Write anew what the machine lost when it stopped; return how many logs there were.

        Before the store is used, and only by who holds it.

        Args:
            put: Brings a file to the disk.
        """
        lost = 0
        for log in self._left():
            # While the machine lives, what a killed service has written is in its memory.
            if not log.name.startswith(_boot()):
                lost += 1
                for name, data in _contents(log):
                    put(name, data, log.name.startswith(_FAILED))
            self.finish(log, put)
        return lost

    def _left(self) -> Iterator[Path]:
        """The logs that no living process goes on with."""
        if not self._folder.is_dir():
            return
        for log in sorted(self._folder.iterdir()):
            boot, _, rest = log.name.partition("_")
            pid = rest.partition("-")[0]
            # Several services may share a database and this folder.
            living = boot in (_boot(), _FAILED) and Path(f"/proc/{pid or '-'}").exists()
            if not living or pid == str(os.getpid()):
                yield log


@cache
def of(folder: Path) -> BatchLogs:
    """The logs in a folder: one object for each, for what it counts is the folder's."""
    return BatchLogs(folder)


def _distrusted(log: Path) -> Path:
    """The same log under a name that says so, for a service that comes after a kill."""
    renamed = log.with_name(f"{_FAILED}_{log.name.partition('_')[2]}")
    try:
        log.rename(renamed)
    except OSError:
        return log
    return renamed


def _written(path: Path, body: bytes) -> Path:
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        return _written(path, body)
    try:
        rest = memoryview(body)
        while rest:
            rest = rest[os.write(file, rest) :]
        os.fsync(file)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    finally:
        os.close(file)
    sync_folder(path.parent)
    return path


def _contents(log: Path) -> Iterator[tuple[str, bytes]]:
    """The files of a log, as far as it goes: one that ends early was never acknowledged."""
    with log.open("rb") as file:
        try:
            for name, data in split(file.read):
                if data is not None:
                    yield name, data
        except InvalidRequest:
            return


@cache
def _boot() -> str:
    return procfs.boot()


@cache
def _mark() -> str:
    return f"{_boot()}_{os.getpid()}-{secrets.token_hex(4)}"


@cache
def _writers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_WRITERS, thread_name_prefix="batch-logs")
