"""Digests of a source folder's files, remembered while a file is as it was.

A file is as it was if size, time of change, time of change of its inode, inode and device are
equal. The inode's time cannot be set back, as `touch -r`, `cp -p` or `tar` do with the other. Like
git, we do not trust a file that was touched within the grain of time stamps before it was read:
it may change again and show the same time. Folders of many files are remembered in the state
folder, where there is one; all others by this process alone. So are large files, wherever they are,
for their hashing takes seconds.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from pathlib import Path
from typing import Any, Dict, List, Optional

from runyard.client import home as homes

# The coarsest time stamps are those of FAT, of two seconds.
SETTLED_NS = 2_000_000_000
KEPT_FROM = 200
KEPT_FOLDERS = 50
FOLDER = "hashes"
LARGE_BYTES = 64 << 20
KEPT_LARGE = 1000
_LARGE = "large.json"

_known: Dict[str, Hashes] = {}


class Hashes:
    """What is known of one source folder's files.

    Args:
        file: Where it is kept; None: in this process.
        least: Fewer are not worth a file.
    """

    def __init__(self, file: Optional[Path], least: int = KEPT_FROM) -> None:
        self._file = file
        self._least = least
        self._changed = False
        self._rows: Dict[str, Any] = {} if file is None else _load(file)

    def get(self, name: str, status: os.stat_result) -> Optional[str]:
        """The digest of a file that is as it was, else None."""
        row = self._rows.get(name)
        return str(row[-1]) if isinstance(row, list) and row[:-1] == _facts(status) else None

    def keep(self, name: str, status: os.stat_result, digest: str) -> None:
        """Remember a digest, if the file had settled.

        Args:
            name: Its path in the source folder.
            status: As it was before the file was read.
            digest: Its SHA-256 in hex.
        """
        if _is_settled(status):
            while len(self._rows) >= KEPT_LARGE and self._least == 1:
                # Popped, for threads that describe files may choose the same one.
                self._rows.pop(next(iter(self._rows)), None)
            self._rows[name] = [*_facts(status), digest]
            self._changed = True

    def forget(self, name: str) -> None:
        """Forget a file that is not what was remembered."""
        self._changed = self._rows.pop(name, None) is not None or self._changed

    def save(self) -> None:
        """Keep what is new for other processes; a disk that refuses costs hashing alone."""
        if self._file is None or not self._changed or len(self._rows) < self._least:
            return
        # A name of its own: several processes may submit the same folder.
        draft = self._file.with_name(f"{self._file.name}.{os.urandom(4).hex()}.tmp")
        try:
            self._file.parent.mkdir(mode=0o700, exist_ok=True)
            draft.write_text(json.dumps(self._rows, separators=(",", ":")), encoding="ascii")
            draft.replace(self._file)
            _forget_oldest(self._file.parent)
            self._changed = False
        except OSError:
            if draft.exists():
                draft.unlink()


def large(path: Path, file: int, anew: bool) -> Optional[str]:
    """The digest of a large file that is as it was, else None; small ones are not looked for.

    Args:
        path: The file.
        file: The same, open.
        anew: Whether to forget what is known.
    """
    status = os.fstat(file)
    if status.st_size < LARGE_BYTES:
        return None
    known = _of_large()
    if anew:
        known.forget(str(path.resolve()))
    return known.get(str(path.resolve()), status)


def can_keep(file: int) -> bool:
    """Prepare a large file, before it is read, for its digest to be remembered; say if it can be.

    Whoever writes by a mapping changes the file's times with the first write to a page alone, until
    that page was brought to the disk: so it is, and the next write changes them again. Where no
    disk is beneath, as in memory, a mapping may never change them.
    """
    status = os.fstat(file)
    if status.st_size < LARGE_BYTES or not _is_on_disk(status) or not _is_settled(status):
        return False
    try:
        os.fsync(file)
    except OSError:
        return False
    return True


def keep_large(path: Path, file: int, status: os.stat_result, digest: str) -> None:
    """Remember the digest of a large file, also for other processes.

    Args:
        path: The file.
        file: The same, open.
        status: As it was before it was read.
        digest: Its SHA-256 in hex.
    """
    if _facts(os.fstat(file)) != _facts(status):
        # Somebody writes to it.
        return
    known = _of_large()
    known.keep(str(path.resolve()), status, digest)
    known.save()


def _of_large() -> Hashes:
    home = homes.locate()
    key = str(home / FOLDER / _LARGE)
    if key not in _known:
        _known[key] = Hashes(Path(key) if home.is_dir() else None, 1)
    return _known[key]


def of(folder: Path) -> Hashes:
    """Read what is known of a folder's files."""
    key = str(folder.resolve())
    if key not in _known:
        home = homes.locate()
        name = hashlib.sha256(os.fsencode(key)).hexdigest()[:32]
        _known[key] = Hashes(home / FOLDER / f"{name}.json" if home.is_dir() else None)
    return _known[key]


def _is_on_disk(status: os.stat_result) -> bool:
    # File systems without a device of their own have the major number 0; Windows tells none.
    major = getattr(os, "major", None)
    return major is not None and major(status.st_dev) != 0


def _is_settled(status: os.stat_result) -> bool:
    return time.time_ns() - max(status.st_mtime_ns, status.st_ctime_ns) > SETTLED_NS


def _facts(status: os.stat_result) -> List[int]:
    return [
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
        status.st_ino,
        status.st_dev,
    ]


def _load(file: Path) -> Dict[str, Any]:
    try:
        rows = json.loads(file.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return {}
    return rows if isinstance(rows, dict) else {}


def _forget_oldest(folder: Path) -> None:
    """Remove what has not been written for the longest time, and what kills left half-way."""
    files = sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in files[KEPT_FOLDERS:]:
        path.unlink()
