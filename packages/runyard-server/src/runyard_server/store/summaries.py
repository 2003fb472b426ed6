"""Rows of summaries: what a chart may draw of a long series, kept beside its points.

A row is of `count` points from the place `first` on, and has the least and the greatest of each
`BUCKET` of them: four columns (places in the series, values, times, steps) of two lines (the
least, the greatest) of eight bytes each, little-endian. Both lines begin with one more, the first
and the last point of all. A row whose encoding is empty is of points that are no finite numbers.

Points never change, and rows follow one another without gaps, so what they say stays true; points
that came since are read as they are.
"""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, func, insert, select

from runyard_server.store.keyed import Keyed
from runyard_server.store.metrics import SegmentRow
from runyard_server.store.prepared import Prepared
from runyard_server.store.schema import metric_summaries

BUCKET = 64
NOT_NUMBERS = ""
"""The encoding of what has to be looked at point by point."""

_TABLE = metric_summaries.c
_ALL = (_TABLE.series_id, _TABLE.first, _TABLE["count"], _TABLE.encoding, _TABLE.payload)
_OF_MANY = Keyed(select(*_ALL).order_by(_TABLE.series_id, _TABLE.first), _TABLE.series_id)
_ENDS = Keyed(
    select(_TABLE.series_id, func.max(_TABLE.first + _TABLE["count"])).group_by(_TABLE.series_id),
    _TABLE.series_id,
)
_ADD = Prepared(insert(metric_summaries))


def of_many(connection: Connection, series: Sequence[int]) -> dict[int, list[SegmentRow]]:
    """The summaries of several series, in order, by series."""
    result: dict[int, list[SegmentRow]] = {one: [] for one in series}
    for row in _OF_MANY.rows(connection, series):
        result[row[0]].append(SegmentRow(*row))
    return result


def ends(connection: Connection, series: Sequence[int]) -> dict[int, int]:
    """How many points of several series have been summarised, by series."""
    return dict.fromkeys(series, 0) | dict(_ENDS.rows(connection, series))


def add(connection: Connection, rows: Iterable[SegmentRow]) -> None:
    """Add summaries behind those that are there; others may have added some meanwhile."""
    rows = list(rows)
    there = ends(connection, [row.series_id for row in rows])
    values = [
        {
            "series_id": row.series_id,
            "first": row.first,
            "count": row.count,
            "encoding": row.encoding,
            "payload": row.payload,
        }
        for row in rows
        if row.first == there[row.series_id]
    ]
    _ADD.run_many(connection, values)
