"""Logs of runs: append-only files, addressed by byte offset.

The courier of a job sends what a log has grown by, with the offset it begins at. Bytes that are
here already are passed over, so sending twice is harmless; a gap is refused with the size that is
here. Bytes go to the operating system at once and to the disk in its own time: after a power
cut the courier finds the smaller size and sends the rest again.
"""

import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from runyard.protocol.errors import WrongState
from runyard_server.store.folders import CHUNK, Body, checked, full_disk, inside

_STRIPES = 64


@dataclass(frozen=True)
class LogFile:
    """A log: its path within the run, its size in bytes, its last change in microseconds."""

    path: str
    size: int
    modified_at: int


class LogStore:
    """The logs below one folder, `<workspace>/<run>/<path>`; usable from any thread.

    Args:
        root: The folder, made when first needed.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._locks = [threading.Lock() for _ in range(_STRIPES)]

    def folder(self, workspace: str, run: str) -> Path:
        """Give the folder of a run's logs."""
        return inside(self.root, f"{workspace}/{run}")

    def path(self, workspace: str, run: str, path: str) -> Path:
        """Give the place of a log, whether it is there or not."""
        return inside(self.folder(workspace, run), path)

    def append(self, workspace: str, run: str, path: str, offset: int, body: Body) -> int:
        """Add to a log what `body` gives; return the log's size in bytes afterwards.

        Args:
            workspace: The workspace's id.
            run: The run's id.
            path: The log's path within the run.
            offset: Where the first byte of `body` stands in the log.
            body: The bytes.

        Raises:
            WrongState: Bytes between the log's end and `offset` are missing;
                `details["size"]` is what is here.
            StorageFull: No space is left; what was written before that is kept.
        """
        place = self.path(workspace, run, path)
        with self._locks[hash(place) % _STRIPES], full_disk(f"log {path}"):
            place.parent.mkdir(parents=True, exist_ok=True)
            with place.open("ab", buffering=0) as file:
                size = os.fstat(file.fileno()).st_size
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
        """Give a log's size in bytes, None where there is none of that name."""
        place = self.path(workspace, run, path)
        return place.stat().st_size if place.is_file() else None

    def list_(self, workspace: str, run: str) -> list[LogFile]:
        """Give a run's logs, by path."""
        folder = self.folder(workspace, run)
        return sorted(_walk(folder, ""), key=lambda log: log.path)


def _walk(folder: Path, prefix: str) -> Iterator[LogFile]:
    if not folder.is_dir():
        return
    with os.scandir(folder) as entries:
        for entry in entries:
            path = prefix + entry.name
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(Path(entry.path), path + "/")
            elif entry.is_file(follow_symlinks=False):
                status = entry.stat()
                yield LogFile(checked(path), status.st_size, status.st_mtime_ns // 1000)


def _pass_over(body: Body, count: int) -> None:
    while count > 0 and (chunk := body.read(min(count, CHUNK))):
        count -= len(chunk)


def _write_all(descriptor: int, chunk: bytes) -> int:
    view = memoryview(chunk)
    while view:
        view = view[os.write(descriptor, view) :]
    return len(chunk)
