"""What a node has fetched, kept for the next run on it: files by a key, in one folder.

    <cache>/<first two letters of the key>/<the rest>

Keys are SHA-256 in hex: of a content, or of what tells one version of a datastore's file from
another. A file is copied out of the cache, never linked, for a job may write into its own files.
The cache has a bound, and leaves a part of the disk free; what was used longest ago goes first.
Agents share it without a lock: a file appears whole or not at all, and one that another agent
removes meanwhile is fetched again.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import List, Tuple

from runyard.client.copying import copy

MOST_BYTES = 50 << 30
# What is left free of the disk: what jobs write matters more than what could be fetched again.
FREE_SHARE, FREE_BYTES = 0.05, 20 << 30
# Trimmed a little further than needed, so that the next job need not trim at once.
TRIMMED_SHARE = 0.9
PRIVATE = 0o700


class NodeCache:
    """The files that a node keeps.

    Args:
        root: The folder; made when the first file is kept. "" for a node that keeps nothing.
        most: Bytes that it may hold.
    """

    def __init__(self, root: str, most: int = MOST_BYTES) -> None:
        self._root = root
        self._most = most
        self._has_grown = False

    def copied(self, key: str, size: int, target: str) -> bool:
        """Copy what is kept to its place; say whether it was there.

        Args:
            key: Its key.
            size: How long it must be: after a power cut a file may have lost its bytes.
            target: The new file.
        """
        place = self._place(key)
        try:
            if not place or os.stat(place).st_size != size:
                return False
            copy(place, target)
            os.utime(place)
        except OSError:
            return False
        return os.path.getsize(target) == size

    def keep(self, key: str, source: str) -> None:
        """Take a file in, if there is room for it."""
        size = os.path.getsize(source)
        place = self._place(key)
        if not place or size > self._most or self._free(place) - size < 0:
            return
        draft = f"{place}.{os.getpid()}-{os.urandom(4).hex()}"
        # A cache that cannot be written costs the next run its time, and this one nothing.
        with suppress(OSError):
            os.makedirs(os.path.dirname(place), PRIVATE, exist_ok=True)
            try:
                copy(source, draft)
                os.replace(draft, place)
                self._has_grown = True
            finally:
                with suppress(FileNotFoundError):
                    os.unlink(draft)

    def trim(self) -> None:
        """Remove what was used longest ago, if too much was taken in."""
        if not self._has_grown:
            return
        found = self._files()
        total = sum(size for _, size, _ in found)
        over = max(total - self._most, -self._free(self._root))
        if over <= 0:
            return
        over += int(total * (1 - TRIMMED_SHARE))
        for _, size, place in sorted(found):
            if over <= 0:
                return
            with suppress(OSError):
                os.unlink(place)
                over -= size

    def _files(self) -> List[Tuple[float, int, str]]:
        """When each file was last used, its size and its place."""
        found = []
        with suppress(OSError):
            for folder in os.scandir(self._root):
                for entry in os.scandir(folder.path):
                    with suppress(FileNotFoundError):
                        stat = entry.stat()
                        found.append((stat.st_mtime, stat.st_size, entry.path))
        return found

    def _free(self, place: str) -> int:
        """Bytes that may still be taken of the disk; below zero where too little is free."""
        while place and not os.path.exists(place):
            place = os.path.dirname(place)
        disk = os.statvfs(place or os.curdir)
        kept = min(int(disk.f_blocks * disk.f_frsize * FREE_SHARE), FREE_BYTES)
        return disk.f_bavail * disk.f_frsize - kept

    def _place(self, key: str) -> str:
        return os.path.join(self._root, key[:2], key[2:]) if self._root else ""
