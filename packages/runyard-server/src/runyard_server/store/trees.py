"""The files of a datastore: a folder, listed in order of the whole path, written whole.

Nothing is indexed: jobs write into the folder directly, so what is on the disk is what is listed.
Names that the wire cannot carry are listed, read and written as `runyard.protocol.paths` writes
them. A page reads only the folders that it touches.
"""

import errno
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice, takewhile
from pathlib import Path

from runyard.protocol.datastores import DRAFT_PREFIX
from runyard.protocol.errors import InvalidRequest
from runyard.protocol.paths import UPLOADS, escaped, unescaped, unfit
from runyard_server.store import together
from runyard_server.store.arrived import received
from runyard_server.store.folders import (
    Body,
    checked,
    full_disk,
    inside,
    is_file,
    sync,
    sync_folder,
    usable,
)

# A job may have removed what was listed, or made a path longer than the system takes.
_GONE = (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG)


@dataclass(frozen=True)
class TreeFile:
    """A file.

    Args:
        path: Below the root.
        size: In bytes.
        modified_at: Its last change, in microseconds.
        etag: What an object store calls this version of it.
    """

    path: str
    size: int
    modified_at: int
    etag: str = ""


class Tree:
    """A folder and all below it.

    Args:
        root: The folder.
        incoming: Where files are written before they get their names; on the same file system.
        drafts: Where files lie that come in parts, on the same file system; None: beside it.
    """

    def __init__(self, root: Path, incoming: Path, drafts: Path | None = None) -> None:
        self.root = root
        self._incoming = incoming
        # Where files lie that come in parts, and what tells this tree's apart from others'.
        self.drafts = drafts or incoming.with_name(UPLOADS)
        self.name = root.name

    def page(self, prefix: str, after: str | None, limit: int) -> list[TreeFile]:
        """Up to `limit` files whose path begins with `prefix` and is above `after`.

        Args:
            prefix: What their paths begin with.
            after: The last path that is known.
            limit: The most that are wanted.
        """
        return list(islice(self._walk(prefix, after or ""), limit))

    def find(self, path: str) -> Path | None:
        """The place of a file, None if there is no file at that path.

        Raises:
            InvalidRequest: The path is malformed or leads out of the tree.
        """
        place = inside(self.root, path, local=True)
        return place if is_file(place) else None

    def look(self, path: str) -> TreeFile | None:
        """What is known of a file, None if there is none at that path.

        Raises:
            InvalidRequest: The path is malformed or leads out of the tree.
        """
        place = self.find(path)
        if place is None:
            return None
        status = place.stat()
        return TreeFile(checked(path), status.st_size, status.st_mtime_ns // 1000)

    def remove(self, path: str) -> bool:
        """Remove a file, and the folders that it leaves empty; say whether it was there.

        Raises:
            InvalidRequest: The path is malformed or leads out of the tree.
        """
        place = self.find(path)
        if place is None:
            return False
        place.unlink(missing_ok=True)
        kept = self.root
        for folder in takewhile(lambda above: above != self.root, place.parents):
            try:
                folder.rmdir()
            except OSError:
                # It holds more, or a job has begun to write into it at this moment.
                kept = folder
                break
        with suppress(FileNotFoundError):
            sync_folder(kept)
        return True

    def contents(self, paths: Iterable[str]) -> Iterator[Path | None]:
        """The places of files one by one, None where `find` gives none or refuses."""
        folders = _Folders(self.root)
        for path in paths:
            try:
                place = folders.place(path)
            except InvalidRequest:
                yield None
            else:
                yield place if is_file(place) else None

    def write(self, path: str, body: Body, *, overwrite: bool) -> int:
        """Write a file whole or not at all; return its size in bytes.

        Args:
            path: Path below the root, from outside.
            body: The bytes.
            overwrite: Whether a file that is there is replaced.

        Raises:
            FileExistsError: It is there and `overwrite` is False.
            InvalidRequest: The path is malformed, is a folder, or leads through a file.
            StorageFull: No space is left; nothing is kept.
        """
        place = inside(self.root, path, local=True)
        with usable(path):
            # For an early refusal, before the body is read: what counts is the link below.
            _refuse_taken(place, overwrite=overwrite)
        incoming = received(body, self._incoming, hashed=False)
        with usable(path), full_disk(f"file {path}"), incoming as given:
            sync(given.file)
            self.adopt(path, given.path, overwrite=overwrite)
        return given.size

    def adopt(self, path: str, file: Path, *, overwrite: bool) -> None:
        """Move a whole file, which lies on this file system already, to its place.

        Args:
            path: Path below the root, from outside.
            file: The file.
            overwrite: Whether a file that is there is replaced.

        Raises:
            FileExistsError: It is there and `overwrite` is False.
            InvalidRequest: The path is malformed, is a folder, or leads through a file.
            StorageFull: No space is left; nothing is kept.
        """
        place = inside(self.root, path, local=True)
        with usable(path), full_disk(f"file {path}"):
            _refuse_taken(place, overwrite=overwrite)
            folders = together.make_folders(str(place))
            if overwrite:
                file.replace(place)
            else:
                # Unlike a rename, a link fails where the name exists: of two writers one wins.
                os.link(file, place)
                file.unlink()
            # Else a power cut takes back a file that the client was told is kept.
            for folder in folders:
                sync_folder(Path(folder))

    def write_many(
        self, files: Iterable[tuple[str, bytes]], *, overwrite: Callable[[str], bool]
    ) -> tuple[int, list[tuple[str, Exception]]]:
        """Write many small files; return how many are on disk now, and why others are not.

        What was given before `files` raises is written all the same.

        Args:
            files: Paths below the root, from outside, and their bytes.
            overwrite: Whether a file that is there is replaced, asked by its path.

        Raises:
            StorageFull: No space is left.
        """
        written = 0
        refused: list[tuple[str, Exception]] = []
        changed: set[str] = set()
        folders, incoming = _Folders(self.root), str(self._incoming)
        self._incoming.mkdir(parents=True, exist_ok=True)

        def put(file: tuple[str, bytes]) -> tuple[str, list[str], Exception | None]:
            try:
                with usable(file[0]):
                    place = folders.place(file[0])
                    replace = overwrite(file[0])
                    _refuse_taken(place, overwrite=replace)
                    done = together.write(incoming, str(place), file[1], 0o666, overwrite=replace)
            except (InvalidRequest, FileExistsError) as error:
                return file[0], [], error
            return file[0], done, None

        with full_disk("a batch of files"):
            try:
                for group in together.groups(files):
                    for path, places, error in together.each(put, group):
                        changed.update(places)
                        written += error is None
                        refused += [(path, error)] if error is not None else []
            finally:
                together.sync_folders(changed)
        return written, refused

    def _walk(self, prefix: str, after: str) -> Iterator[TreeFile]:
        """The files in order, skipping what cannot match or be named; nothing recurses."""
        start = self._start(prefix)
        waiting = [] if start is None else [iter(_entries(*start))]
        while waiting:
            path, entry = next(waiting[-1], (None, None))
            if path is None or entry is None:
                waiting.pop()
            elif path.endswith("/"):
                if _may_hold(path, prefix, after):
                    waiting.append(iter(_entries(entry.path, path)))
            elif path > after and path.startswith(prefix) and self._is_inside(entry):
                # Jobs work in the folder: what was listed may be gone by now.
                with suppress(FileNotFoundError):
                    status = entry.stat()
                    yield TreeFile(path, status.st_size, status.st_mtime_ns // 1000)

    def _start(self, prefix: str) -> tuple[str, str] | None:
        """The folder that has all files of a prefix, and its path with a "/"; None where none is.

        Beside what a step has made there lies what ten thousand others have, and to list all of
        them for each takes longer than all else that is done for one.
        """
        folder, above = str(self.root), ""
        for segment in prefix.split("/")[:-1]:
            name, above = unescaped(segment), f"{above}{segment}/"
            folder = f"{folder}/{name}"
            # As it would be found by listing: no link is followed, and no draft is shown.
            odd = name in ("", ".", "..") or "\0" in name or escaped(name) != segment
            if odd or name.startswith(DRAFT_PREFIX) or unfit(above[:-1]) or not _is_folder(folder):
                return None
        return folder, above

    def _is_inside(self, entry: "os.DirEntry[str]") -> bool:
        """Whether a link stays in the tree; what leads out is not shown."""
        if not entry.is_symlink():
            return True
        return Path(os.path.realpath(entry.path)).is_relative_to(os.path.realpath(self.root))


class _Folders:
    """Places of files below a root, links of each folder followed only once."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._known: dict[str, Path] = {}

    def place(self, path: str) -> Path:
        """The place of a path from outside; see `inside`."""
        folder, _, name = checked(path).rpartition("/")
        if folder not in self._known:
            place = inside(self._root, folder, local=True) if folder else self._root
            self._known[folder] = place
        place = self._known[folder] / unescaped(name)
        # A link may lead anywhere: it takes the long way.
        return inside(self._root, path, local=True) if place.is_symlink() else place


def _refuse_taken(place: Path, *, overwrite: bool) -> None:
    if place.is_dir():
        raise IsADirectoryError(str(place))
    if not overwrite and place.exists():
        raise FileExistsError(str(place))


def _entries(folder: str | Path, above: str) -> list[tuple[str, "os.DirEntry[str]"]]:
    """The paths of files, and of folders with a "/" behind: so sorted, all are in order."""
    found = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                path = above + escaped(entry.name)
                if entry.name.startswith(DRAFT_PREFIX) or unfit(path):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    found.append((path + "/", entry))
                elif _is_file(entry):
                    found.append((path, entry))
    except OSError as error:
        if error.errno in _GONE:
            return []
        raise
    return sorted(found, key=lambda pair: pair[0])


def _is_folder(place: str) -> bool:
    try:
        return stat.S_ISDIR(os.lstat(place).st_mode)
    except OSError as error:
        if error.errno in _GONE:
            return False
        raise


def _is_file(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_file()
    except OSError:  # a link that leads to itself
        return False


def _may_hold(folder: str, prefix: str, after: str) -> bool:
    """Whether files below `folder` can begin with `prefix` and be above `after`."""
    matches = folder.startswith(prefix) or prefix.startswith(folder)
    return matches and (folder > after or after.startswith(folder))
