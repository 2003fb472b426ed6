"""Files that come by and by: in parts, or in a body that broke off and is gone on with.

What has come is a draft, which gets its name once it is whole. Who loses the line asks how much is
here and sends the rest, also after a restart. When the answer to the last of it was lost, too, the
repeat finds a note of which file the draft became. What nobody has added to for a week is dropped
with the next upload.
"""

import fcntl
import hashlib
import os
import re
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from runyard.protocol.errors import InvalidRequest, TemporaryError, WrongState
from runyard_server.store.arrived import Arrived
from runyard_server.store.folders import CHUNK, Body, full_disk, sync

_KEPT_SECONDS = 7 * 86_400
# Nobody repeats a request later, and there is a note for each file.
_NOTED_SECONDS = 3600
_LOCK_SECONDS = 10.0
_TURN_SECONDS = 0.02
_WHOLE = ".whole"
_OURS = re.compile(r"[0-9a-f]{64}(\.whole)?")


class Draft:
    """A file of which a part has come.

    Args:
        path: Where it lies, on the file system of the file itself.
        size: How many bytes the whole file has.
    """

    def __init__(self, path: Path, size: int) -> None:
        self.path = path
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
            TemporaryError: Somebody else is sending the rest of the file just now.
            StorageFull: No space is left; what came before is kept.
        """
        if isinstance(body, Arrived) and body.path == self.path:
            there = self._finish(body.file, adopt)
            # Unless it has its place now, the next part is added to it.
            body.keep()
            return there
        with full_disk(f"file {self.path.name}"), self._locked(_LOCK_SECONDS) as file:
            there = file.seek(0, os.SEEK_END)
            if offset > there:
                raise _missing(there, offset)
            skip = there - offset
            while chunk := body.read(CHUNK):
                new, skip = chunk[skip:], max(0, skip - len(chunk))
                self._check(there + len(new))
                file.write(new)
                there += len(new)
            return self._finish(file, adopt)

    def taking(self, offset: int, *, hashed: bool) -> Arrived | None:
        """The draft as the file for a body that is about to come; None while another adds to it.

        Args:
            offset: Where the body begins in the file; what has come beyond is dropped.
            hashed: Whether the digest of all of it is needed.

        Raises:
            InvalidRequest: The offset is below zero.
            WrongState: Bytes before `offset` are missing; `details["size"]` is what is here.
        """
        if offset < 0:
            raise InvalidRequest(f"offset must be 0 or more, not {offset}")
        try:
            file = self._locked(0.0)
        except TemporaryError:
            return None
        there = file.seek(0, os.SEEK_END)
        body = Arrived(self.path, file, hashed=hashed, draft=True)
        if offset > there:
            if there:
                body.keep()
            body.close()
            raise _missing(there, offset)
        body.go_on(offset)
        return body

    def became(self, place: Path) -> bool:
        """Whether the file at a place is what the draft became when it was whole."""
        try:
            return self._note().read_text("ascii") == _identity(place.stat())
        except OSError:
            return False

    def forget(self) -> None:
        """Let nothing of this name count as having come whole."""
        self._note().unlink(missing_ok=True)

    def _finish(self, file: BinaryIO, adopt: Callable[[Path], None]) -> int:
        sync(file)
        status = os.fstat(file.fileno())
        self._check(status.st_size)
        if status.st_size == self.size:
            # Before the file has its place: a service that is killed in between has the draft, too.
            self._note().write_text(_identity(status), "ascii")
            adopt(self.path)
        return status.st_size

    def _check(self, size: int) -> None:
        if size > self.size:
            raise InvalidRequest(
                f"the file was said to have {self.size} bytes, and this part goes beyond"
            )

    def _note(self) -> Path:
        return self.path.with_name(self.path.name + _WHOLE)

    def _locked(self, seconds: float) -> BinaryIO:
        """Open the draft for this request alone; whoever comes after `seconds` may try again."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        _drop_old(self.path.parent)
        deadline = time.monotonic() + seconds
        while True:
            # Neither truncated nor appended to: what has come stays, and may be read.
            descriptor = self._opened()
            file = os.fdopen(descriptor, "r+b")
            if self._has(file):
                return file
            file.close()
            if time.monotonic() >= deadline:
                raise TemporaryError("another upload of this file is under way; try again later")
            time.sleep(_TURN_SECONDS)

    def _opened(self) -> int:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        try:
            return os.open(self.path, flags, 0o666)
        except PermissionError:
            # Who was killed when it was whole, and had no name yet, had made it read-only.
            self.path.chmod(0o600)
            return os.open(self.path, flags, 0o666)

    def _has(self, file: BinaryIO) -> bool:
        try:
            # Not waited for in the kernel: who streams the rest may take hours, or stall.
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Another request may have given the file its place since it was opened here.
            return os.path.samestat(self.path.stat(), os.fstat(file.fileno()))
        except (BlockingIOError, FileNotFoundError):
            return False


def has(place: Path, offset: int, body: Body) -> bool:
    """Whether a file has the bytes of a body; the body is read.

    Args:
        place: The file.
        offset: Where they are to be in it.
        body: The bytes.
    """
    with place.open("rb") as file:
        file.seek(offset)
        same = True
        while chunk := body.read(CHUNK):
            same = same and file.read(len(chunk)) == chunk
    return same


def named(folder: Path, name: str, size: int) -> Draft:
    """The draft of a file that no digest names.

    Args:
        folder: Where drafts lie, on the file system of the files themselves.
        name: What tells it from all others: path, size, and what its sender calls this version.
        size: How many bytes the whole file has.
    """
    return Draft(folder / hashlib.sha256(name.encode()).hexdigest(), size)


def sizes(folder: Path, digests: Iterable[str]) -> dict[str, int]:
    """How many bytes have come of those contents that have a draft.

    Args:
        folder: Where drafts lie.
        digests: The contents.
    """
    try:
        with os.scandir(folder) as entries:
            there = {entry.name for entry in entries}
    except FileNotFoundError:
        return {}
    found = {}
    # Nearly always there is none, and thousands are asked for.
    for digest in there.intersection(digests) if there else ():
        with suppress(FileNotFoundError):
            found[digest] = (folder / digest).stat().st_size
    return found


def _identity(status: os.stat_result) -> str:
    return f"{status.st_dev} {status.st_ino} {status.st_size} {status.st_mtime_ns}"


def _missing(there: int, offset: int) -> WrongState:
    return WrongState(
        f"{there} bytes of this file have come: send it from there, not from {offset}",
        {"size": there},
    )


def _drop_old(folder: Path) -> None:
    now = time.time()
    with os.scandir(folder) as entries:
        for entry in entries:
            if not _OURS.fullmatch(entry.name):
                continue
            kept = _NOTED_SECONDS if entry.name.endswith(_WHOLE) else _KEPT_SECONDS
            with suppress(FileNotFoundError):
                if entry.stat().st_mtime < now - kept:
                    Path(entry.path).unlink()
