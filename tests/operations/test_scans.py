"""No list and no get reads a whole table, however large the history is.

SQLite's plans are read here; those of PostgreSQL in `test_scans_on_postgresql`.
"""

import io
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from tests.operations.scan_gets import GETS
from tests.operations.scan_reads import MORE_READS

from runyard.protocol.datasets import DatasetFileQuery, DatasetQuery, RegisterDataset
from runyard.protocol.datastores import WriteQuery
from runyard.protocol.environments import (
    EnvironmentDefinition,
    EnvironmentQuery,
    RegisterEnvironment,
)
from runyard.protocol.errors import NotFound
from runyard.protocol.events import EventQuery
from runyard.protocol.experiments import ExperimentQuery
from runyard.protocol.feed import FeedQuery
from runyard.protocol.files import FileQuery
from runyard.protocol.metrics import MetricQuery, SpoolQuery
from runyard.protocol.models import ModelChangeQuery, ModelQuery, RegisterModel
from runyard.protocol.registered_models import SetAlias
from runyard.protocol.runs import RunQuery
from runyard.protocol.search import Search
from runyard.protocol.trash import AddTrash, TrashQuery
from runyard.protocol.workspaces import WorkspaceQuery
from runyard_server.core import holding
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.execution import active_runs, purging
from runyard_server.operations import (
    compute,
    datasets,
    datastores,
    environments,
    events,
    experiments,
    feed,
    files,
    metrics,
    models,
    registered_models,
    runs,
    trash,
    workspaces,
)
from runyard_server.store import job_nodes, pages, prepared, queues
from runyard_server.testing import parts
from runyard_server.testing.clocks import TickingClock
from runyard_server.testing.databases import file_of

BIG = (
    "runs",
    "run_specs",
    "run_tags",
    "run_properties",
    "events",
    "run_params",
    "metric_series",
    "metric_segments",
    "metric_summaries",
    "spool_marks",
    "run_files",
    "snapshots",
    "experiments",
    "environments",
    "models",
    "registered_models",
    "model_files",
    "model_tags",
    "model_properties",
    "registered_model_tags",
    "model_aliases",
    "model_changes",
    "trash",
    "blob_marks",
    "job_nodes",
    "audit",
    "roles",
    "user_tokens",
    "experiment_facts",
    "experiment_tags",
    "run_inputs",
    "logged_models",
    "logged_model_tags",
    "logged_model_params",
    "logged_model_metrics",
    "logged_model_files",
    "sweeps",
    "trials",
    "journals",
    "journal_entries",
    "endpoints",
    "deployed_models",
    "images",
    "views",
    "dataset_definitions",
    "dataset_names",
    "dataset_versions",
    "dataset_pins",
    "file_digests",
    "web_files",
    "run_datasets",
    "model_datasets",
)
Statements = list[tuple[str, Any]]
DATASET = RegisterDataset(
    "d",
    {"kind": "file", "sources": [{"datastore": "workspaceblobstore", "path": "d"}]},
    new_version=True,
)
# Of no files: bytes that nobody has read yet would be asked for first.
PINNED = RegisterDataset(
    "p",
    {"kind": "file", "sources": [{"datastore": "workspaceblobstore", "path": "p"}]},
    pin=True,
)
After = pages.token(1000)
AfterName = pages.token("m")


@pytest.fixture
def system(tmp_path: Path, clock: TickingClock) -> Iterator[System]:
    """The parts on SQLite."""
    with parts.parts(tmp_path / "home", clock, file_of(tmp_path / "home")) as made:
        yield made


@pytest.fixture
def statements(system: System, monkeypatch: pytest.MonkeyPatch) -> Iterator[Statements]:
    """What is asked of the database while the test runs."""
    seen: Statements = []
    execute = prepared._Compiled.execute

    def noted(compiled: prepared._Compiled, act: Any, arguments: Any) -> None:
        seen.append((compiled._text, arguments))
        execute(compiled, act, arguments)

    # Statements that are compiled once go past SQLAlchemy's events.
    monkeypatch.setattr(prepared._Compiled, "execute", noted)

    def note(*details: Any) -> None:
        seen.append((details[2], details[3]))

    event.listen(system.records._engine, "before_cursor_execute", note)
    yield seen
    event.remove(system.records._engine, "before_cursor_execute", note)


