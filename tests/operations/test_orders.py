"""A page of a search reads its own rows: among many runs an order costs no more than among few."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, insert

from runyard.protocol.search import Search
from runyard_server.core.system import System
from runyard_server.operations import run_searches, runs, searches, workspaces
from runyard_server.store import choices, schema, search, walks
from runyard_server.store.search import Budget
from runyard_server.store.searched import Place
from runyard_server.testing import parts
from runyard_server.testing.clocks import TickingClock
from runyard_server.testing.databases import file_of

RUNS, PAGE = 5000, 50
# Steps of SQLite's machine: a page takes some 5,000, and to read all runs, let alone to sort them,
# more than 40,000. How far a walk goes is left to chance where nothing fits.
MOST_STEPS, MOST_BOUNDED = 12_000, 20_000
NO_CHILD = "parent IS NULL"


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Runs that differ in little, as most runs do; on SQLite, whose steps can be counted."""
    home = tmp_path_factory.mktemp("many") / "home"
    with parts.parts(home, TickingClock(), file_of(home)) as made:
        workspaces.ensure_default(made)
        made.records.write(_fill)
        yield made


@pytest.fixture
def scaled(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is few and much among a million runs, for as many as there are here."""
    for module, name, value in (
        (search, "_FEW", 20),
        (search, "_TRIAL", 100),
        (search, "_MORE", 150),
        (choices, "_COUNTED", 150),
        (walks, "FIRST_BLOCK", 32),
        (walks, "LARGEST_BLOCK", 64),
        (walks, "SORTED", 150),
        (walks, "MARKED", 8),
        (searches, "SHORT_SECONDS", 0),
    ):
        monkeypatch.setattr(module, name, value)


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


def _steps(system: System, asked: Search, pages: int, budget: Budget) -> Iterator[int]:
    """The steps of so many pages, in hundreds."""
    wanted = searches.prepared(run_searches.RUNS, "default", asked).wanted
    after: Place | None = None
    for _ in range(pages):
        steps: list[int] = []

        def read(
            connection: Connection,
            after: Place | None = after,
            steps: list[int] = steps,
        ) -> search.Found:
            raw = connection.connection.driver_connection
            assert raw is not None
            raw.set_progress_handler(lambda: steps.append(1), 100)
            found = search.places(connection, wanted, after, PAGE, budget=budget)
            raw.set_progress_handler(None, 0)
            return found

        found = system.records.read(read)
        yield len(steps) * 100
        if len(found.places) < PAGE and found.after is None:
            return
        after = found.places[-1] if len(found.places) == PAGE else found.after


_ATTRIBUTES = (
    *("id", "name", "experiment", "number", "status", "active", "type", "target", "parent"),
    *("user", "nodes", "attempt", "created_at", "started_at", "ended_at", "duration"),
    *("snapshot", "environment", "description"),
)
_NAMED = ("params.lr", "metrics.loss", "tags.nothing")


def _told(asked: Search) -> str:
    return f"{asked.filter} by {','.join(asked.order_by)}"


@pytest.mark.parametrize(
    "asked",
    [
        *(
            Search(NO_CHILD, [f"{name}{direction}"])
            for name in (*_ATTRIBUTES, *_NAMED)
            for direction in ("", " DESC")
        ),
        Search(),
        Search(NO_CHILD),
        Search(f"{NO_CHILD} AND status = 'Failed'"),
        Search(f"{NO_CHILD} AND metrics.loss < 50", ["metrics.loss"]),
        Search("user = 'me'"),
        Search("experiment = 'e-1' AND status = 'Failed'", ["duration"]),
    ],
    ids=_told,
)
def test_a_page_reads_its_own_rows(many: System, asked: Search) -> None:
    """Ordering a million runs by a column, and paging through them, is a page's work."""
    steps = list(_steps(many, asked, 2, search.WITHOUT_END))
    assert max(steps) <= MOST_STEPS
    assert len(steps) == 2


@pytest.mark.parametrize(
    "asked",
    [
        *(
            Search(text)
            for text in (
                "name ILIKE '%no such name%'",
                "name LIKE 'run %4999'",
                "name LIKE '%4999'",
                "id ILIKE '%R49_9%'",
                "status != 'Completed'",
                "user ILIKE 'nobody%'",
                "params.lr = 1 AND metrics.loss < 0",
                "metrics.loss < 50 AND metrics.loss != 7 AND created_at < 0",
                "metrics.loss IS NULL",
                "tags.nothing IS NULL AND attempt = 2",
                "duration > 5",
                "status = 'Completed' AND target = 'gpu' AND number < 0",
                "description ILIKE '%x%'",
            )
        ),
        *(
            Search("experiment != 'e-0'", order)
            for order in (
                ["status", "metrics.loss"],
                ["target DESC", "duration DESC"],
                ["experiment", "created_at DESC"],
                ["params.lr", "metrics.loss DESC"],
                ["active", "user", "name"],
                ["metrics.loss", "name"],
                ["tags.nothing", "status", "ended_at"],
            )
        ),
        Search("experiment = 'e-1'", ["metrics.loss DESC"]),
        Search("name ILIKE '%no such name%'", ["metrics.loss"]),
        Search("params.lr = 1 AND target = 'gpu'", ["status", "ended_at"]),
    ],
    ids=_told,
)
@pytest.mark.usefixtures("scaled")
def test_no_page_reads_the_whole_table(many: System, asked: Search) -> None:
    """Whatever nearly nothing fits, and whatever is ordered by: a request does its share alone."""
    assert max(_steps(many, asked, 6, Budget(0, 100))) <= MOST_BOUNDED


@pytest.mark.usefixtures("scaled")
@pytest.mark.parametrize("order", [[], ["name", "number"], ["name", "number desc"]])
def test_rare_runs_come_in_short_pages_to_whoever_takes_them(
    many: System, order: list[str]
) -> None:
    """A page that is short says how many runs it took and goes on; all together are the list."""
    text = "name ILIKE '%99%' AND number > 0"
    whole = runs.search(many, "default", body=Search(text, order, page_size=1000))
    assert (whole.looked_at, whole.next_page_token) == (None, None)
    found, looked, token, pages = list[str](), 0, None, 0
    while pages == 0 or token is not None:
        asked = Search(text, order, page_size=1000, page_token=token, short_pages=True)
        page = runs.search(many, "default", body=asked)
        assert (page.looked_at is None) == (page.next_page_token is None)
        found += [run.id for run in page.items]
        looked, token, pages = looked + (page.looked_at or 0), page.next_page_token, pages + 1
    assert found == [run.id for run in whole.items]
    assert len(found) == sum("99" in str(key) for key in range(1, RUNS))
    assert pages > 3
    assert looked > RUNS // 2
