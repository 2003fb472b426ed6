"""On PostgreSQL, too, no list, get, search or page reads a whole table.

What a plan does is counted on a history of some thousand runs, with the statistics of its first
days, when all was small; where everything is tried on PostgreSQL, with fresh ones, too.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from sqlalchemy import delete, event, insert
from tests.operations.test_scans import BIG, MODEL_SEARCHES, READS, SEARCHES

from runyard.protocol.environments import EnvironmentDefinition, RegisterEnvironment
from runyard.protocol.errors import NotFound, WrongState
from runyard.protocol.runs import StartRun
from runyard_server.app import reconcilers
from runyard_server.core.system import System
from runyard_server.operations import environments, models, runs
from runyard_server.store import (
    planner_statistics,
    prepared,
    queues,
    schema,
    search,
    tracking_schema,
)
from runyard_server.store import runs as run_rows
from runyard_server.store.registry_schema import model_tags
from runyard_server.store.registry_schema import models as models_table
from runyard_server.store.team_schema import audit
from runyard_server.testing import parts
from runyard_server.testing.clocks import TickingClock
from runyard_server.testing.databases import TEMPLATE
from runyard_server.testing.fake_environments import FakeEnvironments
from runyard_server.testing.postgres import Postgres

MANY = 3000
# Of a page, of the first steps of a walk, and of counts that end early; far from all.
FEW = MANY // 3
STATISTICS = ("old", "fresh") if os.environ.get("TESTS_ON") else ("old",)
Asked = tuple[str, Any, bool]


@pytest.fixture(scope="module", params=STATISTICS)
def system(
    request: pytest.FixtureRequest, postgres: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[System]:
    """A long history in PostgreSQL."""
    url = postgres.new_database(TEMPLATE)
    home = tmp_path_factory.mktemp("scans") / "home"
    with parts.parts(home, TickingClock(), url) as made:
        runs.start(made, "default", body=StartRun(experiment="mnist"))
        definition = EnvironmentDefinition()
        environments.register(made, "default", RegisterEnvironment("e", definition))
        if request.param == "old":
            made.records.write(lambda connection: _fill(connection, range(100, 140)))
            planner_statistics.freshen(made.records.engine)
        made.records.write(lambda connection: _fill(connection, range(1000, 1000 + MANY)))
        if request.param == "fresh":
            planner_statistics.freshen(made.records.engine)
        yield made


def _fill(connection: Any, keys: range) -> None:
    fixed = {"workspace": "default", "experiment": "mnist", "target": "local", "node_count": 1}
    fixed |= {"attempt": 1, "last_event": 1, "warnings": "[]", "description": "", "active": False}
    fixed |= {"stage_seconds": "{}", "cancel_requested": False, "submitted_by": "me"}
    rows = [
        {**fixed, "key": key, "id": f"r{key}", "number": key, "created_at": key}
        | {"status": "Completed" if key % 9 else "Failed", "started_at": key, "ended_at": 2 * key}
        | {"name": f"b{key}"}
        for key in keys
    ]
    connection.execute(insert(schema.runs), rows)
    spec = '{"experiment": "mnist", "snapshot": "s", "script": "train.py"}'
    connection.execute(insert(schema.run_specs), [{"run_key": k, "spec": spec} for k in keys])
    for table, name in ((schema.run_params, "lr"), (schema.run_tags, "a")):
        values = [
            {"run_key": k, "name": name, "value": f"c{k}", "number": k / 1000.0} for k in keys
        ]
        connection.execute(insert(table), values)
    series = {"kind": "scalar", "count": 1, "source": ""}
    named = [{**series, "run_key": k, "name": "acc", "last": k / MANY} for k in keys]
    connection.execute(insert(schema.metric_series), named)
    _fill_models(connection, keys)
    _fill_tracking(connection, keys)
    told = {
        "workspace": "default",
        "subject_kind": "run",
        "kind": "log",
        "message": "",
        "data": "{}",
    }
    events = [{**told, "subject": f"r{k}", "number": 1, "time": k} for k in keys]
    connection.execute(insert(schema.events), events)


def _fill_models(connection: Any, keys: range) -> None:
    fixed = {"workspace": "default", "name": "m", "path": "", "size": 1, "file_count": 0}
    fixed |= {"description": "", "framework": "x", "framework_version": "", "created_at": 1}
    connection.execute(insert(models_table), [{**fixed, "key": k, "version": k} for k in keys])
    values = [{"model_key": k, "name": "a", "value": f"c{k}", "number": k / 1000.0} for k in keys]
    connection.execute(insert(model_tags), values)


def _fill_tracking(connection: Any, keys: range) -> None:
    """What trackers say, what people did, and the files of runs."""
    fixed = {"workspace": "default", "experiment": "mnist", "model_type": "", "status": 2}
    rows = [
        {**fixed, "key": k, "id": f"m-{k}", "name": "m", "run": f"r{k}", "created_at": k}
        | {"changed_at": k}
        for k in keys
    ]
    connection.execute(insert(tracking_schema.logged_models), rows)
    fixed = {"kind": "dataset", "name": "d", "context": "", "document": "{}", "number": 1}
    inputs = [{**fixed, "run_key": k, "digest": str(k)} for k in keys]
    connection.execute(insert(tracking_schema.run_inputs), inputs)
    fixed = {"person": "ann", "via": "", "address": "", "route": "runs.start", "outcome": "done"}
    fixed |= {"workspace": "default", "detail": "", "count": 1}
    told = [{**fixed, "key": k, "at": k, "object": f"r{k}"} for k in keys]
    connection.execute(insert(audit), told)
    fixed = {"node": 0, "attempt": 1, "node_id": "local", "state": "finished", "host": ""}
    ended = [{**fixed, "run_key": k, "launched_at": k, "finished_at": 2 * k} for k in keys]
    connection.execute(insert(schema.job_nodes), ended)
    fixed = {"path": "outputs/a", "kind": "file", "size": 1, "executable": False, "created_at": 1}
    connection.execute(insert(schema.run_files), [{**fixed, "run_key": k} for k in keys])


@pytest.fixture(scope="module")
def known(system: System) -> set[tuple[str, bool]]:
    """Statements whose plans were looked at: many ways ask some of the same."""
    del system
    return set()


@pytest.fixture
def asked(system: System, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Asked]]:
    """What is asked of the database while the test runs: text, values, whether by a cursor."""
    seen: list[Asked] = []
    execute = prepared._Compiled.execute

    def noted(compiled: prepared._Compiled, act: Any, arguments: Any) -> None:
        seen.append((compiled._text, arguments, False))
        execute(compiled, act, arguments)

    monkeypatch.setattr(prepared._Compiled, "execute", noted)

    def note(*details: Any) -> None:
        is_walk = bool(details[4].execution_options.get("stream_results"))
        seen.append((details[2], details[3], is_walk))

    event.listen(system.records.engine, "before_cursor_execute", note)
    yield seen
    event.remove(system.records.engine, "before_cursor_execute", note)


def _wrong(system: System, asked: list[Asked], known: set[tuple[str, bool]]) -> list[str]:
    """Steps of plans that read more of a big table than a page needs."""
    found = []
    for text, values, is_walk in asked:
        is_new = (text, is_walk) not in known
        known.add((text, is_walk))
        # A count of what a condition finds has a limit of its own, which is beyond this history.
        counts = text.startswith("SELECT count(")
        if is_new and text.startswith(("SELECT", "WITH")) and not counts:
            how = (
                "EXPLAIN (FORMAT JSON) DECLARE w CURSOR FOR"
                if is_walk
                else ("EXPLAIN (ANALYZE, FORMAT JSON)")
            )
            (plan,) = system.records.read(
                lambda c, how=how, text=text, values=values: c.exec_driver_sql(
                    f"{how} {text}", values
                ).scalar_one()
            )
            found += [f"{step} IN {text}" for step in _steps(plan["Plan"], is_walk=is_walk)]
    return found


def _steps(node: dict[str, Any], *, is_walk: bool) -> Iterator[str]:
    if node.get("Relation Name") in BIG:
        read = node.get("Actual Rows", 0) + node.get("Rows Removed by Filter", 0)
        many = read * node.get("Actual Loops", 1) > FEW
        # A walk is broken off; what matters is that it goes along an index.
        # All of the one workspace may be walked by the key of the table itself.
        along = "Index Cond" in node or node.get("Index Name", "").endswith("_pkey")
        if many or (is_walk and not along):
            told = ("Node Type", "Relation Name", "Index Name", "Index Cond", "Actual Rows")
            yield str([node.get(each) for each in told])
    for inner in node.get("Plans", ()):
        yield from _steps(inner, is_walk=is_walk)


def _read(system: System, name: str) -> object:
    # What a run of this history lacks is told as an error, after the database was asked for it.
    with suppress(NotFound, WrongState):
        # One goes away, and all others are of one that stays.
        return READS[name](system, "r1002" if "into the trash" in name else "r1001")
    return None


def _schedule(system: System) -> None:
    """Read as a process does that begins to schedule, and as it does each second from then on."""
    loop = reconcilers.scheduler(system, FakeEnvironments())
    loop.take_up()
    for _ in range(2):
        loop.observe()
        loop.turn()
    loop.stop()


WAYS: dict[str, Callable[[System], object]] = {
    "the scheduler": _schedule,
    **{name: partial(_read, name=name) for name in READS},
    **{
        f"search: {name}": partial(runs.search, workspace="default", body=body)
        for name, body in SEARCHES.items()
    },
    **{
        f"models: {name}": partial(models.search, workspace="default", body=body)
        for name, body in MODEL_SEARCHES.items()
    },
}


def test_a_long_queue_is_read_from_its_front(system: System, asked: list[Asked]) -> None:
    """Who is next is found along an index, by priority and then age, whatever else waits."""
    waiting = {"workspace": "default", "experiment": "mnist", "target": "cpus", "node_count": 1}
    waiting |= {"attempt": 0, "last_event": 1, "warnings": "[]", "description": "", "active": True}
    waiting |= {"stage_seconds": "{}", "cancel_requested": False, "submitted_by": "me"}
    rows = [
        {**waiting, "key": k, "id": f"q{k}", "number": k, "created_at": k, "status": "Queued"}
        | {"priority": k % 7}
        for k in range(10_000, 10_000 + MANY // 2)
    ]
    of_cpus = schema.runs.c.target == "cpus"
    system.records.write(lambda c: c.execute(insert(schema.runs), rows))
    try:
        asked.clear()
        found = system.records.read(lambda c: queues.Queue("default", "cpus", "Queued").first(c, 5))
        # 10,002 is the first whose number has the rest 6.
        assert [row.key for row in found] == [10_002 + 7 * n for n in range(5)]
        text, values, _ = asked[0]
        explained = f"EXPLAIN (ANALYZE, FORMAT JSON) {text}"
        (plan,) = system.records.read(lambda c: c.exec_driver_sql(explained, values).scalar_one())
        assert "Sort" not in str(plan)
        (read,) = [node for node in _nodes(plan["Plan"]) if node.get("Relation Name") == "runs"]
        assert (read["Index Name"], read["Actual Rows"]) == ("runs_of_target", 5)
        # Nor does a run that ends look through it for those that are below it.
        asked.clear()
        row = system.records.read(lambda c: run_rows.find(c, "default", "r1001"))
        assert row is not None
        assert system.records.read(lambda c: run_rows.open_below(c, row, "cpus")) == []
        assert _wrong(system, [*asked], set()) == []
    finally:
        system.records.write(lambda c: c.execute(delete(schema.runs).where(of_cpus)))


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for inner in node.get("Plans", ()):
        yield from _nodes(inner)


@pytest.mark.parametrize("name", WAYS)
def test_what_is_read_is_a_page(
    system: System,
    asked: list[Asked],
    known: set[tuple[str, bool]],
    name: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A page costs the same with a thousand runs and with a million."""
    # What is few enough to be sorted is as much as this history has.
    monkeypatch.setattr(search, "_MORE", FEW // 2)
    WAYS[name](system)
    seen = [*asked]
    assert seen
    assert _wrong(system, seen, known) == []