@pytest.fixture
def history(system: System, run_with_files: str) -> str:
    """A run with something of everything.

    Without statistics the planner takes every table for a large one, as it should here.
    """
    line = b'{"n": "acc", "k": "scalar", "v": 0.5, "t": 1}\n'
    body = io.BytesIO(line)
    metrics.append(system, "default", run_with_files, "w", query=SpoolQuery(), body=body)
    models.register(system, "default", body=RegisterModel("m", "outputs", run=run_with_files))
    registered_models.set_alias(system, "default", "m", "best", body=SetAlias(1))
    runs.complete(system, "default", run_with_files)
    environments.register(system, "default", RegisterEnvironment("e", EnvironmentDefinition()))
    datasets.register(system, "default", DATASET)
    return run_with_files


def _with_a_file(system: System, path: str) -> None:
    """Put a file on the default datastore."""
    body = io.BytesIO(b"a")
    datastores.write(system, "default", "workspaceblobstore", path, WriteQuery(), body)


READS: dict[str, Callable[[System, str], object]] = {
    "workspace": lambda s, _: workspaces.get(s, "default"),
    "workspaces": lambda s, _: workspaces.list_(s, WorkspaceQuery(name="default")),
    "experiment": lambda s, _: experiments.get(s, "default", "mnist"),
    "experiments": lambda s, _: experiments.list_(s, "default", ExperimentQuery()),
    "experiments, deep": lambda s, _: experiments.list_(
        s, "default", ExperimentQuery(page_token=AfterName)
    ),
    "run": lambda s, run: runs.get(s, "default", run),
    "spec": lambda s, run: runs.spec(s, "default", run),
    "runs": lambda s, _: runs.list_(s, "default", RunQuery()),
    "runs of an experiment": lambda s, _: runs.list_(
        s, "default", RunQuery(experiment="mnist", page_token=After)
    ),
    "runs of a status": lambda s, _: runs.list_(s, "default", RunQuery(status="Running")),
    "runs of a parent": lambda s, run: runs.list_(s, "default", RunQuery(parent=run)),
    "runs with a tag": lambda s, _: runs.list_(s, "default", RunQuery(tag="a", tag_value="b")),
    "runs with a property": lambda s, _: runs.list_(s, "default", RunQuery(property="a")),
    "active runs": lambda s, _: runs.list_(s, "default", RunQuery(active=True)),
    "events": lambda s, run: events.list_(s, "default", run, EventQuery(after=1)),
    "feed": lambda s, _: feed.list_(s, "default", FeedQuery(after=1)),
    "newest of the feed": lambda s, _: feed.list_(s, "default", FeedQuery(last=5)),
    "feed of runs": lambda s, _: feed.list_(
        s, "default", FeedQuery(after=1, limit=100, subject_kind="run")
    ),
    "feed of a kind": lambda s, _: feed.list_(
        s, "default", FeedQuery(last=5, subject_kind="model")
    ),
    "feed of a run": lambda s, run: feed.list_(
        s, "default", FeedQuery(after=1, subject_kind="run", subject=run)
    ),
    "metrics": lambda s, run: metrics.list_(s, "default", run, MetricQuery()),
    "one metric": lambda s, run: metrics.list_(s, "default", run, MetricQuery(name="acc")),
    "mark": lambda s, run: metrics.mark(s, "default", run, "w"),
    "files": lambda s, run: files.list_(
        s, "default", run, FileQuery(prefix="outputs/", page_token=AfterName)
    ),
    "file": lambda s, run: files.read(s, "default", run, "plot.png"),
    "datastores": lambda s, _: datastores.list_(s, "default"),
    "environments": lambda s, _: environments.list_(s, "default", EnvironmentQuery()),
    "versions": lambda s, _: environments.list_(s, "default", EnvironmentQuery(name="e")),
    "model": lambda s, _: models.get(s, "default", "m"),
    "model version": lambda s, _: models.get(s, "default", "m:1"),
    "models": lambda s, _: models.list_(s, "default", ModelQuery(page_token=After)),
    "models of a name": lambda s, _: models.list_(s, "default", ModelQuery(name="m")),
    "latest models": lambda s, _: models.list_(s, "default", ModelQuery(latest=True)),
    "models with a tag": lambda s, _: models.list_(s, "default", ModelQuery(tags=["a=b"])),
    "model of an alias": lambda s, _: models.get(s, "default", "m@best"),
    "lineage of a model": lambda s, _: models.lineage(s, "default", "m:1"),
    "history of a model": lambda s, _: models.history(s, "default", "m", ModelChangeQuery()),
    "registered model": lambda s, _: registered_models.get(s, "default", "m"),
    "registered models": lambda s, _: registered_models.search(s, "default", Search()),
    "registered models by name": lambda s, _: registered_models.search(
        s, "default", Search("name LIKE 'm%' and tags.a = 'b'", ["name"])
    ),
    "registered models, last changed first": lambda s, _: registered_models.search(
        s, "default", Search(order_by=["changed_at DESC"])
    ),
    "trash": lambda s, _: trash.list_(s, "default", TrashQuery()),
    "trash that is over": lambda s, _: purging.due(s),
    "a run into the trash": lambda s, run: trash.add(s, "default", AddTrash("run", run)),
    "an experiment, to be told": lambda s, _: trash.add(
        s, "default", AddTrash("experiment", "mnist", dry_run=True)
    ),
    "contents to be held": lambda s, _: holding.hold(s, ["0" * 64]),
    "queue": lambda s, _: compute.queue(s, "default"),
    "nodes held": lambda s, _: s.read(
        lambda work: job_nodes.held_since(work.connection, "default", "cpus", 1, 10)
    ),
    "datasets": lambda s, _: datasets.list_(
        s, "default", DatasetQuery(page_token=pages.token("a"))
    ),
    "versions of a dataset": lambda s, _: datasets.list_(s, "default", DatasetQuery("d")),
    "dataset": lambda s, _: datasets.get(s, "default", "d:1"),
    "dataset, once more": lambda s, _: datasets.register(s, "default", DATASET),
    "pinned dataset": lambda s, _: datasets.register(s, "default", PINNED),
    "files of a dataset": lambda s, _: datasets.files(s, "default", "d", DatasetFileQuery()),
    "files of a dataset now": lambda s, _: (
        _with_a_file(s, "d/a") or datasets.files(s, "default", "d", DatasetFileQuery(now=True))
    ),
    "readers of a dataset": lambda s, _: datasets.readers(s, "default", "d"),
    "datasets of a run": lambda s, run: datasets.of_run(s, "default", run),
    "models of a run": lambda s, run: models.list_(s, "default", ModelQuery(run=run)),
    **MORE_READS,
    **GETS,
}


