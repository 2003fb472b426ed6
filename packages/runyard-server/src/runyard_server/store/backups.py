"""Backups of a state folder, made while its service works.

A backup's folder holds every content once, and a folder for each time that a backup was made:

    backups.json             says what this folder is
    blobs/sha256/ab/cdef…    contents, as the state folder has them; links where that is possible
    2026-01-31T12-00-00Z/    one backup; it counts once it has this name
        backup.json          when, of what, and the digest of the list
        files.jsonl          every file below, with size, time and SHA-256
        runyard.db, secret, config.toml, sites/…, spool/…, logs/…, datastores/…

Of a service whose contents are in an object store a backup has them all the same: what the pool
lacks is fetched. Restored they lie in the state folder, from where the service moves them.

The database comes first, in one piece (SQLite's online backup, one moment's state), and everything
else after it: what a record of that moment refers to was on disk before the record was. Something
that was removed in between shows as a record whose content is missing; then the database is copied
once more. What has not changed since the backup before is linked to that one's file, so a second
backup copies the database and what is new.
"""

import fcntl
import hashlib
import json
import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from runyard.protocol import paths
from runyard.protocol.errors import InvalidRequest, NotFound, TemporaryError
from runyard_server.store import writeback
from runyard_server.store.blobs import FolderBlobs
from runyard_server.store.folders import CHUNK, INCOMING, sync_folder, sync_tree
from runyard_server.store.home import Home

MARK, HEADER, LIST, DATABASE = "backups.json", "backup.json", "files.jsonl", "runyard.db"
FORMAT = 1
_PART = ".part"
_TRIES = 5
# A file that is written while it is copied may get the time that it has already; the next backup
# trusts the time alone where it is older than this.
_SETTLED_NS = 2_000_000_000
_WAIT_SECONDS = 60.0
_ALONE = ("secret", "config.toml")
_TREES = ("sites", "spool", "logs/runs", "datastores")
# As `store.references` has them, for whoever may not open the copy as a database of ours: that
# would bring it to this program's schema.
_REFERENCED = {
    "run_files": "SELECT digest FROM run_files WHERE digest IS NOT NULL",
    "logged_model_files": "SELECT digest FROM logged_model_files",
    "model_files": "SELECT digest FROM model_files",
    "web_files": "SELECT digest FROM web_files",
    "dataset_pins": "SELECT digest FROM dataset_pins",
    "parallel_runs": "SELECT digest FROM parallel_runs",
    "parallel_batches": "SELECT digest FROM parallel_batches WHERE digest IS NOT NULL",
    "snapshots": "SELECT json_extract(one.value, '$.digest') "
    "FROM snapshots, json_each(snapshots.files) AS one",
}
_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table'"

Entry = dict[str, Any]


@dataclass
class Report:
    """What a backup holds, and what of it had to be copied.

    Args:
        name: The backup's name: when it was made.
        contents: How many contents there are.
        files: How many other files.
        size: Bytes of all these files, without contents.
        copied: Bytes that were copied now.
        linked: How many files were linked instead.
        seconds: How long it took.
    """

    name: str = ""
    contents: int = 0
    files: int = 0
    size: int = 0
    copied: int = 0
    linked: int = 0
    seconds: float = 0.0


@dataclass
class _Backup:
    """One backup while it is made."""

    home: Home
    root: Path
    place: Path
    blobs: FolderBlobs
    before: dict[str, Entry] = field(default_factory=dict)
    last: Path | None = None
    report: Report = field(default_factory=Report)


