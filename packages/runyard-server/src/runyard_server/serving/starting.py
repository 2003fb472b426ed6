"""Starts the gateway of a state folder, unless one lives.

A gateway holds a lock for its life, by which it is known to live however its starter ended. One
that is started beside another by mistake waits for the lock, and ends without having served.
"""

import fcntl
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path

from runyard_server.serving import asking
from runyard_server.serving.table import GATEWAY_LOG, LOCK_FILE, SERVING_FOLDER

_MODULE = "runyard_server.serving"
_log = logging.getLogger(__name__)

Command = Callable[[Path], list[str]]


def command_line(home: Path) -> list[str]:
    """The gateway's command line."""
    # -P: not what lies in the state folder, which is the working folder, but what is installed.
    return [sys.executable, "-P", "-m", _MODULE, str(home)]


class GatewayProcess:
    """The gateway of a state folder, as whoever keeps it going sees it.

    Args:
        home: The state folder.
        command: Makes its command line; by default that of the real one.
    """

    def __init__(self, home: Path, command: Command | None = None) -> None:
        self._home = home
        self._folder = home / SERVING_FOLDER
        self._command = command or command_line
        self._child = 0

    def ensure(self) -> None:
        """Start it unless one lives, or is about to.

        Raises:
            OSError: That cannot be done.
        """
        if self._child and not self._has_ended():
            return
        self._folder.mkdir(mode=0o700, exist_ok=True)
        if not self._is_held():
            self._spawn()

    def renew(self) -> None:
        """Have a gateway of this version go on with what the one that lives has.

        Raises:
            GatewayGone: None lives.
        """
        asking.renew(self._folder, self._command(self._home))

    def _is_held(self) -> bool:
        """Whether a gateway lives, whoever has started it."""
        found = os.open(self._folder / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(found, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(found)
        return False

    def _has_ended(self) -> bool:
        """Whether the gateway that was started here is gone; nothing is left of it then."""
        try:
            pid, status = os.waitpid(self._child, os.WNOHANG)
        except ChildProcessError:
            pid, status = self._child, 0
        if pid:
            _log.warning("the gateway, process %d, has ended with status %d", pid, status)
            self._child = 0
        return bool(pid)

    def _spawn(self) -> None:
        command = self._command(self._home)
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        log = os.open(self._folder / GATEWAY_LOG, flags, 0o600)
        try:
            files = [
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_DUP2, log, 1),
                (os.POSIX_SPAWN_DUP2, log, 2),
            ]
            # A session of its own: a Ctrl-C in front of the service is not for the gateway.
            self._child = os.posix_spawn(
                command[0], command, os.environ, file_actions=files, setsid=True
            )
        finally:
            os.close(log)
        _log.info("started the gateway, process %d", self._child)
