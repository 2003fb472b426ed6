"""Restores a state folder from a backup, and proves by hash that it is what was backed up.

Every content is compared with the digest that is its name, every other file with the list of the
backup, the list with the backup's header, and the records with the contents that they refer to.
The database is put in its place last, when everything else is on the disk with its name: until then
no service starts there. Whoever is killed on the
way begins again, and what is there already is only compared.
"""

import hashlib
import json
import os
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from runyard.protocol import paths, procfs
from runyard.protocol.errors import InvalidRequest, NotFound
from runyard.protocol.jobs import STATE_FILE
from runyard_server.store import backups
from runyard_server.store.backups import DATABASE, FORMAT, HEADER, LIST, MARK, Entry
from runyard_server.store.folders import sync_folder, sync_tree
from runyard_server.store.home import Home
from runyard_server.store.inspection import newest_version

# What a client keeps in a state folder before there was a service.
_CLIENTS = ("logins.json", "hashes", "spool")
_SHOWN = 5
# As a process that nobody has: agents of this machine are those of the service that was backed up.
_NOBODY = '{"pid":0,"started":""}'
_LOCAL = '{"pid":%'


@dataclass(frozen=True)
class Restored:
    """What was restored, all of it compared by hash.

    Args:
        name: The backup: when it was made.
        home: The state folder that it was made of.
        contents: How many contents there are.
        files: How many other files.
        size: Bytes of all.
        seconds: How long it took.
    """

    name: str
    home: str
    contents: int
    files: int
    size: int
    seconds: float


def restore(folder: Path, home: Home, name: str | None = None) -> Restored:
    """Restore a backup into an empty state folder.

    Args:
        folder: The folder of backups, or the folder of one of them.
        home: The state folder; empty, or not there.
        name: Which backup; None for the newest.

    Raises:
        NotFound: There is no such backup.
        InvalidRequest: The state folder is not empty, or the backup is damaged; then nothing
            can be served there.
    """
    begun = time.monotonic()
    place = _place(folder, name)
    header = _header(place)
    _check_empty(home, place)
    home.root.mkdir(mode=0o700, parents=True, exist_ok=True)
    home.restoring.write_text(json.dumps({"backup": str(place)}), encoding="utf-8")
    bad: list[str] = []
    contents, size = _contents(place.parent, home, bad)
    files = 0
    database: Entry | None = None
    for entry in backups.entries(place):
        if entry["path"] == DATABASE:
            database = entry
            continue
        files += 1
        size += entry.get("size", 0)
        _file(place, home.root, entry, bad)
    _refuse(bad, place)
    if database is None:
        raise InvalidRequest(f"the list of {place} names no database: the backup is damaged")
    size += _database(place, home, database)
    home.restoring.unlink()
    took = round(time.monotonic() - begun, 3)
    return Restored(place.name, header["home"], contents, files + 1, size, took)


def _place(folder: Path, name: str | None) -> Path:
    if (folder / HEADER).exists():
        return folder
    known = backups.names(folder) if (folder / MARK).exists() else []
    if not known:
        raise NotFound(f"there is no backup in {folder}")
    if name is None:
        return folder / known[-1]
    if name not in known:
        raise NotFound(f"{folder} has no backup {name!r}; there are {', '.join(known[-_SHOWN:])}")
    return folder / name


def _header(place: Path) -> Entry:
    try:
        header: Entry = json.loads((place / HEADER).read_text(encoding="utf-8"))
        given, of_list = header["format"], header["list_sha256"]
    except (ValueError, KeyError, TypeError):
        raise InvalidRequest(
            f"the header of {place} cannot be read: the backup is damaged; --at names another one"
        ) from None
    if given != FORMAT:
        raise InvalidRequest(f"{place} has format {given}, this program knows {FORMAT}")
    if _digest(place / LIST) != of_list:
        raise InvalidRequest(f"the list of {place} is not what it was: the backup is damaged")
    return header


def _check_empty(home: Home, place: Path) -> None:
    root = home.root
    there = sorted(path.name for path in root.iterdir()) if root.exists() else []
    if home.restoring.exists():
        given = json.loads(home.restoring.read_text(encoding="utf-8") or "{}").get("backup")
        if given not in (None, str(place)):
            raise InvalidRequest(f"{root} is being restored from {given}; go on with that one")
        return
    others = [name for name in there if name not in _CLIENTS]
    if others:
        raise InvalidRequest(
            f"{root} is not empty ({', '.join(others[:_SHOWN])}); restore into a new folder, "
            "which RUNYARD_HOME names"
        )