def make(home: Home, folder: Path, keep: int = 0, blobs: FolderBlobs | None = None) -> Report:
    """Make a backup of a state folder, whether its service runs or not.

    Args:
        home: The state folder.
        folder: Where backups are kept; made if it is missing.
        keep: How many backups stay, with this one; 0 keeps all.
        blobs: The contents, where they are in a store.

    Raises:
        NotFound: There is no state folder, or nothing in it yet.
        InvalidRequest: The folder has something else in it, or lies within the state folder.
        TemporaryError: Another backup is being made there.
    """
    begun = time.monotonic()
    _check(home, folder)
    with _claimed(folder):
        for left in folder.glob(f"*{_PART}"):
            shutil.rmtree(left)
        made = _begun(home, folder, blobs or FolderBlobs(home.blobs))
        for _ in range(_TRIES):
            _copy_database(home.database, made.place / DATABASE)
            _copy_contents(made)
            missing = set(referenced(made.place / DATABASE)) - set(_pool(folder))
            if not missing:
                break
        else:
            some = ", ".join(sorted(missing)[:3])
            raise InvalidRequest(
                f"records of {home.root} refer to {len(missing)} contents that are not in "
                f"{made.blobs.where or 'its blobs'}, such as {some}: `runyard doctor` on that "
                "machine"
            )
        _copy_files(made)
        _finish(made)
        _forget(folder, made.blobs, keep)
    made.report.seconds = round(time.monotonic() - begun, 3)
    return made.report


def names(folder: Path) -> list[str]:
    """The complete backups of a folder, the oldest first."""
    found = (path.parent.name for path in folder.glob(f"*/{HEADER}"))
    return sorted(name for name in found if not name.endswith(_PART))


