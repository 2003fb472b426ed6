"""Backups: whole, consistent, incremental, and restored only when every hash is right."""

import hashlib
import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import insert

from runyard.protocol import procfs
from runyard.protocol.errors import InvalidRequest, NotFound, TemporaryError
from runyard.protocol.models import RegisterModel
from runyard.protocol.runs import StartRun
from runyard.protocol.snapshots import CreateSnapshot
from runyard_server.core.clock import Clock
from runyard_server.core.system import System
from runyard_server.operations import models, runs, snapshots
from runyard_server.store import backups, inspection, references, restoring
from runyard_server.store.home import Home
from runyard_server.store.tracking_schema import logged_model_files
from runyard_server.testing import parts

W = "default"


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    """A service's parts with a snapshot, a log and a file of a datastore."""
    with parts.parts(tmp_path / "home", Clock()) as made:
        code = [parts.store_text(made, "train.py", "print(1)"), parts.store_text(made, "a", "a")]
        snapshots.create(made, W, body=CreateSnapshot(code))
        run = runs.start(made, W, body=StartRun("e", run_id="kept")).id
        log = made.logs.path(W, run, "logs/x.txt")
        log.parent.mkdir(parents=True)
        log.write_text("line\n")
        data = made.home.datastore(W, "workspaceblobstore") / "d" / "x.csv"
        data.parent.mkdir(parents=True)
        data.write_text("1,2\n")
        (data.parent / "link").symlink_to("x.csv")
        yield made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    # A backup that is not whole ends so: the folder's own name means nothing.
    return tmp_path / "kept.part" / "backups"


def settle(home: Home) -> None:
    """Let all files be so old that their time can be trusted."""
    for path in home.root.rglob("*"):
        if path.is_file() and not path.is_symlink():
            os.utime(path, (1, 1))


def files(root: Path) -> dict[str, str]:
    """What lies below a folder, but for the database."""
    return {
        str(path.relative_to(root)): path.read_text("latin-1")
        for path in root.rglob("*")
        if path.is_file() and not path.name.startswith(("runyard.db", "reserve", "restoring"))
    }


def test_what_is_restored_is_what_was_there(system: System, folder: Path, tmp_path: Path) -> None:
    """Records, contents, logs, data and the secret: a service goes on with all of it."""
    made = backups.make(system.home, folder)
    assert (made.contents, made.files) == (2, 4)
    home = Home(tmp_path / "new")
    done = restoring.restore(folder, home)
    assert (done.name, done.contents) == (made.name, 2)
    assert files(home.root) == files(system.home.root)
    assert (home.root / "datastores/default/workspaceblobstore/d/link").is_symlink()
    assert home.secret() == system.secret
    for path in (home.secret_file, home.database):
        assert path.stat().st_mode & 0o777 == 0o600
    inspection.check(home)
    with parts.parts(home.root, Clock()) as other:
        assert runs.get(other, W, "kept").id == "kept"


def test_the_second_backup_copies_what_is_new(system: System, folder: Path) -> None:
    """A backup each night costs what a day has brought, and the one of before stays as it was."""
    settle(system.home)
    first = backups.make(system.home, folder)
    log = system.logs.path(W, "kept", "logs/x.txt")
    with log.open("a") as file:
        file.write("more\n")
    parts.store_text(system, "b", "bb")
    second = backups.make(system.home, folder)
    assert (second.contents, second.files) == (3, first.files)
    database = (folder / second.name / "runyard.db").stat().st_size
    # The database and the log; a content of the same disk is a link.
    assert second.copied == database + log.stat().st_size
    texts = [
        (folder / one / "logs/runs/default/kept/logs/x.txt").read_text()
        for one in backups.names(folder)
    ]
    assert texts == ["line\n", "line\nmore\n"]


def test_a_content_that_a_power_cut_emptied_in_the_pool_is_brought_anew(
    system: System, folder: Path, tmp_path: Path
) -> None:
    """The link was of a file that had not been waited for; the service wrote it anew, elsewhere."""
    digest = parts.store_text(system, "b", "whole").digest
    backups.make(system.home, folder)
    (kept,) = (folder / "blobs").rglob(digest[2:])
    kept.unlink()
    kept.write_bytes(b"")
    made = backups.make(system.home, folder)
    restoring.restore(folder, Home(tmp_path / "new"), made.name)
    assert kept.read_text() == "whole"


