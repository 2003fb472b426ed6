"""A source folder as files by content: what a job gets to see of it.

`.amlignore` at the top says what stays out, or `.gitignore` if there is no `.amlignore`; never
both, and none deeper down. Links are followed; a link that leads back to a folder above it is
refused.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Dict, Iterator, List, Optional, Tuple

from runyard.client import texts, transfer
from runyard.client.ignore import IgnoreRules
from runyard.client.progress import Progress, readable
from runyard.protocol.errors import InvalidRequest, MissingBlobs
from runyard.protocol.routes import SNAPSHOTS_CREATE
from runyard.protocol.snapshots import CreateSnapshot

if TYPE_CHECKING:
    from runyard.client.workspace import WorkspaceClient
    from runyard.protocol.files import FileEntry

LIMIT_BYTES = 2_000_000_000
QUIET_BYTES = 25_000_000
SETTLED_NS = 2_000_000_000
LARGEST_SHOWN = 10
IGNORE_FILES = (".amlignore", ".gitignore")

_known: Dict[Tuple[str, int, int, int], FileEntry] = {}


def files(folder: Path) -> List[Tuple[str, Path]]:
    """List a folder's files that are not ignored, as (name, path), by name.

    Raises:
        InvalidRequest: The folder is missing, is no folder, has no file, or loops.
    """
    if not folder.is_dir():
        raise InvalidRequest(
            f"the source folder {folder} does not exist (looked from {Path.cwd()})"
            if not folder.exists()
            else f"the source folder {folder} is a file; give the folder that holds it"
        )
    rules = _rules(folder)
    found = sorted(_walk(folder, "", rules, (folder.resolve(),)))
    if not found:
        raise InvalidRequest(
            f"the source folder {folder} has no files"
            + (" that its ignore file lets through" if any(folder.iterdir()) else "")
            + "; put the training script there"
        )
    return found


def everything(folder: Path) -> List[Tuple[str, Path]]:
    """List all files of a folder as (name, path), by name; links are followed.

    Raises:
        InvalidRequest: The folder contains itself through a link.
    """
    return sorted(_walk(folder, "", IgnoreRules([]), (folder.resolve(),)))


def _rules(folder: Path) -> IgnoreRules:
    for name in IGNORE_FILES:
        path = folder / name
        # A broken link is a file that somebody counts on, not a missing one.
        if path.is_file() or path.is_symlink():
            return IgnoreRules(texts.read(path).split("\n"))
    return IgnoreRules([])


def _walk(
    folder: Path, prefix: str, rules: IgnoreRules, above: Tuple[Path, ...]
) -> Iterator[Tuple[str, Path]]:
    with os.scandir(str(folder)) as entries:
        for entry in entries:
            name = prefix + entry.name
            path = folder / entry.name
            if rules.ignores(name, entry.is_dir()):
                continue
            if entry.is_dir():
                yield from _walk(path, name + "/", rules, _deeper(path, entry, above))
            elif entry.is_file():
                yield name, path


def _deeper(path: Path, entry: os.DirEntry[str], above: Tuple[Path, ...]) -> Tuple[Path, ...]:
    if not entry.is_symlink():
        return above
    real = path.resolve()
    if any(real == one or real in one.parents for one in (*above, path.parent.resolve())):
        raise InvalidRequest(
            f"the link {path} leads back to {real}, so that the folder contains itself; remove the "
            "link or name it in .amlignore"
        )
    return (*above, real)


def scan(folder: Path, limit: int = LIMIT_BYTES) -> List[Tuple[FileEntry, Path]]:
    """Give a folder's files by content.

    Args:
        folder: The source folder.
        limit: Bytes above which it is refused.

    Raises:
        InvalidRequest: As `files`, or the folder is too large: the message names the ten largest.
    """
    found = files(folder)
    _check_size(folder, found, limit)
    return transfer.parallel(lambda item: (_described(*item), item[1]), found)


def _check_size(folder: Path, found: List[Tuple[str, Path]], limit: int) -> None:
    sizes = sorted(((path.stat().st_size, name) for name, path in found), reverse=True)
    total = sum(size for size, _ in sizes)
    if total > limit:
        largest = "\n".join(
            f"  {readable(size):>9}  {name}" for size, name in sizes[:LARGEST_SHOWN]
        )
        raise InvalidRequest(
            f"the source folder {folder} has {readable(total)} in {len(found)} files; more than "
            f"{readable(limit)} is not sent with a run. Put data on a datastore, and name what the "
            f"script does not need in {folder / IGNORE_FILES[0]}. The largest files:\n{largest}"
        )


def _described(name: str, path: Path) -> FileEntry:
    """Hash a file, or remember its hash from a moment ago while size, time and inode are equal."""
    from dataclasses import replace

    known = path.stat()
    key = (str(path.resolve()), known.st_size, known.st_mtime_ns, known.st_ino)
    entry = _known.get(key)
    if entry is None:
        entry = transfer.describe(path, name)
        # A file touched just now may change again within the grain of its time stamp.
        if time.time_ns() - known.st_mtime_ns > SETTLED_NS:
            _known[key] = entry
    return replace(entry, path=name)


def take(service: WorkspaceClient, folder: Path, limit: int = LIMIT_BYTES) -> str:
    """Make a snapshot of a folder and give its id; see `scan` and `send`."""
    return send(service, scan(folder, limit))


def send(
    service: WorkspaceClient,
    found: List[Tuple[FileEntry, Path]],
    show_progress: Optional[bool] = None,
) -> str:
    """Make a snapshot of files and give its id; only contents the service lacks are sent.

    Args:
        service: The workspace's client.
        found: What `scan` gave.
        show_progress: Show progress; None shows it for more than 25 MB.
    """
    entries = [entry for entry, _ in found]
    total = sum(entry.size for entry in entries)
    show = total > QUIET_BYTES if show_progress is None else show_progress
    try:
        record = service.call(SNAPSHOTS_CREATE, body=CreateSnapshot(entries))
    except MissingBlobs:
        progress = Progress(f"Snapshot of {len(entries)} files", total, show)
        transfer.put_blobs(service, found, progress)
        progress.finish()
        record = service.call(SNAPSHOTS_CREATE, body=CreateSnapshot(entries))
    return record.id
