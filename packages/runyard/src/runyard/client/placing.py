"""Small files into their places: whole or not at all, and thousands a second."""

from __future__ import annotations

import itertools
import os
import uuid
from typing import Set

_BINARY = getattr(os, "O_BINARY", 0)


class Placing:
    """Writes many small files; several threads may use one.

    Args:
        overwrite: Whether files that are there are replaced.
    """

    def __init__(self, overwrite: bool) -> None:
        self.overwrite = overwrite
        self._made: Set[str] = set()
        self._mark = uuid.uuid4().hex
        self._numbers = itertools.count()

    def put(self, data: bytes, target: str, executable: bool) -> None:
        """Write a file under a name beside its place, then rename it.

        Args:
            data: Its content.
            target: Its place.
            executable: Whether it may be run.

        Raises:
            FileExistsError: Something is there and `overwrite` was not given.
            IsADirectoryError: A folder is there.
        """
        if not self.overwrite and os.path.exists(target):
            raise FileExistsError(f"{target} exists")
        folder = os.path.dirname(target)
        if folder not in self._made:
            os.makedirs(folder or ".", exist_ok=True)
            self._made.add(folder)
        # Not made of the target's name, which may be as long as a name can be.
        part = os.path.join(folder, f".{self._mark}-{next(self._numbers)}.part")
        try:
            self._write(part, data, 0o777 if executable else 0o666)
            os.replace(part, target)
        except BaseException:
            if os.path.exists(part):
                os.unlink(part)
            if os.path.isdir(target):
                raise IsADirectoryError(f"{target} is a folder") from None
            raise

    @staticmethod
    def _write(path: str, data: bytes, mode: int) -> None:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, mode)
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(file, rest) :]
        finally:
            os.close(file)
