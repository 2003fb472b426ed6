"""Copies files on this machine, sharing their blocks where the file system can (btrfs, XFS)."""

from __future__ import annotations

import errno
import os
from typing import Callable, Optional

BLOCK_BYTES = 1 << 20
CLONE_BYTES = 64 << 10
# The ioctl by which btrfs and XFS let two files share their blocks.
FICLONE = 0x40049409
_CLOEXEC = getattr(os, "O_CLOEXEC", 0)


def copy(source: str, target: str) -> None:
    """Copy a file's content to a new file, sharing the blocks where the file system can."""
    reader = os.open(source, os.O_RDONLY | _CLOEXEC)
    try:
        writer = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _CLOEXEC, 0o666)
        try:
            fill(reader, writer)
        finally:
            os.close(writer)
    finally:
        os.close(reader)


def fill(source: int, target: int, told: Optional[Callable[[int], object]] = None) -> None:
    """Copy all of a file to an empty one, both open.

    Args:
        source: A descriptor to read from.
        target: A descriptor to write to.
        told: Told the bytes as they are written, if given.
    """
    size = os.fstat(source).st_size
    if size >= CLONE_BYTES and _clone(source, target):
        if told is not None:
            told(size)
        return
    for block in iter(lambda: os.read(source, BLOCK_BYTES), b""):
        write_all(target, block)
        if told is not None:
            told(len(block))


def write_all(file: int, block: bytes) -> None:
    """Write all bytes to a descriptor."""
    done = os.write(file, block)
    while done < len(block):
        done += os.write(file, block[done:])


def _clone(source: int, target: int) -> bool:
    try:
        import fcntl

        fcntl.ioctl(target, FICLONE, source)
    except (ImportError, OSError):
        return False
    return True


def is_full(error: OSError) -> bool:
    """Whether an error says that no space is left."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)
