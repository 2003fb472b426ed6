"""Has the system bring a large file to the disk while the rest of it still comes.

Without it nothing is written before the `fsync` at the end, which then waits for all of it: the
disk rests while bytes come, and the client waits while the disk works.
"""

import ctypes
import os
from functools import cache
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
    call = _call()
    if call is not None:
        # Its own errors are those of the disk, which `fsync` tells, too.
        call(file, ctypes.c_int64(offset), ctypes.c_int64(size), _WRITE)


@cache
def _call() -> Any:
    """The system's call, None where it has none: Python offers it nowhere."""
    if os.uname().sysname != "Linux":
        return None
    return getattr(ctypes.CDLL(None), "sync_file_range", None)
