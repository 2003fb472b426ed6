"""Databases of every schema there ever was are opened by the present program."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy

from runyard.protocol.environments import EnvironmentQuery
from runyard.protocol.errors import InternalError, InvalidRequest
from runyard.protocol.events import EventQuery
from runyard.protocol.feed import FeedQuery
from runyard.protocol.files import FileQuery
from runyard.protocol.metrics import MetricQuery
from runyard.protocol.search import Search
from runyard_server.core.clock import Clock
from runyard_server.core.notices import Notices
from runyard_server.core.settings import Settings
from runyard_server.core.system import System
from runyard_server.operations import (
    environments,
    events,
    feed,
    files,
    metrics,
    models,
    runs,
    workspaces,
)
from runyard_server.store import migrations, pipelines
from runyard_server.store.blobs import FolderBlobs
from runyard_server.store.home import Home
from runyard_server.store.logs import LogStore
from runyard_server.store.records import Records, sqlite_url
from runyard_server.store.schema import SCHEMA_VERSION
from runyard_server.testing.parts import fake_sites

KEPT = sorted(Path(__file__).parent.glob("schema_*.sql"))


def laid_out(dump: Path, database: Path) -> None:
    """Make a database file of a dump."""
    connection = sqlite3.connect(database)
    connection.executescript(dump.read_text())
    connection.close()


def tables(database: Path) -> set[tuple[str, str]]:
    """The tables and indexes of a database, without the accidents of spacing."""
    connection = sqlite3.connect(database)
    rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
    found = {(name, " ".join(sql.split())) for name, sql in rows}
    connection.close()
    return found


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """A database whose schema this program does not know: older than the oldest."""
    path = tmp_path / "runyard.db"
    laid_out(KEPT[-1], path)
    connection = sqlite3.connect(path)
    connection.execute("UPDATE schema_version SET version = '0000'")
    connection.commit()
    connection.close()
    return path


def test_the_present_schema_is_kept() -> None:
    """Whoever changes a table makes a step for those who have data, and keeps a database."""
    assert f"schema_{SCHEMA_VERSION}.sql" in [path.name for path in KEPT]


@pytest.mark.parametrize("dump", KEPT, ids=lambda path: path.stem)
def test_an_old_database_opens_with_all_it_holds(tmp_path: Path, dump: Path) -> None:
    """After an update of the program every run, metric, file and model is still there."""
    home = Home(tmp_path / "home")
    home.create()
    laid_out(dump, home.database)
    records = Records(sqlite_url(home.database))
    fresh = Records(sqlite_url(tmp_path / "fresh.db"))
    fresh.close()
    assert tables(home.database) == tables(tmp_path / "fresh.db")
    system = reader(home, records)
    assert workspaces.get(system, "default").name == "default"
    run = runs.get(system, "default", "kept")
    assert (run.status, run.number, run.tags, run.properties) == (
        "Completed",
        1,
        {"t": None},
        {"p": "1"},
    )
    found = metrics.list_(system, "default", "kept", MetricQuery()).series
    assert [(s.name, s.values) for s in found] == [
        ("acc", [0.0, 0.25, 0.5, 0.75]),
        ("word", ["text"]),
    ]
    assert [f.path for f in files.list_(system, "default", "kept", FileQuery()).items] == [
        "outputs/model/x"
    ]
    model = models.get(system, "default", "m")
    assert (model.files[0].path, model.tags) == ("model/x", {"a": "b"})
    tagged = models.search(system, "default", body=Search("tags.a = 'b'"))
    assert [one.id for one in tagged.items] == ["m:1"]
    numbered = runs.search(system, "default", body=Search("properties.p < 2", ["metrics.acc"]))
    assert [one.metrics for one in numbered.items] == [{"acc": 0.75}]
    assert environments.list_(system, "default", EnvironmentQuery()).items[0].version == "1"
    assert environments.lock(system, "default", "d1").requirements == "a==1\n"
    assert len(events.list_(system, "default", "kept", EventQuery()).items) == run.last_event
    told = feed.list_(system, "default", FeedQuery(subject_kind="run", subject="kept")).items
    assert [event.number for event in told] == list(range(1, run.last_event + 1))
    assert [event.position for event in told] == sorted({event.position for event in told})
    records.close()


def test_runs_of_an_older_schema_get_their_parameters(tmp_path: Path) -> None:
    """Runs that were submitted before there were parameters are found by their arguments too."""
    home = Home(tmp_path / "home")
    home.create()
    laid_out(Path(__file__).parent / "schema_0004.sql", home.database)
    connection = sqlite3.connect(home.database)
    (spec,) = connection.execute("SELECT spec FROM run_specs").fetchone()
    given = json.loads(spec) | {"arguments": ["--lr", "0.1", "--verbose"]}
    connection.execute("UPDATE run_specs SET spec = ?", (json.dumps(given),))
    connection.commit()
    connection.close()
    records = Records(sqlite_url(home.database))
    found = runs.search(reader(home, records), "default", body=Search("params.lr < 0.2"))
    assert [one.params for one in found.items] == [{"lr": "0.1", "verbose": "True"}]
    records.close()


def test_a_pipeline_that_goes_on_is_counted_anew(tmp_path: Path) -> None:
    """One that was under way before nodes counted what they wait for begins the next of them."""
    home = Home(tmp_path / "home")
    home.create()
    laid_out(Path(__file__).parent / "schema_0012.sql", home.database)
    connection = sqlite3.connect(home.database)
    reads = [{"node": "a", "name": "x"}, {"node": "a", "name": "y"}]
    last = {"id": "c", "inputs": reads, "after": ["b"]}
    spec = json.dumps({"nodes": [{"id": "a"}, {"id": "b", "inputs": reads}, last]})
    connection.execute("INSERT INTO pipeline_runs VALUES (1, 1, ?, '{}', 0, 0)", [spec])
    for number, state in enumerate(["settled", "waiting", "waiting"]):
        told = (1, number, 10 + number, state, "", "", "", None, "", "[]")
        connection.execute("INSERT INTO pipeline_nodes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", told)
    connection.commit()
    connection.close()
    records = Records(sqlite_url(home.database))
    found = records.read(lambda connection: pipelines.nodes(connection, 1))
    assert [(each.missing, each.news) for each in found] == [(0, False), (0, True), (1, True)]
    ready = records.read(lambda connection: pipelines.ready(connection, 1, -1, 10))
    assert [each.number for each in ready] == [1]
    records.close()


def reader(home: Home, records: Records) -> System:
    """What the reading operations need."""
    blobs, logs = FolderBlobs(home.blobs), LogStore(home.run_logs)
    sites = fake_sites(home)
    return System(
        home, records, blobs, logs, Notices(), Clock(), b"", Settings(), lambda: "", sites
    )


def test_steps_are_taken_and_the_file_is_copied_first(
    older: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A migration that goes wrong costs nothing: the old file lies beside the new one."""

    def upgrade(op: Any) -> None:
        op.add_column("workspaces", sqlalchemy.Column("added", sqlalchemy.String))
        with op.batch_alter_table("experiments") as batch:
            batch.alter_column("run_count", new_column_name="runs")

    monkeypatch.setattr(migrations, "steps", lambda: [("0000", None), (SCHEMA_VERSION, upgrade)])
    Records(sqlite_url(older)).close()
    before = dict(tables(older.with_name(f"{older.name}.schema-0000")))
    after = dict(tables(older))
    assert "added" not in before["workspaces"]
    assert "added" in after["workspaces"]
    assert "runs INTEGER" in after["experiments"]
    monkeypatch.setattr(migrations, "steps", list)
    Records(sqlite_url(older)).close()


