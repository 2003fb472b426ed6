"""Has the system bring what was written to the disk, in ways that Python does not offer.

A large file begins to be written while the rest of it still comes. Otherwise nothing is written
before the `fsync` at the end, which then waits for all of it: the disk rests while bytes come,
and the client waits while the disk works. Many small files are synced with all of their file
system, which takes a small part of the time that one after the other would.
"""

import ctypes
import os
from functools import cache
from pathlib import Path
from typing import Any

# As the kernel's headers have it: begin to write, and wait for nothing.
_WRITE = 2


def begin(file: int, offset: int, size: int) -> None:
    """Begin to write a part of an open file; where that cannot be done nothing happens.

    Args:
        file: Its descriptor.
        offset: Where the part begins.
        size: Its bytes.
    """
    call = _call("sync_file_range")
    if call is not None:
        # Its own errors are those of the disk, which `fsync` tells, too.
        call(file, ctypes.c_int64(offset), ctypes.c_int64(size), _WRITE)


def all_of(folder: Path) -> None:
    """Bring everything of a folder's file system to the disk; waits also for what others wrote.

    Raises:
        OSError: Something could not be written.
    """
    call = _call("syncfs")
    if call is None:
        os.sync()
        return
    file = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if call(file):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), str(folder))
    finally:
        os.close(file)


@cache
def _call(name: str) -> Any:
    """A call of the system, None where it has none."""
    if os.uname().sysname != "Linux":
        return None
    return getattr(ctypes.CDLL(None, use_errno=True), name, None)
