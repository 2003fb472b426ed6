"""Digests of a source folder's files, remembered while a file is as it was.

A file is as it was if size, time of change, time of change of its inode, inode and device are
equal. The inode's time cannot be set back, as `touch -r`, `cp -p` or `tar` do with the other. Like
git, we do not trust a file that was touched within the grain of time stamps before it was read:
it may change again and show the same time. Folders of many files are remembered in the state
folder, where there is one; all others by this process alone.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from typing import TYPE_CHECKING, Any, Dict, List, Optional

from runyard.client import home as homes

if TYPE_CHECKING:
    from pathlib import Path

# The coarsest time stamps are those of FAT, of two seconds.
SETTLED_NS = 2_000_000_000
KEPT_FROM = 200
KEPT_FOLDERS = 50
FOLDER = "hashes"

_known: Dict[str, Hashes] = {}


class Hashes:
    """What is known of one source folder's files.

    Args:
        file: Where it is kept; None: in this process.
    """

    def __init__(self, file: Optional[Path]) -> None:
        self._file = file
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
        if time.time_ns() - max(status.st_mtime_ns, status.st_ctime_ns) > SETTLED_NS:
            self._rows[name] = [*_facts(status), digest]
            self._changed = True

    def save(self) -> None:
        """Keep what is new for other processes; a disk that refuses costs hashing alone."""
        if self._file is None or not self._changed or len(self._rows) < KEPT_FROM:
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


def of(folder: Path) -> Hashes:
    """Read what is known of a folder's files."""
    key = str(folder.resolve())
    if key not in _known:
        home = homes.locate()
        name = hashlib.sha256(os.fsencode(key)).hexdigest()[:32]
        _known[key] = Hashes(home / FOLDER / f"{name}.json" if home.is_dir() else None)
    return _known[key]


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
