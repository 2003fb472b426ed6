"""Files that are sent in parts: added to a draft, which gets its name once it is whole.

Who loses the line sends a part anew and is told from where to go on, also after a restart. A draft
that nobody has added to for a week is dropped with the next upload.
"""

import fcntl
import hashlib
import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from runyard.protocol.errors import InvalidRequest, WrongState
from runyard_server.store.folders import CHUNK, Body, full_disk

UPLOADS = ".uploads"
_KEPT_SECONDS = 7 * 86_400


class Draft:
    """A file that comes in parts.

    Args:
        folder: Where drafts lie, on the file system of the files themselves.
        name: What tells it from all others: path, size, and what its sender calls this version.
        size: How many bytes the whole file has.
    """

    def __init__(self, folder: Path, name: str, size: int) -> None:
        self.path = folder / hashlib.sha256(name.encode()).hexdigest()
        self.size = size

    def add(self, offset: int, body: Body, adopt: Callable[[Path], None]) -> int:
        """Add a part; bytes that are there already are passed over.

        Args:
            offset: Where the part's first byte stands in the file.
            body: The part.
            adopt: Gives the whole file its place once all of it has come.

        Returns:
            How many bytes have come.

        Raises:
            WrongState: Bytes before `offset` are missing; `details["size"]` is what is here.
            InvalidRequest: It goes beyond the file's end.
            StorageFull: No space is left; what came before is kept.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        _drop_old(self.path.parent)
        with full_disk(f"file {self.path.name}"), self.path.open("ab") as file:
            # Two tabs may send the same file at once, and one of them have ended it meanwhile.
            fcntl.flock(file, fcntl.LOCK_EX)
            same = self.path.exists() and os.path.samestat(
                self.path.stat(), os.fstat(file.fileno())
            )
            there = os.fstat(file.fileno()).st_size if same else 0
            if offset > there or not same:
                raise WrongState(
                    f"{there} bytes of this file have come: send it from there, not from {offset}",
                    {"size": there},
                )
            skip = there - offset
            while chunk := body.read(CHUNK):
                new, skip = chunk[skip:], max(0, skip - len(chunk))
                if there + len(new) > self.size:
                    raise InvalidRequest(
                        f"the file was said to have {self.size} bytes, and this part goes beyond"
                    )
                file.write(new)
                there += len(new)
            file.flush()
            os.fsync(file.fileno())
            if there == self.size:
                adopt(self.path)
        return there


def _drop_old(folder: Path) -> None:
    limit = time.time() - _KEPT_SECONDS
    with os.scandir(folder) as entries:
        for entry in entries:
            with suppress(FileNotFoundError):
                if entry.stat().st_mtime < limit:
                    Path(entry.path).unlink()
