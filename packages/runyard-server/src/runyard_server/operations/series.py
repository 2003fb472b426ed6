"""Series of numbers as columns, for charts."""

from binascii import b2a_base64
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import pairwise
from math import isfinite
from typing import TYPE_CHECKING

from runyard.protocol.errors import InvalidRequest
from runyard.protocol.series import (
    AXES,
    MOST_POINTS,
    MOST_SERIES,
    RELATIVE,
    STEP,
    TIME,
    OddPoint,
    ReadSeries,
    SeriesColumns,
    SeriesName,
    SeriesPage,
)
from runyard_server.core import lookups
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.execution.summarising import LONG
from runyard_server.operations.downsampling import downsampled
from runyard_server.store import metrics as rows
from runyard_server.store import summaries
from runyard_server.store.metrics import SegmentRow, SeriesRow
from runyard_server.store.segments import Points, name_of

if TYPE_CHECKING:
    from runyard_server.operations.long_series import Thinned

_SECOND_US = 1e6
LEAST = 4
# Summaries of so many series are in memory at once: some 100 kB for 100,000 points.
_AT_ONCE = 10
_Key = tuple[int, str]
_Packed = dict[int, "list[SegmentRow] | Thinned"]
_Found = tuple[dict[str, int], dict[_Key, SeriesRow], _Packed]


def read(system: System, workspace: str, body: ReadSeries) -> SeriesPage:
    """Many series as columns; one that does not exist has no points.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        body: What is asked for.

    Raises:
        RunNotFound: One of the runs is not in the workspace.
        InvalidRequest: More series than one answer may hold, or no such x.
    """
    if len(body.series) > MOST_SERIES:
        raise InvalidRequest(
            f"{len(body.series)} series in one answer are too many; ask for {MOST_SERIES}"
        )
    if body.x not in AXES:
        raise InvalidRequest(f"x cannot be {body.x[:40]!r}; it can be {', '.join(AXES)}")
    keys, named, packed = system.read(lambda work: _find(work, workspace, body))
    items = []
    for asked in body.series:
        row = named.get((keys[asked.run], asked.name))
        if row is None:
            items.append(SeriesColumns(asked.run, asked.name, 0))
        else:
            items.append(columns(asked, row, packed[row.id], body))
    return SeriesPage(items)


def _find(work: Work, workspace: str, body: ReadSeries) -> _Found:
    """Keys of the runs, the series by run and name, and what of their segments is news."""
    runs = dict.fromkeys(one.run for one in body.series)
    keys = {run: lookups.run_key(work, workspace, run) for run in runs}
    names = list(dict.fromkeys(one.name for one in body.series))
    # Of what is asked for twice the one that knows less.
    news = sorted(body.series, key=lambda one: -one.after)
    known = {(keys[one.run], one.name): one.after for one in news}
    found = rows.series_of_many(work.connection, list(keys.values()), names, of_system=True)
    named = {(row.run_key, row.name): row for row in found if (row.run_key, row.name) in known}
    fresh = {row.id: row for key, row in named.items() if row.count > known[key]}
    packed: _Packed = {row.id: list[SegmentRow]() for row in named.values()}
    for key, row in named.items():
        if row.id in fresh and known[key] > 0:
            packed[row.id] = _since(work, row.id, known[key], body.x)
            del fresh[row.id]
    if body.low is None and body.high is None:
        long = [row for key, row in named.items() if row.count >= LONG and row.id in fresh]
        packed |= read_long(work, long, _wanted(body))
        for row in long:
            del fresh[row.id]
    return keys, named, packed | rows.segments_of_many(work.connection, list(fresh))


def _since(work: Work, series: int, after: int, axis: str) -> list[SegmentRow]:
    """The segments that hold what came after so many points, behind the first one if x needs it."""
    # A chart that is open asks ten times a second, and all before is on its screen.
    found = rows.segments_from(work.connection, series, after)
    if axis == RELATIVE and found[0].first > 0:
        return [*rows.first_segment(work.connection, series), *found]
    return found


def read_long(work: Work, long: Sequence[SeriesRow], wanted: int) -> "_Packed":
    """Long series thinned as they are read, so that a hundred are never in memory at once.

    Args:
        work: The unit of work.
        long: Their rows.
        wanted: How many points of each.

    Returns:
        The points, by id; the segments of those that have to be looked at point by point.
    """
    found: _Packed = {}
    for begin in range(0, len(long), _AT_ONCE):
        some = long[begin : begin + _AT_ONCE]
        kept = summaries.of_many(work.connection, [row.id for row in some])
        for row in some:
            thin = _thinned(work, row, kept[row.id], wanted) if wanted >= LEAST else None
            found[row.id] = thin or rows.segments(work.connection, row.id)
    return found