def test_old_backups_go_and_their_contents_with_them(system: System, folder: Path) -> None:
    """A disk of backups does not grow for ever, and what is kept can still be restored."""
    stale = parts.store_text(system, "b", "stale")
    backups.make(system.home, folder)
    system.blobs.path(stale.digest).unlink()
    for _ in range(3):
        backups.make(system.home, folder, keep=2)
    assert len(backups.names(folder)) == 2
    assert len(list((folder / "blobs" / "sha256").rglob("*/*"))) == 2


def test_elsewhere_contents_are_copied(
    system: System, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A backup on another disk, where nothing can be linked, is the same."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    assert backups.make(system.home, folder).linked == 0
    restoring.restore(folder, Home(tmp_path / "new"))
    assert files(tmp_path / "new") == files(system.home.root)


@pytest.mark.parametrize(
    ("which", "named"),
    [
        ("blobs/sha256/*/*", "content"),
        ("*/logs/runs/default/kept/logs/x.txt", "x.txt"),
        ("*/runyard.db", "database"),
        ("*/files.jsonl", "list"),
        ("*/backup.json", "header"),
        ("*/datastores/default/workspaceblobstore/d/x.csv", "x.csv"),
    ],
)
def test_a_damaged_backup_is_not_restored(
    system: System, folder: Path, tmp_path: Path, which: str, named: str
) -> None:
    """One byte that a disk has turned is found, named, and nothing is served from it."""
    backups.make(system.home, folder)
    path = next(folder.glob(which))
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.unlink()
    path.write_bytes(data)
    home = Home(tmp_path / "new")
    with pytest.raises(InvalidRequest, match=named):
        restoring.restore(folder, home)
    assert not home.database.exists()


def test_a_folder_without_its_records_is_no_backup(system: System, folder: Path) -> None:
    """Whoever has them in PostgreSQL, or has lost them, is not told that all is well."""
    system.home.database.rename(system.home.root / "moved")
    with pytest.raises(NotFound, match="pg_dump"):
        backups.make(system.home, folder)
    assert not folder.exists()


def test_a_missing_content_is_found(system: System, folder: Path, tmp_path: Path) -> None:
    """A record whose content is not there is no whole backup, neither made nor restored."""
    backups.make(system.home, folder)
    next(folder.glob("blobs/sha256/*/*")).unlink()
    with pytest.raises(InvalidRequest, match="missing"):
        restoring.restore(folder, Home(tmp_path / "new"))
    shutil.rmtree(system.home.blobs)
    with pytest.raises(InvalidRequest, match="refer to"):
        backups.make(system.home, folder)
    assert len(backups.names(folder)) == 1


def test_a_restore_that_was_cut_short_goes_on(
    system: System, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No service starts on half a restore; the same command makes it whole."""
    backups.make(system.home, folder)
    home = Home(tmp_path / "new")
    copy = backups.copied

    def dying(source: Path, target: Path, mode: int = 0o600) -> tuple[int, str]:
        if source.name == "runyard.db":
            raise KeyboardInterrupt
        return copy(source, target, mode)

    with monkeypatch.context() as patch:
        patch.setattr(backups, "copied", dying)
        with pytest.raises(KeyboardInterrupt):
            restoring.restore(folder, home)
    with pytest.raises(InvalidRequest, match="runyard restore"):
        inspection.check(home)
    restoring.restore(folder, home)
    inspection.check(home)


def test_a_backup_that_was_cut_short_counts_for_nothing(
    system: System, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only what is whole has a name to be restored by; the next one clears the rest away."""
    backups.make(system.home, folder)
    with monkeypatch.context() as patch:
        patch.setattr(backups, "_finish", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            backups.make(system.home, folder)
    assert len(backups.names(folder)) == 1
    backups.make(system.home, folder)
    assert len(backups.names(folder)) == 2
    assert not list(folder.glob("*.part"))


def test_places_that_make_no_sense_are_refused(
    system: System, folder: Path, tmp_path: Path
) -> None:
    """Nothing that was there is touched: neither a full state folder nor somebody's files."""
    backups.make(system.home, folder)
    with pytest.raises(InvalidRequest, match="not empty"):
        restoring.restore(folder, system.home)
    with pytest.raises(InvalidRequest, match="hold one another"):
        backups.make(system.home, system.home.root / "backup")
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("x")
    with pytest.raises(InvalidRequest, match="no backup"):
        backups.make(system.home, mine)
    for empty in (mine, tmp_path / "none"):
        with pytest.raises(NotFound):
            restoring.restore(empty, Home(tmp_path / "new"))
    with pytest.raises(NotFound, match="there are"):
        restoring.restore(folder, Home(tmp_path / "new"), "2020")
    with pytest.raises(NotFound):
        backups.make(Home(tmp_path / "none"), folder)
    with backups._claimed(folder), pytest.raises(TemporaryError):
        backups.make(system.home, folder)


def test_agents_of_the_service_that_was_backed_up_are_left_alone(
    system: System, folder: Path, tmp_path: Path
) -> None:
    """A copy that is tried out beside the original must not end the original's processes."""
    mine = f'{{"pid":{os.getpid()},"started":"x"}}'
    with sqlite3.connect(system.home.database) as database:
        names = [row[1:4] for row in database.execute("PRAGMA table_info(job_nodes)")]
        needed = {name: 1 if kind != "VARCHAR" else "x" for name, kind, must in names if must}
        needed["handle"] = mine
        (needed["run_key"],) = database.execute("SELECT key FROM runs").fetchone()
        marks = ", ".join("?" for _ in needed)
        database.execute(
            f"INSERT INTO job_nodes ({', '.join(needed)}) VALUES ({marks})", list(needed.values())
        )
    backups.make(system.home, folder)
    home = Home(tmp_path / "new")
    restoring.restore(folder, home)
    with sqlite3.connect(home.database) as database:
        assert database.execute("SELECT handle FROM job_nodes").fetchall() == [
            ('{"pid":0,"started":""}',)
        ]
    # Whoever cleans up after the run looks at no process that is older than this one.
    node = needed["node"]
    state = json.loads((home.run("kept") / "nodes" / str(node) / "agent.json").read_text())
    assert state["since"] == procfs.stat(os.getpid())[procfs.START]


def test_a_backup_knows_every_table_that_has_digests(system: System, folder: Path) -> None:
    """What the collector keeps for a record is what a backup must have for it."""
    models.register(
        system, W, body=RegisterModel("m", "a", files=[parts.store_text(system, "a", "model")])
    )
    logged = parts.store_text(system, "a", "logged")
    values = {"logged_key": 1, "path": "a", "digest": logged.digest, "size": logged.size}
    system.write(lambda work: work.connection.execute(insert(logged_model_files), values))
    made = backups.make(system.home, folder)
    found = set(backups.referenced(folder / made.name / "runyard.db"))
    assert found == set(references.digests(system.records))
    assert len(found) == 4
    # As a program has left it that knew fewer tables.
    with closing(sqlite3.connect(folder / made.name / "runyard.db")) as database:
        database.execute("DROP TABLE logged_model_files")
    assert len(list(backups.referenced(folder / made.name / "runyard.db"))) == 3


def test_digests_are_those_of_the_pool(system: System, folder: Path) -> None:
    """Contents lie under their digests: what is there can be compared without the service."""
    backups.make(system.home, folder)
    for path in folder.glob("blobs/sha256/*/*"):
        assert hashlib.sha256(path.read_bytes()).hexdigest() == path.parent.name + path.name


def test_a_restore_is_on_the_disk_before_it_counts(
    system: System, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power cut behind a restore leaves no database whose contents have lost their names."""
    home, synced, before = Home(tmp_path / "new"), [], []
    fsync = os.fsync

    def noted(descriptor: int) -> None:
        fsync(descriptor)
        place = Path(f"/proc/self/fd/{descriptor}").readlink()
        synced.append(place)
        if not home.database.exists():
            before.append(place)

    backups.make(system.home, folder)
    monkeypatch.setattr(os, "fsync", noted)
    restoring.restore(folder, home)
    folders = {path for path in home.root.rglob("*") if path.is_dir()} - {home.root / "runs"}
    assert folders
    assert {*folders, home.root, home.root.parent} <= set(before)
    assert synced[-1] == home.root
