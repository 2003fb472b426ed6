"""The least and the greatest of each part of a series, by numpy.

A series of a hundred thousand points is three columns of as many numbers; as lists they take some
forty milliseconds and ten megabytes. Here they are looked at where they lie, as they came from the
database. numpy is loaded with the first long series, for a service at rest has no use for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from runyard_server.store.metrics import SegmentRow
from runyard_server.store.segments import FLOAT, INTEGER, NO_STEP, columns
from runyard_server.store.summaries import NOT_NUMBERS

_FLOATS, _WHOLE = "<f8", "<i8"
_COLUMNS, _LINES = 4, 2
PLACES, VALUES, TIMES, STEPS = range(_COLUMNS)


@dataclass(frozen=True, slots=True)
class Extremes:
    """The least and the greatest of each part, behind the first and the last of all.

    Args:
        encoding: How the values are packed, as of a segment.
        table: Columns of two lines each, as `store.summaries` keeps them.
    """

    encoding: str
    table: Any


def as_numbers(encoding: str, column: Any) -> Any:
    """The values of a table's column as what they are."""
    return column.view(_FLOATS if encoding == FLOAT else _WHOLE)


def joined(found: Sequence[Extremes]) -> Extremes:
    """The extremes of several parts of a series, one behind the other, as those of one."""
    encoding = FLOAT if any(one.encoding == FLOAT for one in found) else INTEGER
    tables = [_valued(one, encoding) for one in found]
    if len(tables) == 1:
        return Extremes(encoding, tables[0])
    inner: Any = np.concatenate([table[:, :, 1:] for table in tables], axis=2)
    ends = np.stack([tables[0][:, 0, 0], tables[-1][:, 1, 0]], axis=1)
    return Extremes(encoding, np.concatenate([ends[:, :, np.newaxis], inner], axis=2))


def _valued(one: Extremes, encoding: str) -> Any:
    """A table whose values are packed so; those of whole numbers become floats for it."""
    if one.encoding == encoding:
        return one.table
    table = one.table.copy()
    table[VALUES] = table[VALUES].astype(_FLOATS).view(_WHOLE)
    return table


def unpacked(row: SegmentRow) -> Extremes | None:
    """What a summary says; None of one of points that are no finite numbers."""
    if row.encoding == NOT_NUMBERS:
        return None
    table: Any = np.frombuffer(row.payload, _WHOLE)
    return Extremes(row.encoding, table.reshape(_COLUMNS, _LINES, -1))


def summary(packed: Sequence[SegmentRow], first: int, end: int, bucket: int) -> SegmentRow:
    """The summary of a part of a series.

    Args:
        packed: Segments that hold the part, in order.
        first: Place of its first point.
        end: Place behind its last point.
        bucket: Of so many points one is the least and one the greatest.
    """
    series, found = packed[0].series_id, of(packed, first, end, bucket)
    if found is None:
        return SegmentRow(series, first, end - first, NOT_NUMBERS, b"")
    return SegmentRow(series, first, end - first, found.encoding, found.table.tobytes())


def of(packed: Sequence[SegmentRow], first: int, end: int, bucket: int) -> Extremes | None:
    """The least and the greatest of each part; see `summary`.

    Args:
        packed: Segments that hold the points, in order.
        first: Place of the first point.
        end: Place behind the last one.
        bucket: How many points a part has.

    Returns:
        None where a point is no number, or not finite.
    """
    parts = [_columns(one) for one in packed]
    if any(part is None for part in parts):
        return None
    begin = first - packed[0].first
    values, times, steps = (
        np.concatenate(column)[begin : begin + end - first]
        for column in zip(*(part for part in parts if part is not None), strict=True)
    )
    if not np.isfinite(values).all():
        return None
    chosen = _chosen(values, bucket)
    table: Any = np.empty((_COLUMNS, *chosen.shape), _WHOLE)
    table[PLACES] = chosen + first
    table[VALUES] = values[chosen].view(_WHOLE)
    table[TIMES] = times[chosen]
    table[STEPS] = steps[chosen]
    return Extremes(FLOAT if values.dtype.kind == "f" else INTEGER, table)


def _columns(one: SegmentRow) -> tuple[Any, Any, Any] | None:
    """Values, times and steps; None of what is no numbers."""
    found = columns(one.encoding, one.count, one.payload)
    if found is None:
        return None
    values, times, steps = found
    kind = _FLOATS if one.encoding == FLOAT else _WHOLE
    told = np.full(one.count, NO_STEP) if steps is None else np.frombuffer(steps, _WHOLE)
    return np.frombuffer(values, kind), np.frombuffer(times, _WHOLE), told


def _chosen(values: Any, bucket: int) -> Any:
    """The places of the first and the least of each part, and of the last and the greatest."""
    whole = len(values) // bucket * bucket
    parts = values[:whole].reshape(-1, bucket)
    begins = np.arange(0, whole, bucket)
    least, greatest = [begins + parts.argmin(axis=1)], [begins + parts.argmax(axis=1)]
    rest = values[whole:]
    if len(rest):
        least.append([whole + rest.argmin()])
        greatest.append([whole + rest.argmax()])
    return np.stack([np.concatenate([[0], *least]), np.concatenate([[len(values) - 1], *greatest])])
