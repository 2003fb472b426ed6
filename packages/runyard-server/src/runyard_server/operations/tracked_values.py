"""What trackers such as MLflow log of a run: points, parameters and tags, in one write.

Points come without a writer's numbers, so a request that is sent twice cannot be told by them.
What a series' last block holds already is passed over instead: that is what a repeat brings, and
trackers themselves keep equal points once.
"""

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf, isfinite, isnan
from typing import NamedTuple

from runyard.protocol.metrics import SCALAR
from runyard_server.core.lifecycle import wake_sweep
from runyard_server.core.notices import grown_topic
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.operations import metrics, parameters, tracked_runs
from runyard_server.operations.spool import Batch, Latest, odd
from runyard_server.store import metrics as rows
from runyard_server.store.metrics import SeriesRow
from runyard_server.store.segments import Points, pack

_FINITE = sys.float_info.max


class Point(NamedTuple):
    """A value of a metric; the time is microseconds since 1970."""

    name: str
    value: float
    time: int
    step: int


@dataclass(frozen=True, slots=True)
class Columns:
    """Points of one metric as three lists of one length; times are microseconds since 1970."""

    values: list[float]
    times: list[int]
    steps: list[int]

    def only(self, places: Sequence[int]) -> "Columns":
        """Some of the points, by their places."""
        return Columns(
            [self.values[place] for place in places],
            [self.times[place] for place in places],
            [self.steps[place] for place in places],
        )


@dataclass(frozen=True, slots=True)
class Logged:
    """What is logged together: all of it or nothing is kept; points by name of their metric."""

    points: Mapping[str, Columns] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


def by_name(points: Iterable[Point]) -> dict[str, Columns]:
    """Sort points by name, names in order of their first point."""
    groups: dict[str, Columns] = {}
    for name, value, time, step in points:
        group = groups.get(name)
        if group is None:
            group = groups[name] = Columns([], [], [])
        group.values.append(value)
        group.times.append(time)
        group.steps.append(step)
    return groups


def log(system: System, workspace: str, run: str, given: Logged) -> None:
    """Add points, parameters and tags to a run; also to one that has ended.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        run: Id of the run.
        given: What is logged.

    Raises:
        RunNotFound: No such run in the workspace.
        InvalidRequest: The run is deleted, or a name or a value is too long.
        Conflict: A parameter has another value already.
    """
    params = parameters.checked(given.params)
    # Packed here, outside the writer's thread.
    distinct = {name: _distinct(columns) for name, columns in given.points.items()}
    batches = [(_batch(name, columns), columns) for name, columns in distinct.items()]

    full: dict[int, int] = {}

    def write(work: Work) -> None:
        row = tracked_runs.required(work, workspace, run)
        parameters.add(work, run, row.key, params, spelt=True)
        tracked_runs.set_tags(work, row, given.tags)
        known = rows.series_named(work.connection, row.key, list(distinct))
        fresh = _fresh(work, known, batches)
        if fresh:
            full.update(metrics.store(work, row.key, fresh, known))
            wake_sweep(work, row)
            work.announce(grown_topic(workspace, run))

    system.write(write)
    metrics.summarise_full(system, full)


def _distinct(columns: Columns) -> Columns:
    """Each point once."""
    # Mostly each has a step of its own, which costs no look at the others.
    if len(set(columns.steps)) == len(columns.steps):
        return columns
    first: dict[tuple[float, int, int], int] = {}
    for place, point in enumerate(zip(columns.values, columns.times, columns.steps, strict=True)):
        first.setdefault(point, place)
    return columns.only([*first.values()])


def _batch(name: str, columns: Columns) -> Batch:
    values, times, steps = columns.values, columns.times, columns.steps
    encoding, payload = pack(Points(values, [*steps], times))
    # A sum that is finite is of numbers that are; one that overflows has each looked at.
    numbers = values if isfinite(sum(values)) else [each for each in values if isfinite(each)]
    place = _latest(columns)
    value = values[place]
    # A latest point that is no number leaves the summary with the last one that is.
    last = numbers[-1] if numbers else None
    if not isnan(value):
        # What has diverged is found and ordered as more than any other, which NULL is not.
        last = min(max(value, -_FINITE), _FINITE)
    return Batch(
        name=name,
        kind=SCALAR,
        count=len(values),
        encoding=encoding,
        payload=payload,
        last=last,
        minimum=min(numbers, default=None),
        maximum=max(numbers, default=None),
        latest=Latest(steps[place], times[place], odd(value)),
        by_step=True,
    )


def _latest(columns: Columns) -> int:
    """The place of the point of the highest step, among those of the latest time and most value."""
    steps, times = columns.steps, columns.times
    top = max(steps)
    if steps.count(top) == 1:
        return steps.index(top)

    def order(place: int) -> tuple[int, int, float]:
        value = columns.values[place]
        return steps[place], times[place], -inf if isnan(value) else value

    return max(range(len(steps)), key=order)


def _fresh(
    work: Work, known: Mapping[str, SeriesRow], batches: Sequence[tuple[Batch, Columns]]
) -> list[Batch]:
    """The batches without points that their series have just been given."""
    fresh = []
    for batch, columns in batches:
        left = _left(work, known.get(batch.name), columns)
        if left is columns:
            fresh.append(batch)
        elif left.values:
            fresh.append(_batch(batch.name, left))
    return fresh


def _left(work: Work, series: SeriesRow | None, columns: Columns) -> Columns:
    if series is None or series.last_time is None:
        return columns
    end = (series.last_step or 0, series.last_time)
    # Mostly all come after what is there, which costs no look at it.
    if min(columns.steps) > end[0] or all(
        point > end for point in zip(columns.steps, columns.times, strict=True)
    ):
        return columns
    block = rows.last_segment(work.connection, series.id)
    if block is None:
        return columns
    points = rows.points_of([block])
    there = set(zip(map(repr, points.values), points.steps, points.times, strict=True))
    # By their texts: NaN equals nothing, itself least of all.
    given = zip(map(repr, columns.values), columns.steps, columns.times, strict=True)
    left = [place for place, point in enumerate(given) if point not in there]
    return columns if len(left) == len(columns.values) else columns.only(left)