def test_a_failing_step_leaves_the_old_schema(older: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a migration never stays, and the next start tries again."""

    def upgrade(op: Any) -> None:
        op.add_column("workspaces", sqlalchemy.Column("added", sqlalchemy.String))
        raise ValueError("mine")

    monkeypatch.setattr(migrations, "steps", lambda: [(SCHEMA_VERSION, upgrade)])
    before = tables(older)
    for _ in range(2):
        with pytest.raises(ValueError, match="mine"):
            Records(sqlite_url(older))
    assert tables(older) == before


def test_a_schema_without_steps_is_an_error(older: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing step is said, not passed over."""
    monkeypatch.setattr(migrations, "steps", list)
    with pytest.raises(InternalError, match="no steps lead from schema 0000"):
        Records(sqlite_url(older))


def test_a_newer_database_is_refused(tmp_path: Path) -> None:
    """An older program does not touch what it does not understand, and says what to do."""
    Records(sqlite_url(tmp_path / "runyard.db")).close()
    connection = sqlite3.connect(tmp_path / "runyard.db")
    connection.execute("UPDATE schema_version SET version = '9999'")
    connection.commit()
    connection.close()
    with pytest.raises(InvalidRequest, match="install the newer runyard-server"):
        Records(sqlite_url(tmp_path / "runyard.db"))
