"""One service per state folder: a file lock, held for the life of the process.

The kernel drops the lock when the process dies, however it dies, so there is nothing to clean up
after a crash. Locks that only seem to work, as on network file systems, would let two services
write one database; such folders are refused.
"""

import fcntl
import json
import os
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path

from runyard.protocol.service import HOME_VARIABLE
from runyard_server.app.ending import ALREADY_RUNS, UNUSABLE_HOME, Ending
from runyard_server.store.home import Home

NETWORK = (
    *("nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "lustre", "gpfs", "beegfs", "ceph"),
    *("glusterfs", "fuse.sshfs", "fuse.glusterfs", "fuse.ceph", "fuse.rclone", "davfs"),
)
PATIENCE_SECONDS = 15.0
POLL_SECONDS = 0.05

Lock = Callable[[int, int], None]


class Claim:
    """The claim on a state folder; give it up with `release`.

    Args:
        home: The state folder; exists.
        lock: The system's file lock.
        shared: Share the folder with others that do: their database says which of them writes.

    Raises:
        Ending: The folder's file system has no locks, or another service has the folder.
    """

    def __init__(self, home: Home, lock: Lock = fcntl.flock, *, shared: bool = False) -> None:
        self._home = home
        self._lock = lock
        self._kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        if not shared:
            check_file_system(home.root, filesystem(home.root))
        # Not emptied yet: until the lock is had, the number in it is the running service's.
        self._file = os.open(home.life_lock, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            self._take()
            if not shared:
                self._check_exclusion()
            # Clients find the process of a service that does not answer by it.
            os.ftruncate(self._file, 0)
            os.write(self._file, f"{os.getpid()}\n".encode())
        except BaseException:
            os.close(self._file)
            raise

    def release(self) -> None:
        """Let the next service have the folder."""
        os.close(self._file)

    def holds(self) -> bool:
        """Whether the folder is still the claimed one: not removed, nor made anew since."""
        try:
            there, ours = self._home.life_lock.stat(), os.fstat(self._file)
        except FileNotFoundError:
            return False
        return (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino)

    def _take(self) -> None:
        """Take the lock, waiting for one who has no connection file: it starts or ends."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self._try(self._file):
            if time.monotonic() > deadline or self._home.connection_file.exists():
                raise Ending(ALREADY_RUNS, _already(self._home))
            time.sleep(POLL_SECONDS)

    def _try(self, file: int) -> bool:
        try:
            self._lock(file, self._kind | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            raise _no_locks(self._home.root, error.strerror or str(error)) from error
        return True

    def _check_exclusion(self) -> None:
        """Open the file a second time: a lock that lets itself be taken twice is none."""
        # flock belongs to an opened file. fcntl's locks belong to a process, which has them twice.
        second = os.open(self._home.life_lock, os.O_RDWR)
        try:
            if self._try(second):
                raise _no_locks(self._home.root, "a lock can be taken twice")
        finally:
            os.close(second)


def check_file_system(folder: Path, kind: str) -> None:
    """Refuse file systems whose locks do not hold between machines.

    Raises:
        Ending: It is one of those.
    """
    if kind in NETWORK:
        raise _no_locks(folder, f"it is a network file system, {kind}")


def filesystem(folder: Path) -> str:
    """The kind of file system a folder is on, "" where the system does not tell."""
    if not sys.platform.startswith("linux"):
        return ""
    real = os.path.realpath(folder)
    best, kind = "", ""
    try:
        lines = Path("/proc/self/mountinfo").read_text("utf-8", "surrogateescape").split("\n")
    except OSError:
        return ""
    for line in filter(None, lines):
        before, _, after = line.partition(" - ")
        point = _unescaped(before.split(" ")[4])
        inside = real == point or real.startswith(point.rstrip("/") + "/")
        # Of several mounts at one point the last one lies on top.
        if inside and len(point) >= len(best):
            best, kind = point, after.split(" ")[0]
    return kind


def _unescaped(point: str) -> str:
    """A mount point as it is called; the kernel writes spaces and backslashes as octal numbers."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), point)


def _no_locks(folder: Path, reason: str) -> Ending:
    return Ending(
        UNUSABLE_HOME,
        f"the state folder {folder} is on a file system without dependable locks ({reason}); "
        f"set {HOME_VARIABLE} to a folder on a local disk",
    )


def _already(home: Home) -> str:
    try:
        found = json.loads(home.connection_file.read_text("utf-8"))
        who = f"process {found['pid']} at {found['url']}"
    except (OSError, ValueError, KeyError, TypeError):
        who = "it does not say where; wait a moment, or look for it with: runyard status"
    return (
        f"a service already runs on {home.root}: {who}. Use it, stop it with `runyard stop`, or "
        f"set {HOME_VARIABLE} to another folder for a second one"
    )
