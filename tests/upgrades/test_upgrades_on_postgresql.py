"""Databases of older schemas in PostgreSQL: the same steps, and processes that start at once."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from runyard.protocol.errors import InvalidRequest, TemporaryError
from runyard_server.store import experiments, pipelines
from runyard_server.store.records import Connection, Records
from runyard_server.store.schema import SCHEMA_VERSION
from runyard_server.testing.databases import TEMPLATE
from runyard_server.testing.postgres import Postgres

FOLDER = Path(__file__).parent
KEPT = sorted(FOLDER.glob("postgresql_*.sql"))
COLUMNS = (
    "SELECT table_name, column_name, data_type, collation_name, is_nullable, column_default "
    "FROM information_schema.columns WHERE table_schema = 'public'"
)
INDEXES = "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"
CONSTRAINTS = (
    "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint "
    "WHERE connamespace = 'public'::regnamespace"
)
Lay = Callable[[str], str]


@pytest.fixture
def laid_out(postgres: Postgres) -> Lay:
    """Makes a database of a schema; gives its URL."""

    def lay(version: str) -> str:
        url = postgres.new_database()
        with psycopg.connect(url) as connection:
            connection.execute((FOLDER / f"postgresql_{version}.sql").read_bytes())
        return url

    return lay


def shape(url: str) -> set[tuple[object, ...]]:
    """The columns, indexes and constraints of a database."""
    with psycopg.connect(url) as connection:
        return {row for each in (COLUMNS, INDEXES, CONSTRAINTS) for row in connection.execute(each)}


def version(url: str) -> str:
    with psycopg.connect(url) as connection:
        return str(connection.execute("SELECT version FROM schema_version").fetchall()[0][0])


def set_version(url: str, to: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE schema_version SET version = %s", [to])


def add(connection: Connection) -> str:
    return experiments.ensure(connection, "default", "mnist", 1).id


@pytest.mark.parametrize("dump", KEPT, ids=lambda path: path.stem)
def test_an_old_database_becomes_like_a_new_one(
    laid_out: Lay, postgres: Postgres, dump: Path
) -> None:
    """After an update of the program no column, index or constraint is missing or another."""
    url = laid_out(dump.stem.partition("_")[2])
    records = Records(url)
    records.write(add)
    records.close()
    assert version(url) == SCHEMA_VERSION
    assert shape(url) == shape(postgres.new_database(TEMPLATE))


def test_a_pipeline_that_goes_on_is_counted_anew(laid_out: Lay) -> None:
    """What a step makes of rows it makes in PostgreSQL, too."""
    url = laid_out("0012")
    reads = [{"node": "a", "name": "x"}]
    spec = json.dumps({"nodes": [{"id": "a"}, {"id": "b", "inputs": reads}]})
    with psycopg.connect(url) as connection:
        connection.execute("INSERT INTO pipeline_runs VALUES (1, 1, %s, '{}', 0, 0)", [spec])
        for number, state in enumerate(["settled", "waiting"]):
            told = (1, number, 10 + number, state, "", "", "", None, "", "[]")
            places = ", ".join(["%s"] * len(told))
            connection.execute(f"INSERT INTO pipeline_nodes VALUES ({places})", told)
    records = Records(url)
    found = records.read(lambda connection: pipelines.nodes(connection, 1))
    assert [(each.missing, each.news) for each in found] == [(0, False), (0, True)]
    records.close()


def test_processes_that_start_at_once_upgrade_once(laid_out: Lay, postgres: Postgres) -> None:
    """All of them come up, on a new database as well: the slower ones find the work done."""
    with ThreadPoolExecutor(3) as pool:
        for url in (laid_out("0013"), postgres.new_database()):
            for records in pool.map(Records, [url] * 3):
                records.close()
            assert version(url) == SCHEMA_VERSION


def test_an_older_program_is_not_upgraded_under_its_feet(postgres: Postgres) -> None:
    """While a process of the older program serves, a newer one says so and changes nothing."""
    url = postgres.new_database(TEMPLATE)
    older = Records(url)
    older.write(add)
    set_version(url, "0010")
    with pytest.raises(InvalidRequest, match=r"stop all of them, take a backup, then start this"):
        Records(url)
    assert version(url) == "0010"
    older.close()


def test_a_newer_database_is_refused_and_not_written(postgres: Postgres) -> None:
    """Neither does an older program start on it, nor does one that followed begin to lead."""
    url = postgres.new_database(TEMPLATE)
    follower = Records(url)
    set_version(url, "9999")
    with pytest.raises(InvalidRequest, match="install the newer runyard-server"):
        Records(url)
    with pytest.raises(TemporaryError, match="start it anew with the runyard-server"):
        follower.write(add)
    # The lock was given back: whoever is new enough can lead.
    set_version(url, SCHEMA_VERSION)
    follower.write(add)
    follower.close()
