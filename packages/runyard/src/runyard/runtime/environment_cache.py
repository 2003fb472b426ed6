"""The environments that a node has made, within a bound: what was used longest ago goes first.

    <environments>/<digest>.used    held by each agent whose job is in it, and by the processes that
                                    it starts; its time is the last use
    <packages>.used                 held by each build, which links files from there

Files are linked from the installer's cache, so an environment that goes frees nothing until the
packages go that no other is linked from. All that both folders hold counts therefore as one, and
is counted after a build. What an agent holds stays, however large it is: locks are gone with their
process. An agent takes hold before it looks whether the environment is there, so that none is
removed in between.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from contextlib import contextmanager, suppress
from typing import Iterator, List, Set, Tuple

from runyard.runtime.folder import read_json
from runyard.runtime.sharing import BuildLock

READY = "ready.json"
USED = ".used"
_BLOCK = 512
_PRIVATE = 0o600
# uv unpacks each package into a folder of its own in one of these.
_ARCHIVES = "archive-v"
_PIP = "pip"


def hold(folder: str) -> int:
    """Have an environment stay as long as this process lives; give the descriptor that does it.

    Waits while somebody removes it, which takes a second or two.
    """
    os.makedirs(os.path.dirname(folder), exist_ok=True)
    descriptor = _opened(folder + USED)
    # Where the file system has no locks nothing is removed, either.
    with suppress(OSError):
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        os.utime(folder + USED)
    return descriptor


def remove(folder: str) -> None:
    """Remove an environment; the mark goes first, so that a rest of it is never taken for one."""
    if not os.path.isdir(folder):
        return
    if read_json(os.path.join(folder, READY)) is not None:
        os.unlink(os.path.join(folder, READY))
    shutil.rmtree(folder)


class EnvironmentCache:
    """The environments of a node, and the packages that they are linked from.

    Args:
        environments: The folder of the environments.
        packages: The folder of the installer's cache.
        most: Bytes that both may hold together; 0: no bound.
    """

    def __init__(self, environments: str, packages: str, most: int) -> None:
        self._environments = environments
        self._packages = packages
        self._most = most

    @contextmanager
    def building(self) -> Iterator[None]:
        """Keep all packages while an environment is made of them."""
        os.makedirs(os.path.dirname(self._packages), exist_ok=True)
        descriptor = _opened(self._packages + USED)
        try:
            with suppress(OSError):
                fcntl.flock(descriptor, fcntl.LOCK_SH)
            yield
        finally:
            os.close(descriptor)

    def trim(self) -> List[str]:
        """Remove what is too much, as far as nobody uses it; give the environments that went."""
        gone: List[str] = []
        # What cannot be removed costs room, and must not cost the job that has just been given its.
        with suppress(OSError):
            if self._most and self._held() > self._most:
                self._drop_packages()
                for place in self._oldest_first():
                    if self._held() <= self._most:
                        break
                    if _removed(place):
                        gone.append(os.path.basename(place))
                        self._drop_packages()
        return gone

    def _held(self) -> int:
        """Bytes of both folders; a file with several names counts once."""
        seen: Set[Tuple[int, int]] = set()
        total = 0
        for top in (self._environments, self._packages):
            for folder, _, names in os.walk(top):
                for name in names:
                    with suppress(FileNotFoundError):
                        stat = os.lstat(os.path.join(folder, name))
                        if (stat.st_dev, stat.st_ino) not in seen:
                            seen.add((stat.st_dev, stat.st_ino))
                            total += stat.st_blocks * _BLOCK
        return total

    def _oldest_first(self) -> List[str]:
        found = []
        for name in os.listdir(self._environments):
            place = os.path.join(self._environments, name)
            mark = os.path.join(place, READY)
            if os.path.exists(mark):
                used = place + USED
                found.append((os.path.getmtime(used if os.path.exists(used) else mark), place))
        return [place for _, place in sorted(found)]

    def _drop_packages(self) -> None:
        """Remove the packages that no environment is linked from, unless one is being made."""
        descriptor = _opened(self._packages + USED)
        try:
            if not _is_alone(descriptor):
                return
            for name in os.listdir(self._packages):
                place = os.path.join(self._packages, name)
                if name.startswith(_ARCHIVES):
                    archives = [os.path.join(place, each) for each in os.listdir(place)]
                    for archive in archives:
                        if not _is_linked(archive):
                            shutil.rmtree(archive, ignore_errors=True)
                elif name == _PIP:
                    shutil.rmtree(place, ignore_errors=True)
        finally:
            os.close(descriptor)


def _removed(place: str) -> bool:
    """Remove an environment that no agent holds and nobody builds; say whether it went."""
    descriptor = _opened(place + USED)
    try:
        with BuildLock(place + ".lock") as lock:
            if not (_is_alone(descriptor) and lock.take()):
                return False
            remove(place)
            with suppress(FileNotFoundError):
                os.unlink(place + ".log")
            return True
    finally:
        os.close(descriptor)


def _is_linked(archive: str) -> bool:
    """Whether a file of a package has another name: in an environment."""
    return any(
        os.lstat(os.path.join(folder, name)).st_nlink > 1
        for folder, _, names in os.walk(archive)
        for name in names
    )


def _is_alone(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _opened(path: str) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT, _PRIVATE)
