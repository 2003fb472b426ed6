"""The environments that are made, as folders of the state folder: how large, how they were made.

A folder is named by its lock's digest, and complete once it has its mark, which is written last.
"""

import os
import secrets
import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from runyard_server.environments.environments import READY


@dataclass(frozen=True)
class Made:
    """One environment that is made.

    Args:
        digest: Its lock's digest.
        made_at: When it was complete, in microseconds since 1970.
    """

    digest: str
    made_at: int


def made(folder: Path) -> dict[str, Made]:
    """The environments that are complete, by digest.

    Args:
        folder: `environments/` of the state folder.
    """
    found = {}
    for path in folder.glob(f"*/{READY}"):
        digest = path.parent.name
        if not digest.startswith("."):
            found[digest] = Made(digest, path.stat().st_mtime_ns // 1000)
    return found


def build_log(folder: Path, digest: str) -> Path | None:
    """The log of how an environment was made, None where there is none.

    Args:
        folder: `environments/` of the state folder.
        digest: Its lock's digest, as the database has it.
    """
    path = folder / f"{digest}.log"
    return path if path.is_file() else None


def put_aside(folder: Path, digest: str) -> Path | None:
    """Take an environment out of the cache by one rename; what is left is removed by the caller.

    Args:
        folder: `environments/` of the state folder.
        digest: Its lock's digest, as the database has it.

    Returns:
        Where its files are now; None where it is not made.
    """
    if not (folder / digest / READY).exists():
        return None
    # A service that is killed now removes it when it starts: see Home.sweep.
    aside = folder / f"{digest}.{secrets.token_hex(4)}.tmp"
    (folder / digest).rename(aside)
    return aside


def discard(aside: Path) -> None:
    """Remove what `put_aside` gave; what cannot be removed is left to the next start."""
    shutil.rmtree(aside, ignore_errors=True)


class Sizes:
    """How large environments are: counted once each, for folders of 30,000 files take a while."""

    def __init__(self) -> None:
        self._known: dict[Made, int] = {}
        self._turn = threading.Lock()

    def known(self, folder: Path, found: Iterator[Made], seconds: float) -> dict[str, int]:
        """The sizes of environments, as far as they are counted after some time.

        Args:
            folder: `environments/` of the state folder.
            found: Which ones, those that matter most first.
            seconds: How long it may take.
        """
        end = time.monotonic() + seconds
        sizes = {}
        # One counts at a time: two would go through the same folders.
        with self._turn:
            for one in found:
                if one not in self._known and time.monotonic() < end:
                    self._known[one] = _size(folder / one.digest)
                if one in self._known:
                    sizes[one.digest] = self._known[one]
        return sizes


def _size(folder: Path) -> int:
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                total += Path(place, name).lstat().st_size
            except FileNotFoundError:
                continue
    return total
