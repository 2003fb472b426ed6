"""A file on its way here, with which a download that was killed goes on.

What has come lies beside the file's place, as `.<hash>.part`. The hash is of the file's name and
of what tells its version from others, so whoever asks for the same file again finds it, and nobody
who asks for another. A lock keeps two downloads of one file apart: the second begins anew, under a
name of its own. What is small, or of a version that nobody told, does not outlive its download.
"""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, BinaryIO, Callable, Optional, Type

from runyard.client import copying

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from typing_extensions import Self

# Less than this is fetched again sooner than anybody asks for it again.
KEPT_BYTES = 4 << 20
BLOCK_BYTES = 1 << 20


class PartFile:
    """A file that is written beside its place; use it in a `with` block.

    Args:
        target: Its place; the folder exists.
        version: What tells this version of the file from others; "" if nothing does.

    Attributes:
        path: Where it is until it is whole.
        size: How many bytes have come, also those of an earlier download.
    """

    def __init__(self, target: Path, version: str) -> None:
        self._target = target
        self._placed = False
        self._kept = False
        known = _hash(f"{target.name}\0{version}") if version else ""
        file = locked(target.parent / f".{known}.part") if known else None
        self._keeps = file is not None
        self.path = target.parent / f".{known if file else os.urandom(16).hex()}.part"
        self._file: BinaryIO = file or self._fresh()
        self.size = self._file.seek(0, os.SEEK_END)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        broken = error is not None and self._keeps and self.size >= KEPT_BYTES
        # Before it is closed, which ends the lock: else it could be another download's by then.
        if not (self._placed or broken):
            self.path.unlink()
        self._file.close()

    def _fresh(self) -> BinaryIO:
        try:
            return self.path.open("x+b")
        except OSError as error:
            # The part is nobody's but ours.
            error.filename = str(self._target)
            raise

    def add(self, data: bytes) -> None:
        """Write the next bytes."""
        self._file.write(data)
        self.size += len(data)

    def receive(self, act: Callable[[BinaryIO], bool]) -> bool:
        """Have somebody add to the file, who is given it open at its end."""
        try:
            return act(self._file)
        finally:
            self.size = self._file.tell()

    def hashed(self) -> hashlib._Hash:
        """Hash what has come so far."""
        digest = hashlib.sha256()
        if self.size:
            self._file.flush()
            with self.path.open("rb", buffering=0) as file:
                for block in copying.blocks(file):
                    digest.update(block)
        return digest

    def restart(self) -> None:
        """Drop what has come."""
        self._file.seek(0)
        self._file.truncate()
        self.size = 0

    def place(self, executable: bool) -> None:
        """Rename the file to its place: it is whole."""
        self._file.flush()
        if executable:
            self.path.chmod(self.path.stat().st_mode | 0o111)
        self.path.replace(self._target)
        self._placed = True


def _hash(text: str) -> str:
    return hashlib.sha256(os.fsencode(text)).hexdigest()[:32]


def locked(path: Path) -> Optional[BinaryIO]:
    """Open a file for this process alone, made if it is missing; None where that cannot be had."""
    try:
        import fcntl
    except ImportError:
        return None
    # Others may write to the folder, and know the name.
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
    while True:
        try:
            # Not truncated: what an earlier download brought is what is wanted.
            file = os.fdopen(os.open(str(path), flags, 0o666), "r+b")
        except OSError:
            # Somebody else's, for example, in a folder that several people share.
            return None
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Whoever had the lock may have given the file its place since it was opened here.
            if os.path.samestat(path.stat(), os.fstat(file.fileno())):
                return file
        except FileNotFoundError:
            pass
        except BlockingIOError:
            file.close()
            return None
        except OSError:
            # A file system without locks, as some networks' are: nothing of it is to stay there.
            if not os.fstat(file.fileno()).st_size:
                path.unlink()
            file.close()
            return None
        file.close()