def _thinned(
    work: Work, row: SeriesRow, kept: Sequence[SegmentRow], wanted: int
) -> "Thinned | None":
    from runyard_server.operations import long_series

    if row.count < long_series.parts_of(wanted) * summaries.BUCKET:
        kept = []  # too coarse for so many points
    covered = kept[-1].first + kept[-1].count if kept else 0
    news = []
    if covered < row.count:
        news = rows.segments_from(work.connection, row.id, covered)
    return long_series.thinned(kept, news, row.count, wanted)


def _wanted(body: ReadSeries) -> int:
    return max(1, min(body.points, MOST_POINTS))


def columns(
    asked: SeriesName,
    row: SeriesRow,
    packed: "list[SegmentRow] | Thinned",
    body: ReadSeries,
) -> SeriesColumns:
    """The points of one series as columns.

    Args:
        asked: Which series, and what of it is known.
        row: Its row.
        packed: Its segments, or what has been chosen of them; none: no points.
        body: How many points, over which x.
    """
    if not isinstance(packed, list):
        drawn = packed.drawn(body.x)
        if body.packed:
            text = b2a_base64(drawn.tobytes(), newline=False).decode("ascii")
            return SeriesColumns(asked.run, asked.name, row.count, packed=text)
        return SeriesColumns(asked.run, asked.name, row.count, *drawn.tolist())
    if not packed:
        return SeriesColumns(asked.run, asked.name, row.count)
    begin = max(0, asked.after)
    # Only what holds points behind `after` is unpacked: a live chart asks ten times a second.
    first = next((one for one in packed if one.first + one.count > begin), packed[-1])
    points = rows.points_of([one for one in packed if one.first >= first.first])
    cut = max(0, begin - first.first)
    origin = points.times[0] if first.first == 0 else rows.points_of(packed[:1]).times[0]
    points = Points(points.values[cut:], points.steps[cut:], points.times[cut:])
    xs = _xs(points, body.x, range(first.first + cut, first.first + cut + len(points)), origin)
    points.values = [_number(value) for value in points.values]
    if body.low is not None or body.high is not None:
        xs, points = _between(xs, points, body.low, body.high)
    # The places stand for the steps, so that the thinned points are known by them.
    places = Points(points.values, list(range(len(xs))), points.times)
    wanted = _wanted(body)
    if len(places) > wanted:
        places = downsampled(places, wanted)
    values = [value if isfinite(value) else None for value in places.values]
    odd = [
        OddPoint(place, name_of(value))
        for place, value in enumerate(places.values)
        if not isfinite(value)
    ]
    x = [xs[place] for place in places.steps if place is not None]
    return SeriesColumns(asked.run, asked.name, row.count, x, values, odd)


def _xs(points: Points, axis: str, places: Sequence[int], origin: int) -> list[float]:
    """The x of each point.

    Args:
        points: The points.
        axis: Which x.
        places: The number of each in its series.
        origin: Time of the series' first point, microseconds.
    """
    if axis == STEP:
        return [
            float(place if step is None else step)
            for place, step in zip(places, points.steps, strict=True)
        ]
    begin = 0 if axis == TIME else origin
    return [(time - begin) / _SECOND_US for time in points.times]


def _between(
    xs: list[float], points: Points, low: float | None, high: float | None
) -> tuple[list[float], Points]:
    """The points of a range, with one at each side of it: lines go on beyond the edge."""
    if any(left > right for left, right in pairwise(xs)):
        # Steps that go back: a run that was resumed. Such series are left as they are.
        return xs, points
    start = 0 if low is None else max(0, bisect_left(xs, low) - 1)
    end = len(xs) if high is None else bisect_right(xs, high) + 1
    cut = Points(points.values[start:end], points.steps[start:end], points.times[start:end])
    return xs[start:end], cut


def _number(value: object) -> float:
    """A value as a chart can draw it; what is no number has no place there."""
    if isinstance(value, int | float):
        try:
            return float(value)
        except OverflowError:
            return float("inf") if value > 0 else float("-inf")
    return float("nan")
