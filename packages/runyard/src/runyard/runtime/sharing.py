"""One build for many askers: the right to build, and the log that all of them show.

The right is a lock on a file, so that it is gone with its last holder, however that ended. Whoever
does not get it follows the log of the one that has it.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Callable

from runyard.runtime.installing import BuildFailed
from runyard.runtime.job import Canceled

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Optional, Type

LOOK_SECONDS = 0.1

Canceling = Callable[[], bool]


class BuildLock:
    """The right to build one environment: a lock on a file, gone with its last holder.

    Args:
        path: The file; made where it is missing, never removed.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self.descriptor = -1

    def __enter__(self) -> BuildLock:  # noqa: PYI034 - Self needs a newer Python
        self.descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        os.close(self.descriptor)

    def take(self) -> bool:
        """Take the lock if nobody has it.

        Raises:
            BuildFailed: The file system has no locks.
        """
        import fcntl

        try:
            fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            raise BuildFailed(
                f"the file system of '{self._path}' has no locks ({error.strerror}); set "
                "RUNYARD_HOME to a folder on a local disk"
            ) from error
        return True


class SharedLog:
    """The log of a build, which its builder writes and everybody who waits shows.

    Args:
        path: The file.
        show: Takes what is new in it.
    """

    def __init__(self, path: str, show: Callable[[bytes], None]) -> None:
        self.path = path
        self._show = show
        self._shown = 0
        self._begun = time.monotonic()

    def restart(self) -> None:
        """Begin an empty log; only the builder does."""
        self._shown = 0
        self._begun = time.monotonic()
        with open(self.path, "wb"):
            pass

    def append(self, data: bytes) -> None:
        """Write what another log has, and show it."""
        try:
            with open(self.path, "ab") as stream:
                stream.write(data)
        except OSError:
            self._show(data)
            return
        self.copy()

    def say(self, text: str) -> None:
        """Write a line, with the seconds since the build began, and show it."""
        line = f"[{time.monotonic() - self._begun:6.1f} s] {text}\n".encode("utf-8", "replace")
        try:
            with open(self.path, "ab") as stream:
                stream.write(line)
        except OSError:
            # The disk is full, and the reader must still learn that.
            self._show(line)
            return
        self.copy()

    def copy(self) -> None:
        """Show what is new; a log that became shorter was begun again."""
        try:
            with open(self.path, "rb") as stream:
                if os.fstat(stream.fileno()).st_size < self._shown:
                    self._shown = 0
                stream.seek(self._shown)
                data = stream.read()
        except FileNotFoundError:
            return
        self._shown += len(data)
        if data:
            self._show(data)


def wait(lock: BuildLock, shared: SharedLog, canceled: Canceling) -> bool:
    """Wait for the right to build, following the log of its holder; say whether there was a wait.

    Args:
        lock: The environment's lock.
        shared: The log that its holder writes.
        canceled: Says whether to give up.

    Raises:
        Canceled: Given up.
    """
    waited = False
    while not lock.take():
        waited = True
        shared.copy()
        if canceled():
            raise Canceled
        time.sleep(LOOK_SECONDS)
    return waited
