"""Logs of runs: append-only files, addressed by byte offset.

The courier of a job sends what a log has grown by, with the offset it begins at. Bytes that are
here already are passed over, so sending twice is harmless; a gap is refused with the size that is
here. A file that was written anew replaces its log. Bytes go to the operating system at once and
to the disk in its own time: after a power cut the courier finds the smaller size and sends the
rest again.
"""

import os
import threading
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from runyard.protocol.errors import WrongState
from runyard.protocol.paths import unfit
from runyard_server.store.folders import (
    CHUNK,
    INCOMING,
    Body,
    full_disk,
    inside,
    is_file,
    make_parents,
    temporary_file,
    usable,
)

# Locks shared by hash: one for each log would have to be kept, and forgotten in time.
_STRIPES = 64


@dataclass(frozen=True)
class LogFile:
    """A log: its path within the run, its size in bytes, its last change in microseconds.

    `content` is another text when the log was replaced.
    """

    path: str
    size: int
    modified_at: int
    content: str = ""


class LogStore:
    """The logs below one folder, `<workspace>/<run>/<path>`; usable from any thread.

    Args:
        root: The folder, made when first needed.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._locks = [threading.Lock() for _ in range(_STRIPES)]

    def folder(self, workspace: str, run: str) -> Path:
        """The folder of a run's logs."""
        return inside(self.root, f"{workspace}/{run}")

    def path(self, workspace: str, run: str, path: str) -> Path:
        """The place of a log, whether it is there or not.

        Args:
            workspace: Id of the workspace.
            run: Id of the run.
            path: Its path.
        """
        return inside(self.folder(workspace, run), path)

    def append(
        self,
        workspace: str,
        run: str,
        path: str,
        offset: int,
        body: Body,
        *,
        anew: bool = False,
    ) -> int:
        """Add to a log what `body` gives; return the log's size in bytes afterwards.

        Args:
            workspace: The workspace's id.
            run: The run's id.
            path: The log's path within the run.
            offset: Where the first byte of `body` stands in the log.
            body: The bytes.
            anew: The log's file was written anew: what is here is replaced by `body`, whole or
                not at all; who reads the old content goes on reading it.

        Raises:
            InvalidRequest: A folder has the log's name, or a log that of one of its folders.
            WrongState: Bytes between the log's end and `offset` are missing;
                `details["size"]` is what is here.
            StorageFull: No space is left; what was written before that is kept.
        """
        place = self.path(workspace, run, path)
        with self._locks[hash(place) % _STRIPES], full_disk(f"log {path}"), usable(path):
            make_parents(place)
            if anew:
                return self._replace(place, body)
            # Locked, for two couriers may bring the same bytes at once after a restart.
            with place.open("ab", buffering=0) as file:
                size = os.fstat(file.fileno()).st_size
                # A hole would read as zeros, and nobody would bring what belongs there.
                if offset > size:
                    raise WrongState(
                        f"log {path!r} of run {run} has {size} bytes: send it from there, "
                        f"not from {offset}",
                        {"size": size},
                    )
                _pass_over(body, size - offset)
                while chunk := body.read(CHUNK):
                    size += _write_all(file.fileno(), chunk)
        return size

    def size(self, workspace: str, run: str, path: str) -> int | None:
        """A log's size in bytes, None where there is none of that name.

        Args:
            workspace: Id of the workspace.
            run: Id of the run.
            path: Its path.
        """
        place = self.path(workspace, run, path)
        return place.stat().st_size if is_file(place) else None

    def checksum(self, workspace: str, run: str, path: str) -> str:
        """The CRC-32 of a log in hex; that of no bytes where there is none of that name.

        Args:
            workspace: Id of the workspace.
            run: Id of the run.
            path: Its path.
        """
        place, found = self.path(workspace, run, path), 0
        if is_file(place):
            with place.open("rb") as file:
                while chunk := file.read(CHUNK):
                    found = zlib.crc32(chunk, found)
        return f"{found:08x}"

    def _replace(self, place: Path, body: Body) -> int:
        size = 0
        with temporary_file(self.root / INCOMING) as (file, temporary):
            while chunk := body.read(CHUNK):
                size += file.write(chunk)
            file.flush()
            # Not synced: after a power cut the courier brings again what is missing.
            temporary.replace(place)
        return size

    def list_(self, workspace: str, run: str) -> list[LogFile]:
        """A run's logs, by path."""
        return sorted(_walk(self.folder(workspace, run)), key=lambda log: log.path)

    def space(self, workspace: str, run: str) -> int:
        """Bytes of a run's logs.

        Args:
            workspace: Id of the workspace.
            run: Id of the run.
        """
        return sum(log.size for log in _walk(self.folder(workspace, run)))


def _walk(root: Path) -> Iterator[LogFile]:
    # By hand, not by recursion: a script may make a tree deeper than Python's stack.
    waiting = [(str(root), "")]
    while waiting:
        folder, prefix = waiting.pop()
        try:
            with os.scandir(folder) as found:
                entries = list(found)
        except FileNotFoundError:
            continue
        for entry in entries:
            path = prefix + entry.name
            if unfit(path):
                continue
            if entry.is_dir(follow_symlinks=False):
                waiting.append((entry.path, path + "/"))
            elif entry.is_file(follow_symlinks=False):
                status = entry.stat()
                modified = status.st_mtime_ns // 1000
                # A log that was replaced is another file: followers know it by its inode.
                yield LogFile(path, status.st_size, modified, str(status.st_ino))


def _pass_over(body: Body, count: int) -> None:
    while count > 0 and (chunk := body.read(min(count, CHUNK))):
        count -= len(chunk)


def _write_all(descriptor: int, chunk: bytes) -> int:
    view = memoryview(chunk)
    # On a disk that is nearly full a write takes less than it is given.
    while view:
        view = view[os.write(descriptor, view) :]
    return len(chunk)
