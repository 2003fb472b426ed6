"""What trackers such as MLflow log of a run: points, parameters and tags, in one write.

Points come without a writer's numbers, so a request that is sent twice cannot be told by them.
What a series' last block holds already is passed over instead: that is what a repeat brings, and
trackers themselves keep equal points once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
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


class Point(NamedTuple):
    """A value of a metric; the time is microseconds since 1970."""

    name: str
    value: float
    time: int
    step: int


@dataclass(frozen=True, slots=True)
class Logged:
    """What is logged together: all of it or nothing is kept."""

    points: Sequence[Point] = ()
    params: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


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
    batches = _batches(dict.fromkeys(given.points))

    full: dict[int, int] = {}

    def write(work: Work) -> None:
        row = tracked_runs.required(work, workspace, run)
        parameters.add(work, run, row.key, params, spelt=True)
        tracked_runs.set_tags(work, row, given.tags)
        fresh = _fresh(work, row.key, batches)
        if fresh:
            full.update(metrics.store(work, row.key, fresh))
            wake_sweep(work, row)
            work.announce(grown_topic(workspace, run))

    system.write(write)
    metrics.summarise_full(system, full)


def _batches(points: Mapping[Point, None]) -> list[tuple[Batch, list[Point]]]:
    """Sort points by name and pack them, names in order of their first point."""
    groups: dict[str, list[Point]] = {}
    for point in points:
        groups.setdefault(point.name, []).append(point)
    return [(_batch(group), group) for group in groups.values()]


def _batch(group: Sequence[Point]) -> Batch:
    values = [point.value for point in group]
    encoding, payload = pack(
        Points(list(values), [point.step for point in group], [point.time for point in group])
    )
    latest = max(group, key=lambda point: (point.step, point.time))
    numbers = [value for value in values if isfinite(value)]
    # A latest point that is no number leaves the summary with the last one that is.
    last = latest.value if isfinite(latest.value) else (numbers[-1] if numbers else None)
    return Batch(
        name=group[0].name,
        kind=SCALAR,
        count=len(group),
        encoding=encoding,
        payload=payload,
        last=last,
        minimum=min(numbers, default=None),
        maximum=max(numbers, default=None),
        latest=Latest(latest.step, latest.time, odd(latest.value)),
        by_step=True,
    )


def _fresh(work: Work, key: int, batches: Sequence[tuple[Batch, list[Point]]]) -> list[Batch]:
    """The batches without points that their series have just been given."""
    if not batches:
        return []
    known = rows.series_named(work.connection, key, [batch.name for batch, _ in batches])
    fresh = []
    for batch, group in batches:
        left = _left(work, known.get(batch.name), group)
        if len(left) == len(group):
            fresh.append(batch)
        elif left:
            fresh.append(_batch(left))
    return fresh


def _left(work: Work, series: SeriesRow | None, group: Sequence[Point]) -> Sequence[Point]:
    if series is None or series.last_time is None:
        return group
    end = (series.last_step or 0, series.last_time)
    # Mostly all come after what is there, which costs no look at it.
    if all((point.step, point.time) > end for point in group):
        return group
    block = rows.last_segment(work.connection, series.id)
    if block is None:
        return group
    points = rows.points_of([block])
    there = set(zip(map(repr, points.values), points.steps, points.times, strict=True))
    # By their texts: NaN equals nothing, itself least of all.
    return [p for p in group if (repr(p.value), p.step, p.time) not in there]
