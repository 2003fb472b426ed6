"""Rows of metrics: series with their summaries, packed segments, and how far each writer came."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from functools import cache
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from runyard.protocol.metrics import SCALAR
from runyard.protocol.usage import USAGE_KIND
from runyard_server.store.expressions import Unindexed
from runyard_server.store.keyed import Keyed
from runyard_server.store.prepared import Prepared
from runyard_server.store.schema import metric_segments, metric_series, spool_marks
from runyard_server.store.segments import Points, unpack

_MANY = 500
_SIZES = (1, 4, 16, 64, _MANY)


@dataclass(slots=True)
class SeriesRow:
    """One metric of a run; `minimum`, `maximum` and `last` are of its finite numbers.

    `source` says what wrote it, "" for `run.log`. `last_step`, `last_time` and `last_odd` are of
    the point that counts as the latest: `last_odd` names its value where that is not finite.
    """

    run_key: int
    name: str
    kind: str
    count: int = 0
    last: float | None = None
    minimum: float | None = None
    maximum: float | None = None
    id: int = 0
    source: str = ""
    last_step: int | None = None
    last_time: int | None = None
    last_odd: str | None = None


@dataclass(frozen=True, slots=True)
class SegmentRow:
    """Packed points of a series, `first` being the place of the first one; see `segments`."""

    series_id: int
    first: int
    count: int
    encoding: str
    payload: bytes


_SERIES = [metric_series.c[f.name] for f in fields(SeriesRow)]
_SEGMENTS = [metric_segments.c[f.name] for f in fields(SegmentRow)]
# In order of first logging. Of a few runs, so no index of ids is the way to them.
_IN_ORDER = Unindexed(metric_series.c.id)

# Statements of the hot path are made once: making one takes longer than SQLite takes to run it.
_MARK = Prepared(
    select(spool_marks.c.lines).where(
        spool_marks.c.run_key == bindparam("run"), spool_marks.c.writer == bindparam("by")
    )
)
_ADD_MARK = insert(spool_marks)
_MOVE_MARK = (
    update(spool_marks)
    .where(spool_marks.c.run_key == bindparam("run"), spool_marks.c.writer == bindparam("by"))
    .values(lines=bindparam("stored"))
)
_ALL_SERIES = select(*_SERIES).where(metric_series.c.run_key == bindparam("run"))
_METRICS = _ALL_SERIES.where(metric_series.c.kind != USAGE_KIND)
_USED = Keyed(
    select(metric_series.c.run_key, metric_series.c.name, metric_series.c.last).where(
        metric_series.c.kind == USAGE_KIND, metric_series.c.last.is_not(None)
    ),
    metric_series.c.run_key,
)
_USAGE = _ALL_SERIES.where(metric_series.c.kind == USAGE_KIND).order_by(_IN_ORDER)
_LATEST = Keyed(
    select(
        metric_series.c.id, metric_series.c.run_key, metric_series.c.name, metric_series.c.last
    ).where(metric_series.c.kind == SCALAR, metric_series.c.last.is_not(None)),
    metric_series.c.run_key,
    metric_series.c.name,
)
_ADD_SERIES = insert(metric_series)
_CHANGE_SERIES = Prepared(
    update(metric_series)
    .where(metric_series.c.id == bindparam("series"))
    .values(
        count=bindparam("new_count"),
        last=bindparam("new_last"),
        minimum=bindparam("new_minimum"),
        maximum=bindparam("new_maximum"),
        last_step=bindparam("new_step"),
        last_time=bindparam("new_time"),
        last_odd=bindparam("new_odd"),
    )
)
_IN_PIECES = Prepared(
    select(metric_segments.c.series_id)
    .join(metric_series, metric_series.c.id == metric_segments.c.series_id)
    .where(metric_series.c.run_key == bindparam("run"))
    .group_by(metric_segments.c.series_id)
    .having(func.count() >= bindparam("least"))
)
_LONG_ONES = Prepared(
    select(metric_series.c.id, metric_series.c["count"]).where(
        metric_series.c.run_key == bindparam("run"), metric_series.c["count"] >= bindparam("least")
    )
)
_ADD_SEGMENTS = Prepared(insert(metric_segments))
_SEGMENTS_OF = select(*_SEGMENTS).where(metric_segments.c.series_id == bindparam("series"))
_IN_PLACE = Prepared(_SEGMENTS_OF.order_by(metric_segments.c.first))
_BEFORE = (
    select(func.max(metric_segments.c.first))
    .where(
        metric_segments.c.series_id == bindparam("series"),
        metric_segments.c.first <= bindparam("place"),
    )
    .scalar_subquery()
)
_FROM = Prepared(
    _SEGMENTS_OF.where(metric_segments.c.first >= _BEFORE).order_by(metric_segments.c.first)
)
_BETWEEN = Prepared(
    _SEGMENTS_OF.where(
        metric_segments.c.first >= _BEFORE, metric_segments.c.first < bindparam("end")
    ).order_by(metric_segments.c.first)
)
_FIRST_SEGMENT = Prepared(_SEGMENTS_OF.order_by(metric_segments.c.first).limit(1))
_LAST_SEGMENT = Prepared(_SEGMENTS_OF.order_by(metric_segments.c.first.desc()).limit(1))
_COUNTS_OF = select(metric_segments.c.first, metric_segments.c["count"]).where(
    metric_segments.c.series_id == bindparam("series")
)


@cache
def _named_series(size: int) -> Prepared:
    names: list[Any] = [bindparam(f"n{place}") for place in range(size)]
    return Prepared(_ALL_SERIES.where(metric_series.c.name.in_(names)))


def mark(connection: Connection, run_key: int, writer: str) -> int:
    """How many lines of a writer are stored.

    Args:
        connection: The transaction's connection.
        run_key: Key of the run's row.
        writer: Name of the writer.
    """
    return int(_MARK.value(connection, {"run": run_key, "by": writer}) or 0)


def set_mark(connection: Connection, run_key: int, writer: str, lines: int) -> None:
    """Set how many lines of a writer are stored.

    Args:
        connection: The transaction's connection.
        run_key: Key of the run's row.
        writer: Name of the writer.
        lines: How many lines are stored.
    """
    values = {"run": run_key, "by": writer, "stored": lines}
    # Moved first: each batch but a first one of its writer finds its row.
    if connection.execute(_MOVE_MARK, values).rowcount == 0:
        connection.execute(_ADD_MARK, {"run_key": run_key, "writer": writer, "lines": lines})


def series(connection: Connection, run_key: int, name: str | None = None) -> list[SeriesRow]:
    """The metrics of a run (or the one of that name), in order of first logging.

    Args:
        connection: The transaction's connection.
        run_key: Key of the run's row.
        name: Its name.
    """
    found = _METRICS.order_by(_IN_ORDER)
    if name is not None:
        found = found.where(metric_series.c.name == name)
    return [SeriesRow(*row) for row in connection.execute(found, {"run": run_key})]


def usage(connection: Connection, run_key: int) -> list[SeriesRow]:
    """The system metrics of a run, in the order in which they began."""
    return [SeriesRow(*row) for row in connection.execute(_USAGE, {"run": run_key})]


def used(connection: Connection, run_keys: Sequence[int]) -> list[tuple[int, str, float]]:
    """The last values of the system metrics of several runs: key, name and value."""
    return [(key, name, last) for key, name, last in _USED.rows(connection, run_keys)]


def latest(
    connection: Connection, run_keys: Sequence[int], names: Sequence[str] | None = None
) -> dict[int, dict[str, float]]:
    """The last finite values of scalar metrics of several runs, by key; with names only those.

    Args:
        connection: The transaction's connection.
        run_keys: Keys of the runs' rows.
        names: Which names.
    """
    result: dict[int, dict[str, float]] = {key: {} for key in run_keys}
    # In order of first logging. Sorted here, which takes a fifth of what it takes SQLite.
    for _, key, name, last in sorted(_LATEST.rows(connection, run_keys, names)):
        result[key][name] = last
    return result


def counts(
    connection: Connection, run_keys: Sequence[int]
) -> dict[int, tuple[dict[str, int], dict[str, int]]]:
    """How many points each series of several runs has, by key of the run.

    Returns:
        Those of metrics, and those of system metrics.
    """
    table = metric_series.c
    result = {key: (dict[str, int](), dict[str, int]()) for key in run_keys}
    for first in range(0, len(run_keys), _MANY):
        some = list(run_keys[first : first + _MANY])
        found = select(table.run_key, table.name, table["count"], table.kind == USAGE_KIND)
        for key, name, count, of_system in connection.execute(found.where(table.run_key.in_(some))):
            result[key][bool(of_system)][name] = count
    return result


def series_named(
    connection: Connection, run_key: int, names: Sequence[str]
) -> dict[str, SeriesRow]:
    """Those series of a run that have one of these names, by name.

    Args:
        connection: The transaction's connection.
        run_key: Key of the run's row.
        names: Which names.
    """
    if not names:
        return {}
    # More names than a statement may have parameters: all of the run, then.
    if len(names) > _MANY:
        found = [SeriesRow(*row) for row in connection.execute(_ALL_SERIES, {"run": run_key})]
    else:
        # The last one several times, so that there are few statements to be compiled.
        size = next(size for size in _SIZES if size >= len(names))
        several = [*names, *[names[-1]] * (size - len(names))]
        values = {f"n{place}": name for place, name in enumerate(several)} | {"run": run_key}
        found = [SeriesRow(*row) for row in _named_series(size).rows(connection, values)]
    return {row.name: row for row in found}


def add_series(connection: Connection, rows: Sequence[SeriesRow]) -> None:
    """Add series and set their ids."""
    for row in rows:
        values = {
            "run_key": row.run_key,
            "name": row.name,
            "kind": row.kind,
            "count": row.count,
            "source": row.source,
        }
        # One by one: of many rows in one statement a driver does not tell the keys.
        key = connection.execute(_ADD_SERIES, values).inserted_primary_key
        assert key is not None
        row.id = int(key[0])


def rename_series(connection: Connection, series_id: int, name: str) -> None:
    """Rename a series; no other of its run has the new name.

    Args:
        connection: The transaction's connection.
        series_id: Its id.
        name: The new name.
    """
    at = update(metric_series).where(metric_series.c.id == series_id)
    connection.execute(at.values(name=name))


def change_series(connection: Connection, rows: Iterable[SeriesRow]) -> None:
    """Write the counts and summaries of series that are there."""
    values = [
        {
            "series": row.id,
            "new_count": row.count,
            "new_last": row.last,
            "new_minimum": row.minimum,
            "new_maximum": row.maximum,
            "new_step": row.last_step,
            "new_time": row.last_time,
            "new_odd": row.last_odd,
        }
        for row in rows
    ]
    _CHANGE_SERIES.run_many(connection, values)


def add_segments(connection: Connection, rows: Iterable[SegmentRow]) -> None:
    """Add segments behind those that are there."""
    values = [
        {
            "series_id": row.series_id,
            "first": row.first,
            "count": row.count,
            "encoding": row.encoding,
            "payload": row.payload,
        }
        for row in rows
    ]
    _ADD_SEGMENTS.run_many(connection, values)


def segments(connection: Connection, series_id: int) -> list[SegmentRow]:
    """The segments of a series, in order."""
    return [SegmentRow(*row) for row in _IN_PLACE.rows(connection, {"series": series_id})]


def segments_from(connection: Connection, series_id: int, place: int) -> list[SegmentRow]:
    """Those segments of a series, in order, that have a point and all that follow it.

    Args:
        connection: The transaction's connection.
        series_id: Its id.
        place: The place of the point in the series.
    """
    found = _FROM.rows(connection, {"series": series_id, "place": place})
    return [SegmentRow(*row) for row in found]


def segments_between(
    connection: Connection, series_id: int, place: int, end: int
) -> list[SegmentRow]:
    """Those segments of a series, in order, that have any of some points.

    Args:
        connection: The transaction's connection.
        series_id: Its id.
        place: The place of the first point in the series.
        end: The place behind the last one.
    """
    found = _BETWEEN.rows(connection, {"series": series_id, "place": place, "end": end})
    return [SegmentRow(*row) for row in found]


def first_segment(connection: Connection, series_id: int) -> list[SegmentRow]:
    """The segment of a series that has its first point; none of a series without any."""
    return [SegmentRow(*row) for row in _FIRST_SEGMENT.rows(connection, {"series": series_id})]


def last_segment(connection: Connection, series_id: int) -> SegmentRow | None:
    """The segment of a series that was written last, None of a series without any."""
    row = _LAST_SEGMENT.row(connection, {"series": series_id})
    return None if row is None else SegmentRow(*row)


def series_of_many(
    connection: Connection,
    run_keys: Sequence[int],
    names: Sequence[str],
    *,
    kinds: Sequence[str] = (),
    of_system: bool = False,
) -> list[SeriesRow]:
    """The metrics of several runs, in order of first logging; with names or kinds only those.

    Args:
        connection: The transaction's connection.
        run_keys: Keys of the runs' rows.
        names: Which names.
        kinds: Which kinds.
        of_system: System metrics too.
    """
    found = select(*_SERIES).where(metric_series.c.run_key.in_(list(run_keys)))
    if not of_system:
        found = found.where(metric_series.c.kind != USAGE_KIND)
    if names:
        found = found.where(metric_series.c.name.in_(list(names)))
    if kinds:
        found = found.where(metric_series.c.kind.in_(list(kinds)))
    return [SeriesRow(*row) for row in connection.execute(found.order_by(_IN_ORDER))]


def segments_of_many(
    connection: Connection, series_ids: Sequence[int]
) -> dict[int, list[SegmentRow]]:
    """The segments of several series, in order, by series."""
    result: dict[int, list[SegmentRow]] = {one: [] for one in series_ids}
    for first in range(0, len(series_ids), _MANY):
        # SQLite bounds how many parameters a statement may have.
        some = list(series_ids[first : first + _MANY])
        found = select(*_SEGMENTS).where(metric_segments.c.series_id.in_(some))
        ordered = found.order_by(metric_segments.c.series_id, metric_segments.c.first)
        for row in connection.execute(ordered):
            result[row.series_id].append(SegmentRow(*row))
    return result


def in_pieces(connection: Connection, run_key: int, least: int) -> list[int]:
    """The ids of a run's series that have so many segments or more.

    Args:
        connection: The transaction's connection.
        run_key: Key of the run's row.
        least: How many segments.
    """
    return [s for (s,) in _IN_PIECES.rows(connection, {"run": run_key, "least": least})]


def long_ones(connection: Connection, run_key: int, least: int) -> dict[int, int]:
    """How many points those series of a run have that have so many or more, by id.

    Args:
        connection: The transaction's connection.
        run_key: Key of the run's row.
        least: How many points.
    """
    return dict(_LONG_ONES.rows(connection, {"run": run_key, "least": least}))


def are_there(connection: Connection, packed: Sequence[SegmentRow]) -> bool:
    """Whether segments of one series are as they were read: a joined one counts more points."""
    found = connection.execute(_COUNTS_OF, {"series": packed[0].series_id})
    counts = {int(first): int(count) for first, count in found}
    return all(counts.get(segment.first) == segment.count for segment in packed)


def replace_segments(
    connection: Connection, old: Sequence[SegmentRow], new: Sequence[SegmentRow]
) -> None:
    """Put other segments in the place of these, holding the same points.

    Args:
        connection: The transaction's connection.
        old: The segments that go: neighbours, in order.
        new: Those that come.
    """
    # By their range, for a tracker's series may have a segment for each of its points.
    gone = delete(metric_segments).where(
        metric_segments.c.series_id == old[0].series_id,
        metric_segments.c.first >= old[0].first,
        metric_segments.c.first <= old[-1].first,
    )
    connection.execute(gone)
    add_segments(connection, new)


def points_of(packed: Sequence[SegmentRow]) -> Points:
    """The points of a series, from its segments in order."""
    points = Points([], [], [])
    for segment in packed:
        points.extend(unpack(segment.encoding, segment.count, segment.payload))
    return points
