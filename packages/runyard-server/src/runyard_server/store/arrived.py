"""A body that has come whole and lies in a file beside the stores.

What a client sends is written down as it comes, before any store is asked: a client that stalls
holds no thread. A store on the same file system takes the file itself. What has come of a body
that can be gone on with outlives its request, and the service, as a draft (`drafts`).
"""

import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from runyard_server.store import writeback
from runyard_server.store.folders import CHUNK, TEMPORARY_PREFIX, Body

# Below it, beginning early gains nothing over the one wait at the end.
_EARLY_BYTES = 8 << 20
_BUFFER = 256 << 10


class Arrived:
    """A file with what has come so far; gone when it is closed, unless it was renamed or kept.

    Args:
        path: The file.
        file: The same, open for reading and writing, at the end of what came before.
        hashed: Whether the digest is computed on the way.
        draft: Whether the rest may come in a later request.
    """

    def __init__(self, path: Path, file: BinaryIO, *, hashed: bool, draft: bool = False) -> None:
        self.path = path
        self.file = file
        self.size = 0
        self._draft = draft
        self._sha = hashlib.sha256() if hashed else None
        self._begun = 0
        self._kept = False

    @property
    def digest(self) -> str | None:
        """The SHA-256 of what has come, None if it was not computed."""
        return None if self._sha is None else self._sha.hexdigest()

    def add(self, data: bytes) -> None:
        """Write the next bytes."""
        self.file.write(data)
        self._count(data)
        if self.size - self._begun >= _EARLY_BYTES:
            self.file.flush()
            writeback.begin(self.file.fileno(), self._begun, self.size - self._begun)
            self._begun = self.size

    def go_on(self, offset: int) -> None:
        """Take the first `offset` bytes of the file as having come, and drop the others."""
        self.file.truncate(offset)
        # What a client on this machine has copied here is read now, and written at the same time.
        writeback.begin(self.file.fileno(), 0, offset)
        self.file.seek(0)
        # One buffer for all, and at most up to `offset`: that is where the file ends now.
        buffer = memoryview(bytearray(_BUFFER))
        while self.size < offset and (count := self.file.readinto(buffer)):  # type: ignore[attr-defined]
            self._count(buffer[:count])
        self._begun = offset

    def _count(self, data: bytes | memoryview) -> None:
        self.size += len(data)
        if self._sha is not None:
            self._sha.update(data)

    def rewind(self) -> None:
        """Let reading begin: all has come."""
        self.file.seek(0)

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes, b"" at the end."""
        return self.file.read(size)

    def keep(self) -> None:
        """Leave a draft where it is when this is closed: the body broke off."""
        self._kept = self._draft

    def close(self) -> None:
        """Remove the file, if it still has its name and is not kept."""
        # First: closing ends a draft's lock, and from then on it may be somebody else's.
        if not self._kept and self._has_name():
            self.path.unlink(missing_ok=True)
        # Closing flushes, which fails again on a full disk; the first error is the one to tell.
        with suppress(OSError):
            self.file.close()

    def _has_name(self) -> bool:
        """Whether the name is still this file's: of a draft that got its place it may be free."""
        try:
            return os.path.samestat(self.path.stat(), os.fstat(self.file.fileno()))
        except FileNotFoundError:
            return False


def fresh(folder: Path, *, hashed: bool) -> Arrived:
    """Make the file for a body, under a name that the next start sweeps.

    Args:
        folder: Where it lies, made if it is missing.
        hashed: Whether the digest is computed on the way.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{TEMPORARY_PREFIX}{os.getpid()}-{secrets.token_hex(6)}"
    # To be read, too: a store on another file system copies what has come.
    return Arrived(path, path.open("x+b"), hashed=hashed)


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
    written = fresh(folder, hashed=hashed)
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
