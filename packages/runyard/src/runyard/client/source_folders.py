"""A source folder as files by content: what a job gets to see of it.

`.amlignore` at the top says what stays out, or `.gitignore` if there is no `.amlignore`; never
both, and none deeper down. Links are followed; a link that leads back to a folder above it is
refused. What has no content, and the folder of a service's own files, is left out and named.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Callable, Dict, List, Optional, Sequence, Tuple

from runyard.client import batches, callers, hashes, texts, transfer, trees
from runyard.client.ignore import IgnoreRules
from runyard.client.progress import Progress, readable, takes_long
from runyard.client.snapshots import Snapshots
from runyard.protocol.errors import InvalidRequest, MissingBlobs
from runyard.protocol.files import FileEntry

if TYPE_CHECKING:
    from runyard.client.workspace_connection import WorkspaceConnection

# v1's limits were 300 MB and 2,000 files.
LIMIT_BYTES = 2_000_000_000
LARGEST_SHOWN = 10
IGNORE_FILES = (".amlignore", ".gitignore")

# The working folder of a job has these; that they are empty in the source is no loss.
MADE_BY_JOBS = ("outputs", "logs")

NOTHING = "nothing to keep"
MOST_COPIES = 50

Tell = Callable[[str], None]
Found = Tuple[str, Path, os.stat_result]


def files(folder: Path, tell: Tell = callers.warn) -> List[Tuple[str, Path]]:
    """List a folder's files that are not ignored, as (name, path), by name.

    Args:
        folder: The source folder.
        tell: Told in one text what the folder has and a snapshot cannot hold.

    Raises:
        InvalidRequest: The folder is missing, is no folder, loops, cannot be read, or has no
            file: then the details give NOTHING as the reason.
    """
    walk = _looked(folder)
    _tell(walk.left_out, f"the snapshot of {folder}", tell)
    return _local(walk)


def _looked(folder: Path) -> trees.Walk:
    if not folder.is_dir():
        raise InvalidRequest(
            f"the source folder {folder} does not exist (looked from {Path.cwd()})"
            if not folder.exists()
            else f"the source folder {folder} is a file; give the folder that holds it"
        )
    walk = trees.Walk(str(folder), ignores=_rules(folder).ignores, exact=True)
    if not walk.files:
        raise InvalidRequest(
            f"the source folder {folder} has no files"
            + (" that its ignore file lets through" if any(folder.iterdir()) else "")
            + "; put the training script there",
            {"reason": NOTHING},
        )
    made_anyway = [(name, trees.EMPTY) for name in MADE_BY_JOBS]
    walk.left_out = [one for one in walk.left_out if one[:2] not in made_anyway]
    return walk


def _local(walk: trees.Walk) -> List[Tuple[str, Path]]:
    return [(name, Path(path)) for name, path in walk.files]


def everything(folder: Path, prefix: str = "", tell: Tell = callers.warn) -> List[Tuple[str, Path]]:
    """List all files of a folder as (name, path), by name; links are followed.

    Args:
        folder: The folder.
        prefix: The path that stands before each name; "" for none.
        tell: Told in one text what cannot be kept of it.

    Raises:
        InvalidRequest: The folder contains itself through a link, or cannot be read.
    """
    walk = trees.Walk(str(folder), prefix, exact=True)
    _tell(walk.left_out, f"the folder {folder}", tell)
    return _local(walk)


def _tell(left_out: List[trees.LeftOut], what: str, tell: Tell) -> None:
    if left_out:
        tell(trees.told(left_out, what))


def _rules(folder: Path) -> IgnoreRules:
    for name in IGNORE_FILES:
        path = folder / name
        # A broken link is a file that somebody counts on, not a missing one.
        if path.is_file() or path.is_symlink():
            return IgnoreRules(texts.read(path).split("\n"))
    return IgnoreRules([])


def kept_out(folder: Path) -> Callable[[str], bool]:
    """Make what tells of a path below a folder whether the ignore file keeps it from snapshots."""
    rules = _rules(folder)

    def is_out(path: str) -> bool:
        parts = path.split("/")
        above = ("/".join(parts[:count]) for count in range(1, len(parts)))
        is_named = rules.ignores(path, is_folder=False)
        return is_named or any(rules.ignores(one, is_folder=True) for one in above)

    return is_out


def scan(
    folder: Path, limit: int = LIMIT_BYTES, tell: Tell = callers.warn
) -> List[Tuple[FileEntry, Path]]:
    """Describe a folder's files by content.

    Args:
        folder: The source folder.
        limit: Bytes above which it is refused.
        tell: As for `files`.

    Raises:
        InvalidRequest: As `files`, a file cannot be read, or the folder is too large: the message
            names the ten largest.
    """
    walk = _looked(folder)
    local = _local(walk)
    found = [each for each in map(_present, local) if each is not None]
    _check_size(folder, [(status.st_size, name) for name, _, status in found], limit)
    entries = _described(folder, found)
    # Editors and downloads come and go in a folder that somebody works in.
    gone = [trees.LeftOut(name, trees.VANISHED) for name, _ in local if name not in entries]
    _tell([*walk.left_out, *gone], f"the snapshot of {folder}", tell)
    return [(entries[name], path) for name, path in local if name in entries]


def _present(file: Tuple[str, Path]) -> Optional[Found]:
    """Read a file's state before its content, so that a later change is always seen."""
    try:
        return (*file, file[1].stat())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unreadable(file[1], error) from error