def scans(work: Work, seen: Statements) -> list[str]:
    """The steps of the plans that read a big table from end to end."""
    found = []
    for statement, values in seen:
        if not statement.startswith("SELECT"):
            continue
        plan = work.connection.exec_driver_sql("EXPLAIN QUERY PLAN " + statement, values)
        steps = [str(row.detail) for row in plan]
        found += [
            f"{step} in {statement}"
            for step in steps
            if step.startswith("SCAN") and step.split()[1] in BIG
        ]
    return found


@pytest.mark.parametrize("name", READS)
def test_reads_use_an_index(
    system: System, history: str, statements: Statements, name: str
) -> None:
    """A page costs the same with a thousand runs and with a million."""
    # What this history lacks is told as an error, after the database was asked for it.
    with suppress(NotFound):
        READS[name](system, history)
    asked = [*statements]
    assert asked
    assert system.read(lambda work: scans(work, asked)) == []


SEARCHES: dict[str, Search] = {
    "everything": Search(),
    "a metric": Search("metrics.acc < 0.6"),
    "a metric, by it": Search("metrics.acc < 0.6", ["metrics.acc desc"]),
    "a metric, by another": Search("metrics.acc < 0.6", ["metrics.loss"]),
    "a parameter": Search("params.lr = '0.1'", ["params.lr"]),
    "a parameter's number": Search("params.lr < 0.1", ["created_at desc"]),
    "a tag, by a parameter": Search("tags.a LIKE 'b%'", ["params.lr desc", "name"]),
    "no tag": Search("tags.a IS NULL", ["tags.b"]),
    "a name": Search("name LIKE 'a%' and properties.p IS NOT NULL", ["name"]),
    "a status, by time": Search("status = 'Running' and user = 'me'", ["ended_at"]),
    "an id": Search("id IN ('a', 'b')", ["metrics.acc"]),
    "durations": Search("duration > 5", ["duration desc"]),
    "what is archived": Search("archived = TRUE", ["metrics.acc"]),
    "a priority, by it": Search("priority > 0", ["priority desc"]),
}
MODEL_SEARCHES: dict[str, Search] = {
    "everything": Search(),
    "a tag": Search("tags.a = 'b'"),
    "a tag's number, by it": Search("tags.a > 2", ["tags.a"]),
    "a stage, by it": Search("stage = 'Production'", ["stage"]),
    "the latest of a framework": Search("latest = TRUE and framework = 'x'", ["size desc"]),
}


