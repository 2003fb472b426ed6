"""Copies files on this machine, sharing their blocks where the file system can (btrfs, XFS)."""

from __future__ import annotations

import errno
import os
from io import FileIO
from typing import Callable, Iterator, Optional, Union

BLOCK_BYTES = 1 << 20
BUFFER_BYTES = 256 << 10
STEP_BYTES = 64 << 20
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
    if not _in_kernel(source, target, told):
        for block in blocks(FileIO(source, closefd=False)):
            write_all(target, block)
            if told is not None:
                told(len(block))


def blocks(reader: FileIO, most: Optional[int] = None) -> Iterator[memoryview]:
    """Read a file in blocks, each of which is gone when the next is read.

    Args:
        reader: The file, without a buffer.
        most: No more bytes than that; None: to its end.
    """
    # One buffer for all: for each new one the system would have to clear its pages, which takes
    # twice as long as copying does.
    buffer = memoryview(bytearray(BUFFER_BYTES))
    left = most
    while left is None or left > 0:
        count = reader.readinto(buffer if left is None else buffer[:left])
        if not count:
            return
        left = None if left is None else left - count
        yield buffer[:count]


def write_all(file: int, block: Union[bytes, memoryview]) -> None:
    """Write all bytes to a descriptor."""
    done = os.write(file, block)
    while done < len(block):
        done += os.write(file, block[done:])


def _in_kernel(source: int, target: int, told: Optional[Callable[[int], object]]) -> bool:
    """Copy without a detour through this process, a fifth of the work; say whether it was done."""
    call = getattr(os, "copy_file_range", None)
    moved = 0
    while call is not None:
        try:
            count = call(source, target, STEP_BYTES)
        except OSError:
            # Old kernels and some file systems refuse; once begun it is the disk that is full.
            if moved:
                raise
            return False
        if not count:
            break
        moved += count
        if told is not None:
            told(count)
    # Files that the kernel makes up as they are read seem to be empty.
    return moved > 0


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
