"""Room that the state folder keeps back, so that a service starts although the disk is full.

SQLite cannot open a database without some room beside it, and clients find the service by a file.
So a file of two megabytes is made while there is room, and removed by a start that finds none: what
is there can be read, and what does not fit is refused as it is by a service that the disk fills
under.
"""

import os
from pathlib import Path

# What opening a new database takes that was killed: its whole log, 1.1 MB, comes into the file.
RESERVED_BYTES = 2 << 20
PLENTY_BYTES = 16 << 20
_LEAST_BYTES = 1 << 17


def keep(file: Path, *, scarce: bool = False) -> None:
    """Keep room back, unless that is done.

    Args:
        file: What takes the room.
        scarce: Take what there is, where there is not plenty: the next start needs it.
    """
    if file.exists() or not (scarce or _free(file) >= PLENTY_BYTES):
        return
    size = RESERVED_BYTES
    while size >= _LEAST_BYTES and not _taken(file, size):
        size //= 2


def give_up(file: Path) -> bool:
    """Whether there is no other room, so that this was given up."""
    if _free(file) >= RESERVED_BYTES or not file.exists():
        return False
    file.unlink(missing_ok=True)
    return True


def _free(file: Path) -> int:
    there = os.statvfs(file.parent)
    return there.f_bavail * there.f_frsize


def _taken(file: Path, size: int) -> bool:
    try:
        with file.open("xb") as opened:
            os.posix_fallocate(opened.fileno(), 0, size)
    except OSError:
        file.unlink(missing_ok=True)
        return False
    return True
