"""A file that this process appends to, through a descriptor that others may close under it.

Launchers and daemon helpers close every descriptor they do not know, and the next file that the
script opens gets the same number. So before each write the descriptor is compared with the file
that was opened (device and inode; about a microsecond), and opened again if it is another's now.

The lock tells others that the process lives. It goes with the descriptor, so a file may have been
taken for a dead process's before it is opened again; then it is gone for good.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Optional

if TYPE_CHECKING:
    from pathlib import Path

APPEND = os.O_WRONLY | os.O_APPEND | getattr(os, "O_CLOEXEC", 0)
OWNER_ONLY = 0o600


class OwnFile:
    """A file opened for appending; it is locked (shared) as long as its descriptor is open.

    Args:
        path: The file, absolute.
        new: Whether it must not be there yet.
    """

    def __init__(self, path: Path, new: bool = False) -> None:
        self._path = path
        self._reopening = threading.Lock()
        self._torn = False
        self._open(os.O_CREAT | (os.O_EXCL if new else 0))

    def write(self, data: bytes) -> None:
        """Append bytes with one system call, or as few as it takes.

        Raises:
            FileNotFoundError: The descriptor was closed, and the file taken by somebody since.
        """
        try:
            found = os.fstat(self._descriptor)
        except OSError:
            self._again()
        else:
            if found.st_ino != self._inode or found.st_dev != self._device:
                self._again()
        if self._torn:
            # A full disk cut the line before: what follows must not be glued to it.
            data = b"\n" + data
        # One call: with O_APPEND lines of several threads never mix, and no lock is needed.
        done = os.write(self._descriptor, data)
        self._torn = False
        # A short write happens on a full disk alone; the next one raises, with the line half there.
        while done < len(data):
            self._torn = True
            done += os.write(self._descriptor, data[done:])
            self._torn = False

    def close(self) -> None:
        """Close the file, unless its descriptor is another's by now."""
        # Its number may be a file of the script's by now, which must stay open.
        if self._is_ours():
            os.close(self._descriptor)

    def _open(self, flags: int) -> None:
        descriptor = os.open(str(self._path), APPEND | flags, OWNER_ONLY)
        locked = _lock(descriptor)
        found = os.fstat(descriptor)
        self._device, self._inode = found.st_dev, found.st_ino
        self._descriptor = descriptor
        # Between opening and locking somebody may have taken the file and removed it.
        if not (locked and self._is_in_place()):
            self.close()
            raise FileNotFoundError(f"{self._path} was taken by another process")

    def _is_ours(self) -> bool:
        try:
            found = os.fstat(self._descriptor)
        except OSError:
            return False
        return (found.st_dev, found.st_ino) == (self._device, self._inode)

    def _is_in_place(self) -> bool:
        found = self._path.stat()
        return (found.st_dev, found.st_ino) == (self._device, self._inode)

    def _again(self) -> None:
        with self._reopening:
            if not self._is_ours():
                self._open(0)


def _lock(descriptor: int) -> bool:
    """Take the shared lock; False if somebody has the file for itself."""
    try:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except (ImportError, OSError):
        return True  # a file system without locks: the writer's process id has to do
    return True


def take(path: Path) -> Optional[int]:
    """Open the file of a process that has ended, and keep everybody else out of it.

    Args:
        path: The file; its name begins with the process's id.

    Returns:
        The descriptor that holds the lock; None while the process lives, or another has the file.
    """
    try:
        descriptor = os.open(str(path), os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
    except OSError:
        return None
    try:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        free = False
    except (ImportError, OSError):
        free = not lives(writer_of(path))
    else:
        free = True
    if free:
        return descriptor
    os.close(descriptor)
    return None


def writer_of(path: Path) -> int:
    """The id of the process that writes a file, as its name tells; our own if it does not."""
    process = path.name.partition("-")[0]
    return int(process) if process.isdigit() else os.getpid()


def lives(process: int) -> bool:
    """Whether there is a process of this id."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
