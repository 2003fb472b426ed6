"""Starts the gateway of a state folder, unless one lives.

A gateway holds a lock for its life, by which it is known to live however its starter ended. One
that is started beside another by mistake waits for the lock, and ends without having served.
"""

import fcntl
import logging
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

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
        self._started: subprocess.Popen[bytes] | None = None

    def ensure(self) -> None:
        """Start it unless one lives, or is about to.

        Raises:
            OSError: That cannot be done.
        """
        if self._started is not None:
            status = self._started.poll()
            if status is None:
                return
            _log.warning("the gateway has ended with %d", status)
            self._started = None
        self._folder.mkdir(mode=0o700, exist_ok=True)
        if not self._is_held():
            self._spawn()

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

    def _spawn(self) -> None:
        with (self._folder / GATEWAY_LOG).open("ab") as log:
            os.fchmod(log.fileno(), 0o600)
            self._started = subprocess.Popen(
                self._command(self._home),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._home,
                start_new_session=True,
            )
        _log.info("started the gateway, process %d", self._started.pid)