def entries(place: Path) -> Iterator[Entry]:
    """The files of a backup, as its list has them.

    Args:
        place: The backup's own folder.
    """
    with (place / LIST).open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def referenced(database: Path) -> Iterator[str]:
    """The digests of all contents that records of a database refer to, some of them repeatedly."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        # A database that an older program has left lacks the tables that came later.
        there = {name for (name,) in connection.execute(_TABLES)}
        for table, statement in _REFERENCED.items():
            if table in there:
                for (digest,) in connection.execute(statement):
                    yield str(digest)


def copied(source: Path, target: Path, mode: int = 0o600) -> tuple[int, str]:
    """Copy a file by its bytes and sync it; give its size and SHA-256.

    Args:
        source: The file.
        target: Where it goes; the folder exists.
        mode: The copy's mode.
    """
    digest, size = hashlib.sha256(), 0
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with source.open("rb") as one, os.fdopen(descriptor, "wb") as other:
        while chunk := one.read(CHUNK):
            digest.update(chunk)
            size += len(chunk)
            other.write(chunk)
        os.fchmod(other.fileno(), mode)
        other.flush()
        os.fsync(other.fileno())
    return size, digest.hexdigest()


def linked(source: Path, target: Path) -> bool:
    """Link a file that nobody changes any more; False where that cannot be."""
    try:
        os.link(source, target, follow_symlinks=False)
    except FileExistsError:
        return True
    except OSError:
        # Another file system, or one without links, or too many of one file.
        return False
    return True


def _check(home: Home, folder: Path) -> None:
    if home.secret_file.exists() and not home.database.exists():
        raise NotFound(
            f"{home.root} has no {DATABASE}: records in PostgreSQL are backed up first, with "
            "pg_dump, and then the folder is copied without environments, packages and runs"
        )
    if not home.database.exists() or not home.secret_file.exists():
        raise NotFound(f"there is nothing to back up in {home.root}: no service has run there yet")
    inner, outer = folder.resolve(), home.root.resolve()
    if inner == outer or outer in inner.parents or inner in outer.parents:
        raise InvalidRequest(f"{folder} and the state folder {home.root} must not hold one another")
    if folder.exists() and not (folder / MARK).exists() and any(folder.iterdir()):
        raise InvalidRequest(
            f"{folder} has something in it that is no backup; choose an empty folder or a new one"
        )


@contextmanager
def _claimed(folder: Path) -> Iterator[None]:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    mark = folder / MARK
    if not mark.exists():
        _write(mark, {"product": "runyard", "format": FORMAT})
    with mark.open("rb") as file:
        try:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise TemporaryError(f"another backup is being made in {folder}") from None
        yield


def _begun(home: Home, folder: Path, blobs: FolderBlobs) -> _Backup:
    name = _free_name(folder)
    place = folder / f"{name}{_PART}"
    place.mkdir(mode=0o700)
    made = _Backup(home, folder, place, blobs, report=Report(name))
    known = names(folder)
    if known:
        made.last = folder / known[-1]
        made.before = {one["path"]: one for one in entries(made.last)}
    return made


def _free_name(folder: Path) -> str:
    """The time, by which backups are ordered; of more in one second, to the microsecond."""
    while True:
        now = datetime.now(UTC)
        name = f"{now:%Y-%m-%dT%H-%M-%SZ}"
        for each in (name, f"{name}-{now.microsecond:06}"):
            if not (folder / each).exists():
                return each


def _copy_database(database: Path, target: Path) -> None:
    """Copy the database as it is at one moment; the service goes on writing meanwhile."""
    target.unlink(missing_ok=True)
    with (
        closing(sqlite3.connect(database, timeout=_WAIT_SECONDS)) as source,
        closing(sqlite3.connect(target)) as copy,
    ):
        target.chmod(0o600)
        # All pages in one step: between two, a write of the service would begin it anew.
        source.backup(copy, pages=-1)
        # The copy is one file: without a log beside it that could be forgotten.
        copy.execute("PRAGMA journal_mode=DELETE")


def _copy_contents(made: _Backup) -> None:
    """Bring every content into the pool that is not there; nothing of the pool is changed."""
    source, pool = made.home.blobs / paths.CONTENTS, made.root / "blobs" / paths.CONTENTS
    incoming = made.root / "blobs" / INCOMING
    shutil.rmtree(incoming, ignore_errors=True)
    incoming.mkdir(mode=0o700, parents=True)
    made.report.contents = 0
    for folder in sorted(source.iterdir()) if source.exists() else []:
        target = pool / folder.name
        target.mkdir(mode=0o700, parents=True, exist_ok=True)
        present, there = _names(folder), set(_names(target))
        made.report.contents += len(present)
        fresh = [name for name in present if name not in there or _is_torn(folder, target, name)]
        for name in fresh:
            # It may be removed while we look; the check of the records tells if that matters.
            with suppress(FileNotFoundError):
                _bring(made.report, folder / name, target / name, incoming / name)
        if fresh:
            sync_folder(target)
    if made.blobs.where:
        _fetch_contents(made, incoming)
    if made.report.linked:
        # A link is as lasting as its file, and small files are not waited for (`batch_logs`).
        writeback.all_of(made.root)


def _fetch_contents(made: _Backup, incoming: Path) -> None:
    """Bring every content into the pool that is in a store alone."""
    pool, fresh = made.root / "blobs", set[Path]()
    known = set(_pool(made.root))
    wanted = [digest for digest in made.blobs.stored() if digest not in known]
    made.report.contents = len(known) + len(wanted)
    sizes = made.blobs.sizes(wanted)
    for digest in wanted:
        with suppress(FileNotFoundError, KeyError):
            temporary, target = incoming / digest, pool / paths.content(digest)
            found = _fetched(made.blobs, digest, sizes[digest], temporary)
            if found != digest:
                raise InvalidRequest(
                    f"content {digest} of {made.blobs.where} has digest {found}: the store has "
                    "damaged it, or somebody has changed it; bring it back from an earlier version"
                )
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            temporary.replace(target)
            fresh.add(target.parent)
            made.report.copied += sizes[digest]
    for folder in fresh:
        sync_folder(folder)


def _fetched(blobs: FolderBlobs, digest: str, size: int, target: Path) -> str:
    """Fetch a content into a new file and sync it; give its SHA-256."""
    found = hashlib.sha256()
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file, blobs.reading(digest, 0, size) as source:
        while chunk := source.read(CHUNK):
            found.update(chunk)
            file.write(chunk)
        os.fchmod(file.fileno(), 0o444)
        file.flush()
        os.fsync(file.fileno())
    return found.hexdigest()


def _is_torn(folder: Path, target: Path, name: str) -> bool:
    """Whether the pool has a link of a content that lost its bytes when the machine stopped."""
    with suppress(FileNotFoundError):
        if (target / name).stat().st_size == (folder / name).stat().st_size:
            return False
        (target / name).unlink()
        return True
    return False


def _bring(report: Report, source: Path, target: Path, temporary: Path) -> None:
    if linked(source, target):
        report.linked += 1
        return
    size, _ = copied(source, temporary, 0o444)
    temporary.replace(target)
    report.copied += size


def _copy_files(made: _Backup) -> None:
    """Copy what is no content, with a list of it all."""
    descriptor = os.open(made.place / LIST, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        size, digest = _sum(made.place / DATABASE)
        made.report.copied += size
        for entry in (
            {"path": DATABASE, "size": size, "sha256": digest, "mode": 0o600, "mtime_ns": 0},
            *_alone(made),
        ):
            file.write(json.dumps(entry) + "\n")
        for tree in _TREES:
            for path in _walk(made.home.root, tree):
                with suppress(FileNotFoundError):
                    file.write(json.dumps(_copied(made, path)) + "\n")
        file.flush()
        os.fsync(file.fileno())


def _alone(made: _Backup) -> Iterator[Entry]:
    for name in _ALONE:
        if (made.home.root / name).exists():
            yield _copied(made, name)


def _walk(root: Path, tree: str) -> Iterator[str]:
    """The files and links below a folder, by their paths from the root."""
    # By hand, not by recursion: a script may make a tree deeper than Python's stack.
    waiting = [tree]
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(root / folder) as found:
                here = sorted(found, key=lambda entry: entry.name)
        except (FileNotFoundError, NotADirectoryError):
            continue
        for entry in here:
            path = f"{folder}/{entry.name}"
            if entry.is_symlink() or entry.is_file(follow_symlinks=False):
                yield path
            elif entry.is_dir(follow_symlinks=False) and entry.name != INCOMING:
                waiting.append(path)


def _copied(made: _Backup, path: str) -> Entry:
    """Bring one file into the backup; give its line of the list."""
    source, target = made.home.root / path, made.place / path
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    made.report.files += 1
    status = source.lstat()
    if source.is_symlink():
        target.symlink_to(source.readlink())
        return {"path": path, "link": str(source.readlink())}
    known = made.before.get(path)
    times = (status.st_size, status.st_mtime_ns)
    same = known is not None and times == (known.get("size"), known.get("mtime_ns"))
    if known is not None and same and made.last and linked(made.last / path, target):
        made.report.linked += 1
        made.report.size += status.st_size
        return known
    settled = time.time_ns() - status.st_mtime_ns > _SETTLED_NS
    size, digest = copied(source, target, status.st_mode & 0o777)
    made.report.copied += size
    made.report.size += size
    return {
        "path": path,
        "size": size,
        "sha256": digest,
        "mode": status.st_mode & 0o777,
        "mtime_ns": status.st_mtime_ns if settled and size == status.st_size else 0,
    }


def _finish(made: _Backup) -> None:
    """Name the backup, once everything in it is on disk."""
    _, digest = _sum(made.place / LIST)
    header = {
        "format": FORMAT,
        "made_at": datetime.now(UTC).isoformat(),
        "home": str(made.home.root),
        "contents": made.report.contents,
        "list_sha256": digest,
    }
    _write(made.place / HEADER, header)
    # The pool's folders were synced where files came; they themselves may be new, too.
    pool = made.root / "blobs" / paths.CONTENTS
    if pool.exists():
        sync_folder(pool)
    sync_folder(pool.parent)
    sync_tree(made.place)
    made.place.rename(made.root / made.report.name)
    sync_folder(made.root)


def _forget(folder: Path, blobs: FolderBlobs, keep: int) -> None:
    """Remove all but the newest backups, and contents that neither they nor the service have."""
    old = names(folder)[:-keep] if keep else []
    for name in old:
        # First it counts no more, then it goes: a kill in between leaves nothing that looks whole.
        (folder / name).rename(folder / f"{name}{_PART}")
        shutil.rmtree(folder / f"{name}{_PART}")
    if not old:
        return
    wanted: set[str] = set()
    for name in names(folder):
        wanted.update(referenced(folder / name / DATABASE))
    loose = [digest for digest in _pool(folder) if digest not in wanted]
    for digest in blobs.missing(loose):
        (folder / "blobs" / paths.content(digest)).unlink()


def _pool(folder: Path) -> Iterator[str]:
    """The digests of the contents that a folder of backups has."""
    pool = folder / "blobs" / paths.CONTENTS
    for inner in _names(pool) if pool.exists() else []:
        for name in _names(pool / inner):
            yield inner + name


def _names(folder: Path) -> list[str]:
    with os.scandir(folder) as found:
        return [entry.name for entry in found]


def _sum(path: Path) -> tuple[int, str]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return path.stat().st_size, digest


def _write(path: Path, plain: Entry) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(plain, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
