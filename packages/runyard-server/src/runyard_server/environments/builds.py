"""One build for all of this service who ask at once: the others wait, and their logs show it.

The builder's own lock sees to it between processes (`runyard.runtime.sharing`); here it spares each
of many runs a process that would do nothing but wait.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from runyard_server.environments.failures import BuildCanceled

_LOOK_SECONDS = 0.1


class Turn:
    """One who asks for an environment, and what of the build's log it has shown.

    Args:
        shared: The log of the build.
        log_path: The asker's own.
    """

    def __init__(self, shared: Path, log_path: Path) -> None:
        self._shared = shared
        self._log_path = log_path
        self._shown = 0
        self.waited = False

    def follow(self) -> None:
        """Copy what is new in the build's log; one that became shorter was begun again."""
        try:
            with self._shared.open("rb") as stream:
                size = stream.seek(0, 2)
                stream.seek(self._shown if size >= self._shown else 0)
                data = stream.read()
                self._shown = stream.tell()
        except FileNotFoundError:
            return
        self._append(data)

    def begin(self) -> None:
        """Take over from one whose build has come to nothing."""
        if self.waited:
            self._append(b"the build before this one was broken off: beginning again\n")

    def _append(self, data: bytes) -> None:
        if data:
            self._log_path.parent.mkdir(parents=True, exist_ok=True)
            with self._log_path.open("ab") as log:
                log.write(data)


class Builds:
    """Who makes which environment."""

    def __init__(self) -> None:
        self._turns: dict[str, threading.Lock] = {}

    @contextmanager
    def turn(
        self, digest: str, shared: Path, log_path: Path, cancelled: Callable[[], bool]
    ) -> Iterator[Turn]:
        """Wait until nobody makes an environment, and let nobody else meanwhile.

        Args:
            digest: The lock's digest.
            shared: The log of whoever makes it.
            log_path: The log of who asks.
            cancelled: Says whether to give up; asked ten times a second.

        Raises:
            BuildCanceled: Given up.
        """
        lock, turn = self._turns.setdefault(digest, threading.Lock()), Turn(shared, log_path)
        while not lock.acquire(timeout=_LOOK_SECONDS):
            turn.waited = True
            turn.follow()
            if cancelled():
                raise BuildCanceled
        try:
            if turn.waited:
                turn.follow()
            yield turn
        finally:
            lock.release()
