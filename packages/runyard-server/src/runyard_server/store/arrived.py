"""A body that has come whole and lies in a file beside the stores.

What a client sends is written down as it comes, before any store is asked: a client that stalls
holds no thread and no lock. A store on the same file system takes the file itself.
"""

import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from runyard_server.store.folders import CHUNK, TEMPORARY_PREFIX, Body


class Arrived:
    """A temporary file with what has come so far; gone when it is closed, unless it was renamed.

    Args:
        folder: Where it lies, made if it is missing.
        hashed: Whether the digest is computed on the way.
    """

    def __init__(self, folder: Path, *, hashed: bool) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"{TEMPORARY_PREFIX}{os.getpid()}-{secrets.token_hex(6)}"
        # To be read, too: a store on another file system copies what has come.
        self.file: BinaryIO = self.path.open("x+b")
        self.size = 0
        self._sha = hashlib.sha256() if hashed else None

    @property
    def digest(self) -> str | None:
        """The SHA-256 of what has come, None if it was not computed."""
        return None if self._sha is None else self._sha.hexdigest()

    def add(self, data: bytes) -> None:
        """Write the next bytes."""
        self.file.write(data)
        self.size += len(data)
        if self._sha is not None:
            self._sha.update(data)

    def rewind(self) -> None:
        """Let reading begin: all has come."""
        self.file.seek(0)

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes, b"" at the end."""
        return self.file.read(size)

    def close(self) -> None:
        """Remove the file, if it still has its temporary name."""
        # Closing flushes, which fails again on a full disk; the first error is the one to tell.
        with suppress(OSError):
            self.file.close()
        self.path.unlink(missing_ok=True)


@contextmanager
def received(body: Body, folder: Path, *, hashed: bool) -> Iterator[Arrived]:
    """A body as a file that may be renamed to anywhere on the file system of `folder`.

    Args:
        body: What came; a file already if it is an `Arrived`.
        folder: Where it is written to otherwise.
        hashed: Whether its digest is needed.
    """
    if isinstance(body, Arrived) and _is_fit(body, folder, hashed=hashed):
        yield body
        return
    written = Arrived(folder, hashed=hashed)
    try:
        while chunk := body.read(CHUNK):
            written.add(chunk)
        yield written
    finally:
        written.close()


def _is_fit(body: Arrived, folder: Path, *, hashed: bool) -> bool:
    folder.mkdir(parents=True, exist_ok=True)
    # A rename works within one file system alone.
    same = folder.stat().st_dev == os.fstat(body.file.fileno()).st_dev
    return same and (body.digest is not None or not hashed)
