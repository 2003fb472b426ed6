"""One large file on its way to the service, gone on with wherever it broke off.

The service keeps what has come of it, also when it or this process is killed. So before the first
byte, and after each break, it is asked how much that is, and the rest is sent.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, BinaryIO, Callable, NamedTuple, Optional, Tuple, cast

from runyard.client.blobs import Blobs
from runyard.client.datastores import Datastores
from runyard.protocol.errors import InvalidRequest, RunyardError, ServiceUnreachable, WrongState

if TYPE_CHECKING:
    from pathlib import Path

    from runyard.client.workspace_connection import WorkspaceConnection
    from runyard.protocol.datastores import WriteQuery

# Breaks in a row without a byte more at the service; a long upload may have many.
ATTEMPTS = 4
PAUSE_SECONDS = 0.5
# Less than this is sent again sooner than asked after.
RESUMED_BYTES = 4 << 20

Told = Callable[[int], object]


class Way(NamedTuple):
    """How one file is sent.

    Args:
        begun: Asks how many of its bytes have come; None: all, it has its place.
        send: Sends the rest: the open file, how many bytes, and from which on.
    """

    begun: Callable[[], Optional[int]]
    send: Callable[[BinaryIO, int, int], object]


def content(service: WorkspaceConnection, digest: str) -> Way:
    """Send a file by its digest."""
    blobs = Blobs(service)
    return Way(
        lambda: blobs.begun(digest),
        lambda file, size, offset: blobs.write(digest, file, size, offset),
    )


def datastore_file(
    service: WorkspaceConnection, datastore: str, name: str, part_of: WriteQuery
) -> Way:
    """Send a file to a datastore.

    Args:
        service: The workspace's connection.
        datastore: The datastore's name.
        name: The file's path on it.
        part_of: Its size, its version, and whether it replaces one that is there.
    """
    store = Datastores(service)

    def begun() -> Optional[int]:
        there = store.write_part(datastore, name, b"", 0, part_of).size
        return None if there == part_of.size else there

    return Way(
        begun,
        lambda file, size, offset: store.write_rest(datastore, name, file, size, offset, part_of),
    )


def version(path: Path) -> str:
    """What tells this version of a local file from others of its path."""
    status = path.stat()
    return f"{status.st_mtime_ns} {status.st_ctime_ns} {status.st_ino} {status.st_dev}"


def moment(path: Path) -> Tuple[int, int]:
    """What changes when somebody writes to a file: its size, and when it was written to."""
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def check_still(path: Path, before: Tuple[int, int]) -> None:
    """Refuse to call a file sent that was written to meanwhile, for which no digest speaks.

    One that only grew, as a log does, went as it was at first.

    Args:
        path: The file.
        before: Its `moment` before it was read.

    Raises:
        InvalidRequest: What went may be of two moments.
        OSError: It is gone.
    """
    now = moment(path)
    if now != before and now[0] <= before[0]:
        raise InvalidRequest(
            f"{path} changed while it was being sent, so what is on the datastore may be half of "
            "the one and half of the other; send it again, with overwrite, when nothing writes to "
            "it"
        )


def send(path: Path, size: int, way: Way, told: Told, begun: Optional[int] = 0) -> None:
    """Send a file.

    Args:
        path: The file.
        size: How many bytes of it: it may grow meanwhile.
        way: How.
        told: Told the bytes as they go, and less than none where some go again.
        begun: How many bytes have come before, where that is known; None: it is asked.

    Raises:
        InvalidRequest: The file changed, or the service refused it.
        ServiceUnreachable: The connection broke too often, or nothing answers.
        OSError: The file cannot be read.
    """
    failures = 0
    start = way.begun() if begun is None else begun
    sent = 0
    while start is not None:
        told(start - sent)
        with path.open("rb") as opened:
            file = _Counted(opened, start, told)
            try:
                way.send(cast("BinaryIO", file), size - start, start)
            except (ServiceUnreachable, WrongState, InvalidRequest) as error:
                if not _may_go_on(error, start):
                    raise
                failures += 1
                broke = error
            else:
                return
        sent = file.at
        there = _goes_on(broke, way, failures)
        if there is not None and there > start:
            failures = 0
        if failures >= ATTEMPTS:
            raise broke
        start = there
    told(size - sent)


def _may_go_on(error: RunyardError, start: int) -> bool:
    # What came before may have suffered, as by a power cut: only the digest of all tells.
    return bool(start) or not isinstance(error, InvalidRequest)


def _goes_on(broke: RunyardError, way: Way, failures: int) -> Optional[int]:
    """Find out from which byte on a file is sent after a break; None: from none."""
    if isinstance(broke, InvalidRequest):
        return 0
    if isinstance(broke, WrongState):
        return int(broke.details.get("size", 0))
    while True:
        time.sleep(PAUSE_SECONDS * failures)
        try:
            return way.begun()
        except ServiceUnreachable:
            failures += 1
            if failures > ATTEMPTS:
                raise


class _Counted:
    """A file from some byte on, as a body that is not sent twice: who sends asks first."""

    def __init__(self, file: BinaryIO, start: int, told: Told) -> None:
        self._file = file
        self._told = told
        self.at = file.seek(start, os.SEEK_SET)

    def seekable(self) -> bool:
        """Whether it may be read again from its start."""
        return False

    def read(self, size: int = -1) -> bytes:
        """Read the next bytes."""
        data = self._file.read(size)
        self.at += len(data)
        self._told(len(data))
        return data