@pytest.mark.parametrize("name", SEARCHES)
def test_searches_use_an_index(
    system: System, history: str, statements: Statements, name: str
) -> None:
    """Also of what is ordered by anything, or looked for by several things."""
    assert history
    runs.search(system, "default", body=SEARCHES[name])
    asked = [*statements]
    assert asked
    assert system.read(lambda work: scans(work, asked)) == []


@pytest.mark.parametrize("name", MODEL_SEARCHES)
def test_searches_for_models_use_an_index(
    system: System, history: str, statements: Statements, name: str
) -> None:
    """Tags of models are rows, not texts that are read one by one."""
    assert history
    models.search(system, "default", body=MODEL_SEARCHES[name])
    asked = [*statements]
    assert system.read(lambda work: scans(work, asked)) == []


def test_named_columns_are_read_of_the_page_alone(
    system: System, history: str, statements: Statements
) -> None:
    """A column of a table is looked up for the runs that are shown, not in all that have it."""
    asked = Search(columns=["metrics.acc", "params.lr", "tags.a", "properties.p"])
    assert runs.search(system, "default", body=asked).items[0].id == history
    named = [pair for pair in statements if "name IN" in pair[0]]
    assert len(named) == 4
    for statement, values in named:
        explained = f"EXPLAIN QUERY PLAN {statement}"
        steps = system.records.read(lambda c, e=explained, v=values: list(c.exec_driver_sql(e, v)))
        assert "(run_key=?" in str(steps[0].detail)


def test_a_queue_is_read_in_its_order(system: System, statements: Statements) -> None:
    """Who is next is found along an index: nothing is sorted, however many wait."""
    waiting = queues.Queue("default", "cpus", "Queued")
    assert system.read(lambda work: waiting.first(work.connection, 5)) == []
    assert system.read(lambda work: waiting.node_count(work.connection, 5)) == 0
    asked = [*statements]
    assert len(asked) == 2
    for text, values in asked:
        explained = f"EXPLAIN QUERY PLAN {text}"
        steps = system.records.read(lambda c, e=explained, v=values: list(c.exec_driver_sql(e, v)))
        plan = " ".join(str(row.detail) for row in steps)
        assert "runs_of_target (workspace=? AND target=? AND active=?)" in plan
        assert "TEMP B-TREE" not in plan


def test_a_start_reads_what_goes_on(system: System, history: str, statements: Statements) -> None:
    """Of a long history only the few nodes that are lost are looked through, by their own index."""
    assert history not in [subject.id for subject in active_runs.subjects(system)]
    asked = [*statements]
    through = system.read(lambda work: scans(work, asked))
    assert [step.partition(" in ")[0] for step in through] == [
        "SCAN job_nodes USING INDEX job_nodes_lost"
    ]


def test_a_page_of_a_search_reads_a_page(system: System, statements: Statements) -> None:
    """The first page by a metric walks along its index and sorts nothing."""
    asked = Search("metrics.acc < 0.6", ["metrics.acc desc"], page_size=2)
    runs.search(system, "default", body=asked)
    walked = next(pair for pair in statements if "walked" in pair[0])
    explained = f"EXPLAIN QUERY PLAN {walked[0]}"
    steps = system.records.read(lambda c: list(c.exec_driver_sql(explained, walked[1])))
    plan = [str(row.detail) for row in steps]
    assert "metric_series_by_last (name=? AND kind=? AND last" in plan[0]
    assert not any("TEMP B-TREE" in step for step in plan)


def test_a_duration_is_compared_in_its_index_alone(system: System, statements: Statements) -> None:
    """Whether few runs lasted so long is asked at each page; reading the rows took most of it."""
    runs.search(system, "default", body=Search("duration > 5", page_size=2))
    counting = [text for text, _ in statements if "count(*)" in text]
    assert counting
    assert all(text.count("runs.ended_at - runs.started_at") == 1 for text in counting)
