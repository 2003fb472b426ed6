"""Files below a folder that must not be left: checked paths, whole writes, sorted pages.

Paths from outside are relative, with forward slashes. Everything here refuses what would lead out
of its folder: `..`, absolute paths, backslashes, NUL, and links that point elsewhere.
"""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Protocol, Self

from runyard.protocol.errors import InvalidRequest, StorageFull
from runyard.protocol.paths import parts, unescaped, unfit

CHUNK = 1 << 20
TEMPORARY_PREFIX = ".runyard-"
# Where files lie until they are whole and get their names; what a kill leaves there is swept.
INCOMING = ".incoming"
_UNUSABLE = (errno.ENAMETOOLONG, errno.ELOOP, errno.EINVAL)
# EFBIG is a limit on sizes, of the process or the file system: as final as a full disk.
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Body(Protocol):
    """Raw bytes that come in: all that is asked of it is `read`."""

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes, b"" at the end."""
        ...


class Reading(Protocol):
    """Bytes that are read one after the other, in a `with` block."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None: ...

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes, b"" at the end."""
        ...


def checked(path: str) -> str:
    """A path from outside in its one spelling: `a/b`, without `.` and empty segments.

    Raises:
        InvalidRequest: It is empty, absolute, leads upwards or could not be a file's name.
    """
    try:
        segments = parts(path)
    except ValueError as error:
        raise _bad(path, str(error)) from None
    # Half of a surrogate pair passes through JSON, and is nothing that UTF-8 can say.
    if not is_text(path):
        raise _bad(path, "it is not UTF-8")
    whole = "/".join(segments)
    if reason := unfit(whole):
        raise _bad(path, f"it is {reason}")
    return whole


def is_text(name: str) -> bool:
    """Whether a name can be told in JSON; bytes that are not UTF-8 cannot."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def inside(root: Path, path: str, *, local: bool = False) -> Path:
    """The place of a path from outside below `root`, links followed.

    Args:
        root: The folder.
        path: The path.
        local: Whether others name the files there, so that percent signs in the path stand for
            what a local name may hold (see `runyard.protocol.paths`).

    Raises:
        InvalidRequest: The path is malformed or a link leads out of `root`.
    """
    whole = checked(path)
    place = root / (unescaped(whole) if local else whole)
    # Both ends resolved: the root may itself be a link, as /tmp is on macOS.
    real = Path(os.path.realpath(place))
    if not real.is_relative_to(os.path.realpath(root)):
        raise _bad(path, "it leads out of its folder")
    return place


def is_file(place: Path) -> bool:
    """Whether there is a file; a path longer than the system takes has none."""
    try:
        return place.is_file()
    except OSError:
        return False


@contextmanager
def usable(path: str) -> Iterator[None]:
    """Turn the system's word for a path that it cannot use into InvalidRequest.

    Args:
        path: What is being written, for the message.
    """
    try:
        yield
    except IsADirectoryError as error:
        raise _bad(path, "it is a folder") from error
    except NotADirectoryError as error:
        raise _bad(path, "a file has the name of one of its folders") from error
    except OSError as error:
        if error.errno in _UNUSABLE:
            raise _bad(path, f"the system says: {error.strerror}") from error
        raise


def make_parents(place: Path) -> None:
    """Make the folders above a place.

    Raises:
        NotADirectoryError: A file has the name of one of them.
    """
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise NotADirectoryError(str(place.parent)) from error


@contextmanager
def full_disk(what: str) -> Iterator[None]:
    """Turn the system's word for a full disk into StorageFull.

    Args:
        what: What was being written, for the message.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise StorageFull(
                f"no space is left to write {what}; nothing of it was kept. "
                "Free some space and try again"
            ) from error
        raise


@contextmanager
def temporary_file(folder: Path) -> Iterator[tuple[BinaryIO, Path]]:
    """Open a new file in `folder`; it is gone afterwards unless it was renamed."""
    folder.mkdir(parents=True, exist_ok=True)
    # Process and chance in the name: what a killed service left is known by its prefix.
    path = folder / f"{TEMPORARY_PREFIX}{os.getpid()}-{secrets.token_hex(6)}"
    file = path.open("xb")
    try:
        yield file, path
    finally:
        # Closing flushes, which fails again on a full disk; the first error is the one to tell.
        with suppress(OSError):
            file.close()
        path.unlink(missing_ok=True)


def sync(file: BinaryIO) -> None:
    """Bring what was written to `file` to the disk."""
    file.flush()
    os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Bring a folder's names to the disk, so that a rename survives a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_tree(root: Path) -> None:
    """Bring the names in a folder and in all below it to the disk, with the folder's own name."""
    for folder, _, _ in os.walk(root):
        sync_folder(Path(folder))
    sync_folder(root.parent)


def _bad(path: str, reason: str) -> InvalidRequest:
    return InvalidRequest(f"the path {path[:200]!r} cannot be used: {reason}")
