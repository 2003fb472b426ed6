"""Reading the workspaces before the database toolkit is loaded."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from runyard_server.store import first_look, workspaces
from runyard_server.store.records import Records, sqlite_url
from runyard_server.store.workspaces import WorkspaceRow


def _row(number: int) -> WorkspaceRow:
    tags = {"n": str(number)}
    return WorkspaceRow(
        f"w{number}", f"W{number}", "s", "g", "local", "store", number, "W", "basic", tags
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A database with two workspaces."""
    _add(tmp_path / "runyard.db", 2, 1)
    return tmp_path / "runyard.db"


def _add(file: Path, *numbers: int) -> None:
    records = Records(sqlite_url(file))
    records.write(lambda c: [workspaces.add(c, _row(number)) for number in numbers])
    records.close()


def test_the_rows_are_those_of_the_store(file: Path) -> None:
    """What is told early is what the loaded store tells, in its order."""
    found = first_look.workspaces(file)
    assert found is not None
    assert [WorkspaceRow(**row) for row in found] == [_row(1), _row(2)]


def test_a_new_folder_has_none(tmp_path: Path) -> None:
    """No file, an empty one, and one whose tables were never made are the same."""
    file = tmp_path / "runyard.db"
    assert first_look.workspaces(file) == []
    assert not file.exists()
    file.touch()
    assert first_look.workspaces(file) == []
    with closing(sqlite3.connect(file)) as database:
        database.execute("PRAGMA journal_mode=WAL")
    assert first_look.workspaces(file) == []


@pytest.mark.parametrize(
    "change", ["UPDATE schema_version SET version = '0001'", "UPDATE workspaces SET tags = '{'"]
)
def test_what_cannot_be_read_as_it_is_is_left_to_the_loaded_store(file: Path, change: str) -> None:
    """Nothing is read by guess from tables that are still to be changed, and no start fails."""
    with closing(sqlite3.connect(file)) as database:
        database.execute(change)
        database.commit()
    assert first_look.workspaces(file) is None


def test_so_many_that_it_takes_long_are_left_to_the_loaded_store(file: Path) -> None:
    """The first answer is not held up by what hardly anybody asks for."""
    _add(file, *range(3, first_look.MOST_WORKSPACES + 2))
    assert first_look.workspaces(file) is None


def test_it_loads_no_database_toolkit() -> None:
    """The reason for its being: it costs a start next to nothing."""
    script = "import sys, runyard_server.app.program as p; print('sqlalchemy' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"
