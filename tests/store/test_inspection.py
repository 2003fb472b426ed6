"""Looking at the database before use: a lost or damaged one is never replaced by a new one."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from runyard.protocol.errors import InvalidRequest
from runyard_server.store import inspection
from runyard_server.store.home import Home
from runyard_server.store.records import Records, sqlite_url
from runyard_server.store.schema import SCHEMA_VERSION


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A state folder with a database and a blob."""
    home = Home(tmp_path / "state")
    home.create()
    Records(sqlite_url(home.database)).close()
    (home.blobs / "content").write_text("precious")
    return home


def test_a_whole_database_passes(home: Home) -> None:
    """And so does a new, empty state folder."""
    kept = home.database.read_bytes()
    inspection.check(home)
    assert home.database.read_bytes() == kept
    empty = Home(home.root.parent / "new")
    empty.create()
    inspection.check(empty)
    assert not empty.database.exists()


def test_the_newest_schema_is_that_of_the_tables() -> None:
    """The program without its tables knows the same version as with them."""
    assert inspection.newest_version() == SCHEMA_VERSION


@pytest.mark.parametrize("how", ["gone", "empty", "no tables"])
def test_a_lost_database_beside_contents_is_told(home: Home, how: str) -> None:
    """Blobs without their records are not taken for a new state folder; copies are named."""
    home.database.unlink()
    if how == "empty":
        home.database.touch()
    if how == "no tables":
        with closing(sqlite3.connect(home.database)) as database:
            database.execute("PRAGMA journal_mode=WAL")
    copy = home.root / "runyard.db.schema-0001"
    copy.touch()
    with pytest.raises(InvalidRequest, match="missing or empty") as error:
        inspection.check(home)
    assert str(copy) in error.value.message
    assert str(home.database) in error.value.message


def test_the_log_of_an_empty_database_is_kept(home: Home) -> None:
    """SQLite removes it when it opens the file: it may hold all that was written last."""
    log = home.root / "runyard.db-wal"
    home.database.write_bytes(b"")
    log.write_bytes(b"x" * 5000)
    (home.blobs / "content").unlink()
    with pytest.raises(InvalidRequest, match="missing or empty"):
        inspection.check(home)
    assert log.stat().st_size == 5000


@pytest.mark.parametrize("how", ["truncated", "garbage", "overwritten"])
def test_a_damaged_database_is_told(home: Home, how: str) -> None:
    """The file is named, nothing is changed, and the message says what to do."""
    content = home.database.read_bytes()
    half = len(content) // 2
    damaged = {
        "truncated": content[:half],
        "garbage": b"\x00garbage" * 4096,
        "overwritten": content[:half] + b"\xff" * 8192 + content[half + 8192 :],
    }[how]
    home.database.write_bytes(damaged)
    with pytest.raises(InvalidRequest, match="damaged") as error:
        inspection.check(home)
    assert str(home.database) in error.value.message
    assert "copy" in error.value.message
    assert home.database.read_bytes() == damaged


def test_a_newer_schema_and_a_foreign_database_are_told(home: Home) -> None:
    """Before anything is written into them."""
    with closing(sqlite3.connect(home.database)) as database:
        database.execute("UPDATE schema_version SET version = '9999'")
        database.commit()
    with pytest.raises(InvalidRequest, match="newer runyard-server"):
        inspection.check(home)
    with closing(sqlite3.connect(home.database)) as database:
        database.execute("DROP TABLE schema_version")
    with pytest.raises(InvalidRequest, match="another program"):
        inspection.check(home)


def test_a_folder_in_the_place_of_the_database_is_told(home: Home) -> None:
    """It is named."""
    home.database.unlink()
    home.database.mkdir()
    with pytest.raises(InvalidRequest, match="is a folder"):
        inspection.check(home)
