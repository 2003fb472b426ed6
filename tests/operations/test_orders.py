"""A page of a search reads its own rows: among many runs an order costs no more than among few."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, insert

from runyard.protocol.search import Search
from runyard_server.core.system import System
from runyard_server.operations import run_searches, searches
from runyard_server.store import schema, search

RUNS, PAGE = 5000, 50
# Steps of SQLite's machine: a page takes some 5,000, and to read all runs, let alone to sort them,
# more than 40,000.
MOST_STEPS = 12_000
NO_CHILD = "parent IS NULL"


@pytest.fixture
def many(system: System) -> System:
    """Runs that differ in little, as most runs do."""
    system.records.write(_fill)
    return system


def _fill(connection: Connection) -> None:
    rows = [
        {
            "workspace": "default",
            "id": f"r{key}",
            "experiment": f"e-{key % 7}",
            "number": key,
            "status": ("Completed", "Failed")[key % 10 == 0],
            "active": False,
            "name": f"run {key}",
            "target": ("local", "gpu")[key % 5 == 0],
            "run_type": "azureml.scriptrun",
            "node_count": 1,
            "warnings": "[]",
            "description": "",
            "submitted_by": "me",
            "stage_seconds": "{}",
            "last_event": 1,
            "cancel_requested": False,
            "attempt": 1,
            "created_at": key,
            "started_at": key + 1,
            "ended_at": key + 2,
            "key": key,
        }
        for key in range(1, RUNS)
    ]
    connection.execute(insert(schema.runs), rows)
    named = [
        {"run_key": key, "name": "lr", "value": str(key % 3), "number": key % 3}
        for key in range(1, RUNS)
    ]
    connection.execute(insert(schema.run_params), named)
    logged = [
        {"run_key": key, "name": "loss", "kind": "scalar", "count": 1, "last": key % 97}
        for key in range(1, RUNS)
    ]
    connection.execute(insert(schema.metric_series), logged)


def _steps(system: System, asked: Search) -> Iterator[int]:
    """The steps of the first page and of the one behind it, in hundreds."""
    wanted = searches.prepared(run_searches.RUNS, "default", asked).wanted
    after: search.Place | None = None
    for _ in range(2):
        steps: list[int] = []

        def read(
            connection: Connection,
            after: search.Place | None = after,
            steps: list[int] = steps,
        ) -> list[search.Place]:
            raw = connection.connection.driver_connection
            assert raw is not None
            raw.set_progress_handler(lambda: steps.append(1), 100)
            found = search.places(connection, wanted, after, PAGE)
            raw.set_progress_handler(None, 0)
            return found

        found = system.records.read(read)
        assert len(found) == PAGE
        after = found[-1]
        yield len(steps) * 100


@pytest.mark.parametrize(
    "asked",
    [
        Search(NO_CHILD, [f"{name}{direction}"])
        for name in (
            *("created_at", "started_at", "ended_at", "status", "experiment", "name"),
            *("target", "number", "nodes", "type", "params.lr", "metrics.loss"),
        )
        for direction in ("", " DESC")
    ]
    + [
        Search(),
        Search(NO_CHILD),
        Search(f"{NO_CHILD} AND status = 'Failed'"),
        Search(f"{NO_CHILD} AND metrics.loss < 50", ["metrics.loss"]),
    ],
    ids=lambda asked: f"{asked.filter} by {','.join(asked.order_by)}",
)
def test_a_page_reads_its_own_rows(many: System, asked: Search) -> None:
    """Ordering a million runs by a column, and paging through them, is a page's work."""
    assert max(_steps(many, asked)) <= MOST_STEPS
