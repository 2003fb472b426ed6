"""Which process holds a state folder, also when it does not answer.

The service holds a lock on `service.lock` for its life and writes its process id there; the kernel
drops the lock with the process. So the lock tells the truth where the connection file may be stale
and the service may hang, sleep or be stopped.

Processes that serve one database of PostgreSQL share the lock. Of these the one that leads counts,
by the connection file, else the one that came last.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import NamedTuple, Optional

from runyard.client import home as homes
from runyard.protocol import procfs
from runyard.protocol.service import LIFE_LOCK
from runyard.protocol.timeouts import FORCED_STOP_SECONDS, KILL_SECONDS

POLL_SECONDS = 0.05


class Holder(NamedTuple):
    """The process that holds a state folder.

    Attributes:
        pid: Its id.
        since: When it took the folder, in seconds since 1970.
        stopped: Whether it is stopped, as by SIGSTOP or Ctrl-Z.
    """

    pid: int
    since: float
    stopped: bool


def is_held(home: Path) -> bool:
    """Whether a living service holds the folder's lock."""
    return _is_taken(home / LIFE_LOCK) or _sharing(home) is not None


def _is_taken(lock: Path) -> bool:
    """Whether somebody has the lock alone."""
    import fcntl

    try:
        with lock.open("r") as handle:
            # Shared, or two clients that look at once would take each other for the service.
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return False


def find(home: Path) -> Optional[Holder]:
    """The process that holds the folder; None when nobody does, or when it cannot be told who."""
    lock = home / LIFE_LOCK
    if not _is_taken(lock):
        return _sharing(home)
    try:
        pid = int(lock.read_text("ascii"))
        since = lock.stat().st_mtime
    except (OSError, ValueError):
        return None
    return Holder(pid, since, _is_stopped(pid)) if _has_open(pid, lock) else None


def _sharing(home: Path) -> Optional[Holder]:
    """Of the processes that share the folder the one that counts."""
    # A shared lock looks as a client's own look at it does, so what counts is who has the file
    # open, which Linux alone tells.
    if not sys.platform.startswith("linux"):
        return None
    lock = home / LIFE_LOCK
    told = homes.connection_file(home)
    leads = homes.read_connection(told)
    try:
        if leads is not None and _has_open(leads.pid, lock):
            return Holder(leads.pid, told.stat().st_mtime, _is_stopped(leads.pid))
        pid = int(lock.read_text("ascii"))
        since = lock.stat().st_mtime
        return Holder(pid, since, _is_stopped(pid)) if _has_open(pid, lock) else None
    except (OSError, ValueError):
        return None


def end(home: Path, pid: int) -> str:
    """End the process that holds the folder; give the name of the signal that did it.

    SIGTERM first, SIGKILL when it is still there after some seconds. A process id is only used as
    long as that process holds the lock.

    Args:
        home: The state folder.
        pid: The process, as `find` gave it.

    Raises:
        TimeoutError: It does not end, as when it hangs in a file system.
    """
    for number, seconds in ((signal.SIGTERM, FORCED_STOP_SECONDS), (signal.SIGKILL, KILL_SECONDS)):
        if not _send(home, pid, number):
            return number.name
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = find(home)
            if found is None or found.pid != pid:
                return number.name
            time.sleep(POLL_SECONDS)
    raise TimeoutError(f"process {pid} does not end, not even by SIGKILL")


def _send(home: Path, pid: int, number: signal.Signals) -> bool:
    found = find(home)
    if found is None or found.pid != pid:
        return False
    try:
        os.kill(pid, number)
        # A stopped process takes no SIGTERM before it goes on.
        os.kill(pid, signal.SIGCONT)
    except ProcessLookupError:
        return False
    return True


def _has_open(pid: int, lock: Path) -> bool:
    """Whether a process has the lock file open; where the system does not tell, its word counts."""
    if not sys.platform.startswith("linux"):
        return True
    wanted = lock.stat()
    try:
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            try:
                seen = entry.stat()
            except OSError:
                continue
            if (seen.st_dev, seen.st_ino) == (wanted.st_dev, wanted.st_ino):
                return True
    except OSError:
        return False
    return False


def _is_stopped(pid: int) -> bool:
    return procfs.stat(pid)[:1] in (["T"], ["t"])