def _unreadable(path: Path, error: OSError) -> InvalidRequest:
    return InvalidRequest(
        f"{path} cannot be read: {error.strerror}; mend that, or name it in .amlignore if the "
        "script does not need it"
    )


def _described(folder: Path, found: Sequence[Found]) -> Dict[str, FileEntry]:
    """Describe files by content, reading those of which nothing is known; drop those gone."""
    known = hashes.of(folder)
    entries: Dict[str, FileEntry] = {}
    for name, _, status in found:
        digest = known.get(name, status)
        if digest is not None:
            executable = bool(status.st_mode & stat.S_IXUSR)
            entries[name] = FileEntry(name, digest, status.st_size, executable)
    fresh = [each for each in found if each[0] not in entries]
    small, large = batches.groups([status.st_size for _, _, status in fresh])
    groups = [[fresh[place] for place in group] for group in small]
    for some in transfer.parallel(_read, groups + [[fresh[place]] for place in large]):
        entries.update(some)
    for name, _, status in fresh:
        if name in entries:
            known.keep(name, status, entries[name].digest)
    known.save()
    return entries


def _read(found: Sequence[Found]) -> Dict[str, FileEntry]:
    entries = ((name, _entry(name, path)) for name, path, _ in found)
    return {name: entry for name, entry in entries if entry is not None}


def _entry(name: str, path: Path) -> Optional[FileEntry]:
    try:
        return transfer.describe(path, name)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unreadable(path, error) from error


def _check_size(folder: Path, found: List[Tuple[int, str]], limit: int) -> None:
    total = sum(size for size, _ in found)
    if total > limit:
        largest = "\n".join(
            f"  {readable(size):>9}  {name}"
            for size, name in sorted(found, reverse=True)[:LARGEST_SHOWN]
        )
        raise InvalidRequest(
            f"the source folder {folder} has {readable(total)} in {len(found)} files; more than "
            f"{readable(limit)} is not sent with a run. Put data on a datastore, and name what the "
            f"script does not need in {folder / IGNORE_FILES[0]}. The largest files:\n{largest}"
        )


def take(service: WorkspaceConnection, folder: Path, limit: int = LIMIT_BYTES) -> str:
    """Make a snapshot of a folder and give its id; see `scan` and `send`.

    Args:
        service: The workspace's connection.
        folder: The source folder.
        limit: The most bytes that it may have.
    """
    return send(service, scan(folder, limit))


def send(
    service: WorkspaceConnection,
    found: List[Tuple[FileEntry, Path]],
    show_progress: Optional[bool] = None,
) -> str:
    """Make a snapshot of files and give its id; only contents the service lacks are sent.

    Args:
        service: The workspace's client.
        found: What `scan` gave.
        show_progress: Show progress; None shows it for what takes long.
    """
    entries = [entry for entry, _ in found]
    total, count = sum(entry.size for entry in entries), len(found)
    show = takes_long(count, total) if show_progress is None else show_progress
    # Before anything is sent: of a folder that was submitted before nothing is missing.
    snapshots = Snapshots(service)
    try:
        record = snapshots.create(entries)
    except MissingBlobs:
        progress = Progress(f"Snapshot of {count} files", total, show, count)
        entries = _stored(service, found, progress)
        progress.finish()
        record = snapshots.create(entries)
    return record.id


def _stored(
    service: WorkspaceConnection, found: List[Tuple[FileEntry, Path]], progress: Progress
) -> List[FileEntry]:
    """Send what the service lacks; files that change meanwhile are sent as a copy of one moment."""
    import tempfile

    with tempfile.TemporaryDirectory(prefix="runyard-") as folder:
        for number in range(MOST_COPIES):
            changed = _put(service, found, progress)
            if not changed:
                return [entry for entry, _ in found]
            found = _with_copy(found, changed, Path(folder) / str(number))
    raise InvalidRequest(
        f"more than {MOST_COPIES} files changed while they were sent; try again when less is "
        "written to the source folder, or name those files in .amlignore"
    )


def _put(
    service: WorkspaceConnection, found: List[Tuple[FileEntry, Path]], progress: Progress
) -> str:
    """Send what the service lacks; give the path of a file that changed meanwhile, else ""."""
    try:
        transfer.put_blobs(service, found, progress)
    except InvalidRequest as error:
        if not error.details.get("changed"):
            raise
        return str(error.details["changed"])
    return ""


def _with_copy(
    found: List[Tuple[FileEntry, Path]], changed: str, copy: Path
) -> List[Tuple[FileEntry, Path]]:
    """Put a copy in the place of a file; one that is gone is left out."""
    import shutil

    (name,) = [entry.path for entry, path in found if str(path) == changed]
    rest = [(entry, path) for entry, path in found if entry.path != name]
    try:
        shutil.copy(changed, str(copy))
    except FileNotFoundError:
        _tell([trees.LeftOut(name, trees.VANISHED)], "the snapshot", callers.warn)
        return rest
    except OSError as error:
        raise _unreadable(Path(changed), error) from error
    return sorted([*rest, (transfer.describe(copy, name), copy)], key=lambda pair: pair[0].path)
