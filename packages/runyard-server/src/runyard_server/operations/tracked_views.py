"""Runs as trackers such as MLflow read them: whole, found by a search, and their series.

One search engine finds them (`operations.searches`); what is added here is what each run has by
name, the latest points of its metrics, and what it worked with.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from runyard.protocol.filters import Condition
from runyard.protocol.metrics import SCALAR
from runyard.protocol.runs import STATUSES
from runyard.protocol.search import Search
from runyard_server.core import lookups
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.execution.summarising import LONG
from runyard_server.operations import (
    run_searches,
    searches,
    series,
    tracked_experiments,
    tracked_runs,
)
from runyard_server.operations.searches import Words
from runyard_server.store import experiment_facts, metrics, nouns, run_inputs, runs
from runyard_server.store.metrics import SeriesRow
from runyard_server.store.run_inputs import InputRow
from runyard_server.store.runs import RunRow
from runyard_server.store.schema import runs as runs_table
from runyard_server.store.segments import NAMES

if TYPE_CHECKING:
    from runyard_server.operations.long_series import Thinned

WORDS = Words(
    "runs",
    nouns.RUNS,
    others={
        "run_id": "id",
        "run_uuid": "id",
        "run_name": "name",
        "user_id": "user",
        "created": "started_at",
        "start_time": "started_at",
        "end_time": "ended_at",
    },
    choices={"status": STATUSES},
)


class Latest(NamedTuple):
    """The latest point of a metric; the time is microseconds since 1970."""

    name: str
    value: float
    time: int
    step: int


class Logged(NamedTuple):
    """One point of a metric's history; the time is microseconds since 1970."""

    value: float
    time: int
    step: int


@dataclass(frozen=True, slots=True)
class TrackedRun:
    """A run with all that trackers show of it.

    Args:
        row: The run.
        experiment: Id of its experiment, as trackers know it.
        location: Where the experiment's files are, if not here.
        tags: Its tags, with those that stand for columns.
        params: Its parameters.
        metrics: The latest point of each metric.
        inputs: What it worked with and made.
    """

    row: RunRow
    experiment: str
    location: str
    tags: Mapping[str, str]
    params: Mapping[str, str]
    metrics: Sequence[Latest]
    inputs: Sequence[InputRow]


@dataclass(frozen=True, slots=True)
class RunSearch:
    """What to look for.

    Args:
        asked: The search, in our own words.
        experiments: Ids of the experiments.
        deleted: Whether only deleted runs are meant, only others, or with None both.
        datasets: Conditions on the datasets that a run works with, by their fields.
    """

    asked: Search
    experiments: Sequence[str]
    deleted: bool | None = False
    datasets: Sequence[Condition] = ()


def get(system: System, workspace: str, run: str) -> TrackedRun:
    """A run, deleted or not.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        run: Its id.

    Raises:
        RunNotFound: No such run in the workspace.
    """

    def read(work: Work) -> TrackedRun:
        return views(work, workspace, [lookups.run_row(work, workspace, run)])[0]

    return system.read(read)


def search(system: System, workspace: str, body: RunSearch) -> tuple[list[TrackedRun], str | None]:
    """One page of a search for runs, and the token of the next one.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        body: What to look for.

    Raises:
        InvalidRequest: The filter, an order or the page token makes no sense.
    """
    asked = searches.prepared(WORDS, workspace, body.asked)
    more = [run_inputs.has(one) for one in body.datasets]
    if body.deleted is not None:
        gone = runs_table.c.deleted_at.is_not(None)
        more.append(gone if body.deleted else nouns.NOT_DELETED)

    def read(work: Work) -> tuple[list[TrackedRun], str | None]:
        lookups.workspace_row(work, workspace)
        names = tracked_experiments.names_of(work, workspace, body.experiments)
        if not names:
            return [], None
        named = searches.is_("experiment", "IN" if len(names) > 1 else "=", *names)
        wanted = replace(asked.wanted, conditions=[*asked.wanted.conditions, named], more=more)
        # Trackers know two kinds of runs; archived ones come where both are asked for.
        wanted = wanted if body.deleted is None else run_searches.unarchived(work, wanted)
        page = searches.found(work, replace(asked, wanted=wanted))
        return views(work, workspace, runs.find_in_order(work.connection, page.keys)), page.token

    return system.read(read)


def history(
    system: System, workspace: str, run: str, name: str, most: int | None = None
) -> list[Logged]:
    """All points of a metric of a run, in the order in which they were logged.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        run: Id of the run.
        name: Name of the metric; none of that name has no points.
        most: So many of a long series are enough, the least and the greatest of each part.

    Raises:
        RunNotFound: No such run in the workspace.
    """

    def read(work: Work) -> "list[metrics.SegmentRow] | Thinned":
        key = lookups.run_key(work, workspace, run)
        found = [one for one in metrics.series(work.connection, key, name) if one.kind == SCALAR]
        if found and most is not None and found[0].count >= LONG:
            return series.read_long(work, found[:1], most)[found[0].id]
        return metrics.segments(work.connection, found[0].id) if found else []

    found = system.read(read)
    if isinstance(found, list):
        points = metrics.points_of(found)
        places: Sequence[int] = range(len(points))
    else:
        points, places = found.points, found.places
    columns = zip(places, points.values, points.times, points.steps, strict=True)
    return [
        Logged(float(value), time, place if step is None else step)
        for place, value, time, step in columns
        if isinstance(value, int | float)
    ]


def views(work: Work, workspace: str, rows: Sequence[RunRow]) -> list[TrackedRun]:
    """Runs with all that trackers show of them.

    Args:
        work: The unit of work.
        workspace: Id of the workspace.
        rows: The runs.
    """
    keys = [row.key for row in rows]
    names = list(dict.fromkeys(row.experiment for row in rows))
    ids = experiment_facts.ids_of(work.connection, workspace, names)
    locations = experiment_facts.locations_of(work.connection, workspace, names)
    tags = runs.tags(work.connection, keys)
    params = runs.params(work.connection, keys)
    latest = _latest(work, keys)
    inputs = run_inputs.of_runs(work.connection, keys)
    return [
        TrackedRun(
            row,
            tracked_experiments.id_of(row.experiment, ids[row.experiment]),
            locations.get(row.experiment, ""),
            tracked_runs.shown_tags(row, tags[row.key]),
            params[row.key],
            latest[row.key],
            inputs[row.key],
        )
        for row in rows
    ]


def _latest(work: Work, keys: Sequence[int]) -> dict[int, list[Latest]]:
    result: dict[int, list[Latest]] = {key: [] for key in keys}
    for row in metrics.series_of_many(work.connection, keys, []):
        found = _latest_of(work, row) if row.kind == SCALAR and row.count else None
        if found is not None:
            result[row.run_key].append(found)
    return result


def _latest_of(work: Work, row: SeriesRow) -> Latest | None:
    if row.last_time is not None:
        value = row.last if row.last_odd is None else NAMES[row.last_odd]
        step = row.count - 1 if row.last_step is None else row.last_step
        return None if value is None else Latest(row.name, value, row.last_time, step)
    # Written before the row told of it: the end of what was logged.
    block = metrics.last_segment(work.connection, row.id)
    points = metrics.points_of([block] if block is not None else [])
    if not points.values or not isinstance(points.values[-1], int | float):
        return None
    told = points.steps[-1]
    at = row.count - 1 if told is None else told
    return Latest(row.name, float(points.values[-1]), points.times[-1], at)