def _contents(folder: Path, home: Home, bad: list[str]) -> tuple[int, int]:
    """Bring all contents, and compare each with its digest; give how many, and their bytes."""
    pool, count, size = folder / "blobs" / paths.CONTENTS, 0, 0
    for inner in sorted(pool.iterdir()) if pool.exists() else []:
        (home.blobs / paths.CONTENTS / inner.name).mkdir(mode=0o700, parents=True, exist_ok=True)
        for source in inner.iterdir():
            digest = inner.name + source.name
            target = home.blobs / paths.content(digest)
            if not target.exists() and not backups.linked(source, target):
                part = target.with_name(f"{target.name}.part")
                backups.copied(source, part, 0o444)
                part.replace(target)
            # Read where it will be served from: what the disk has made of it is what counts.
            if _digest(target) != digest:
                bad.append(f"content {digest}")
                target.unlink()
            count += 1
            size += source.stat().st_size
    return count, size


def _file(place: Path, root: Path, entry: Entry, bad: list[str]) -> None:
    source, target = place / entry["path"], root / entry["path"]
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if "link" in entry:
        target.unlink(missing_ok=True)
        target.symlink_to(entry["link"])
        return
    try:
        # Never a link: a log grows and a file of a datastore is changed where it lies.
        _, digest = backups.copied(source, target, entry["mode"])
    except OSError as error:
        bad.append(f"{entry['path']} ({error.strerror})")
        return
    if digest != entry["sha256"] or _digest(target) != digest:
        bad.append(entry["path"])
    if entry["mtime_ns"]:
        os.utime(target, ns=(entry["mtime_ns"], entry["mtime_ns"]))


def _database(place: Path, home: Home, entry: Entry) -> int:
    part = home.database.with_name(f"{DATABASE}.part")
    size, digest = backups.copied(place / DATABASE, part)
    if digest != entry["sha256"]:
        raise InvalidRequest(f"the database of {place} is not what it was: the backup is damaged")
    with closing(sqlite3.connect(part)) as connection:
        _check_database(connection, place)
        _disown(connection, home)
    lost = [one for one in set(backups.referenced(part)) if not _is_there(home, one)]
    _refuse([f"content {digest}, which is missing" for digest in lost], place)
    # The database is what a service goes by, so nothing that it names may be lost by a power cut.
    sync_tree(home.root)
    part.replace(home.database)
    sync_folder(home.root)
    return size


def _disown(connection: sqlite3.Connection, home: Home) -> None:
    """Let runs that were at work on this machine be lost to the service that will start.

    Their processes, if they live, are those of the service that was backed up. Whoever cleans up
    after a lost run finds processes by the run's id, too, and looks at none that is older than its
    agent: so each has an agent that begins now.
    """
    at_work = (
        "SELECT runs.id, job_nodes.node FROM job_nodes JOIN runs ON runs.key = job_nodes.run_key "
        "WHERE job_nodes.finished_at IS NULL AND job_nodes.handle LIKE ?"
    )
    since = procfs.stat(os.getpid())[procfs.START]
    for run, node in connection.execute(at_work, (_LOCAL,)).fetchall():
        folder = home.run(run) / "nodes" / str(node) if node else home.run(run)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / STATE_FILE).write_text(json.dumps({"since": since}), encoding="utf-8")
    with connection:
        connection.execute("UPDATE job_nodes SET handle = ? WHERE handle LIKE ?", (_NOBODY, _LOCAL))


def _check_database(connection: sqlite3.Connection, place: Path) -> None:
    found = next(iter(connection.execute("PRAGMA quick_check(1)")))[0]
    if found != "ok":
        raise InvalidRequest(f"the database of {place} is damaged: {found}")
    version = next(iter(connection.execute("SELECT version FROM schema_version")))[0]
    if version > newest_version():
        raise InvalidRequest(
            f"the backup {place} is of a newer runyard-server (schema {version}); install that one"
        )


def _is_there(home: Home, digest: str) -> bool:
    return (home.blobs / paths.content(digest)).exists()


def _refuse(bad: list[str], place: Path) -> None:
    if bad:
        more = f" and {len(bad) - _SHOWN} more" if len(bad) > _SHOWN else ""
        raise InvalidRequest(
            f"the backup {place} is damaged: {'; '.join(bad[:_SHOWN])}{more} is not what was "
            "backed up. Nothing is served from here; try another backup in another folder"
        )


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
