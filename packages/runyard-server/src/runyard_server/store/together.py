"""Many small files at once: written, synced and named by a few threads together.

A file system commits once for all who wait for it, so sixteen threads that sync a file each are
about forty times as fast as one that syncs file after file (1,000 files: 0.08 s instead of 3.8 s).
One `syncfs` would take even less, but only while nobody else writes: it waits for every dirty
page of the file system (0.6 s beside a job that had just written 1 GB, where this took 0.08 s).
It also hides which file could not be written.
"""

import itertools
import os
import secrets
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TypeVar

from runyard.protocol.errors import InvalidRequest
from runyard_server.store.folders import TEMPORARY_PREFIX, make_parents, sync_folder

Item = TypeVar("Item")
Result = TypeVar("Result")

# 1,000 files of 2 kB take 0.08 s so, and 3.8 s one after the other (ext4): a file system commits
# once for all who wait.
THREADS = 16
SHARE = 16
# What lies in memory at once, whatever a batch brings.
GROUP_FILES = 512
GROUP_BYTES = 8 << 20

# To take the next of it is one step, so threads get different ones without a lock.
_numbers = itertools.count()


def groups(contents: Iterable[tuple[str, bytes]]) -> Iterator[list[tuple[str, bytes]]]:
    """Cut contents that come one by one into groups that memory can hold, no name twice in one.

    What came before an error of `contents` is given before the error.
    """
    group: dict[str, bytes] = {}
    size = 0
    try:
        for name, data in contents:
            # The same content under many names is common (empty files), and is written once.
            if group.get(name) == data:
                continue
            # A group's files are written at once: of two contents for one name the later must stay.
            if name in group or len(group) >= GROUP_FILES or size + len(data) > GROUP_BYTES:
                yield list(group.items())
                group, size = {}, 0
            group[name] = data
            size += len(data)
    except InvalidRequest:
        yield list(group.items())
        raise
    yield list(group.items())


def each(work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """Do the same for each item in the threads; the first error is raised when all have ended."""
    every = list(items)
    shares = [every[start : start + SHARE] for start in range(0, len(every), SHARE)]
    tasks = [_threads().submit(_all, work, share) for share in shares]
    # All are waited for, also after an error: none may write while the caller cleans up.
    errors = [error for error in [task.exception() for task in tasks] if error is not None]
    if errors:
        raise errors[0]
    return [result for task in tasks for result in task.result()]


def _all(work: Callable[[Item], Result], items: list[Item]) -> list[Result]:
    return [work(item) for item in items]


def is_there(place: str) -> bool:
    """Whether something has that name."""
    return os.path.exists(place)


def size(place: str) -> int:
    """The size of a file in bytes.

    Raises:
        FileNotFoundError: There is none.
    """
    return os.stat(place).st_size


def write(incoming: str, place: str, data: bytes, mode: int, *, overwrite: bool) -> list[str]:
    """Write a small file whole or not at all, its bytes on disk before it has its name.

    Args:
        incoming: An existing folder on the same file system, for the time before.
        place: Where it goes; folders above it are made.
        data: The bytes.
        mode: Of the new file, less the process's mask.
        overwrite: Whether a file that is there is replaced.

    Returns:
        The folders that `sync_folders` must bring to the disk before the name is lasting.

    Raises:
        FileExistsError: It is there and `overwrite` is False.
        IsADirectoryError: A folder has that name.
        NotADirectoryError: A file has the name of one of the folders.
    """
    temporary = f"{incoming}/{_mark()}-{next(_numbers)}"
    try:
        _write(temporary, data, mode)
        # Folders are mostly there: trying is cheaper than looking before each file.
        try:
            _name(temporary, place, overwrite=overwrite)
            return [os.path.dirname(place)]
        except FileNotFoundError:
            changed = make_folders(place)
            _name(temporary, place, overwrite=overwrite)
            return changed
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


def draft(incoming: str, data: bytes, mode: int) -> str:
    """Write a small file without waiting for the disk; return its temporary name.

    Args:
        incoming: An existing folder on the file system where it is to be.
        data: The bytes.
        mode: Of the new file, less the process's mask.
    """
    temporary = f"{incoming}/{_mark()}-{next(_numbers)}"
    _write(temporary, data, mode, durable=False)
    return temporary


def name(temporary: str, place: str) -> None:
    """Rename a draft to its place, whatever is there; folders above it are made."""
    try:
        os.replace(temporary, place)
    except FileNotFoundError:
        make_folders(place)
        os.replace(temporary, place)


def sync_folders(folders: Iterable[str]) -> None:
    """Bring the names in these folders to the disk, each folder once."""
    each(sync_folder, [Path(folder) for folder in set(folders)])


def _write(path: str, data: bytes, mode: int, *, durable: bool = True) -> None:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(file, rest) :]
        if durable:
            # Before the name: else a power cut leaves a name with an empty file, as ext4 may.
            os.fsync(file)
    finally:
        os.close(file)


def _name(temporary: str, place: str, *, overwrite: bool) -> None:
    if overwrite:
        os.replace(temporary, place)
    else:
        # Unlike a rename, a link fails where the name exists: of two writers one wins.
        os.link(temporary, place)
        os.unlink(temporary)


def make_folders(place: str) -> list[str]:
    """Make the missing folders above a place; give the last and those in which one was made."""
    changed = [os.path.dirname(place)]
    while not os.path.isdir(changed[-1]):
        changed.append(os.path.dirname(changed[-1]))
    make_parents(Path(place))
    return changed


@cache
def _mark() -> str:
    return f"{TEMPORARY_PREFIX}{os.getpid()}-{secrets.token_hex(4)}"


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(THREADS, thread_name_prefix="small-files")
