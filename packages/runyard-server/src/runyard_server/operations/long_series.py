"""Long series, thinned where they lie: no object is made of a point that nobody is shown.

What has been summarised is not even read: of each part of 64 points the least and the greatest are
kept beside the series, and a chart of a thousand points needs no more. A part of the chart is some
of those parts whole, so the least and the greatest of it are exact. Points that came since the last
summary are looked at as they are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from runyard.protocol.series import STEP, TIME
from runyard_server.execution import extremes
from runyard_server.execution.extremes import (
    PLACES,
    STEPS,
    TIMES,
    VALUES,
    Extremes,
    as_numbers,
)
from runyard_server.store.metrics import SegmentRow
from runyard_server.store.segments import NO_STEP, Points
from runyard_server.store.summaries import BUCKET

_ENDS = 2
_SECOND_US = 1e6
_FLOATS = "<f8"


@dataclass(frozen=True, slots=True)
class Thinned:
    """Some points of a series, in order, as columns.

    Args:
        values: Their values.
        table: All of their columns, as `execution.extremes` has them.
    """

    values: Any
    table: Any

    @property
    def places(self) -> list[int]:
        """The place of each among all points of the series."""
        places: list[int] = self.table[PLACES].tolist()
        return places

    @property
    def points(self) -> Points:
        """The points as lists."""
        steps: list[int | None] = self.table[STEPS].tolist()
        if NO_STEP in steps:
            steps = [None if step == NO_STEP else step for step in steps]
        return Points(self.values.tolist(), steps, self.table[TIMES].tolist())

    def drawn(self, axis: str) -> Any:
        """What a chart draws of them: a line of each x and one of each y.

        Args:
            axis: Which x; see `protocol.series.ReadSeries`.
        """
        if axis == STEP:
            steps = self.table[STEPS]
            x = np.where(steps == NO_STEP, self.table[PLACES], steps)
        else:
            times = self.table[TIMES]
            x = (times - (0 if axis == TIME else times[0])) / _SECOND_US
        return np.stack([x, self.values]).astype(_FLOATS, copy=False)


def parts_of(wanted: int) -> int:
    """Of how many parts so many points, 4 or more, are the ends, the leasts and the greatests."""
    return (wanted - _ENDS) // 2


def thinned(
    kept: Sequence[SegmentRow], packed: Sequence[SegmentRow], count: int, wanted: int
) -> Thinned | None:
    """At most `wanted` points: first, last, and the least and the greatest of each part.

    Args:
        kept: The summaries of a series, in order; none where they are too coarse.
        packed: The segments that hold what comes after them, in order.
        count: How many points the series has, more than `wanted`.
        wanted: 4 or more.

    Returns:
        The points; None where one is no number, or not finite, so that each has to be looked at.
    """
    parts = parts_of(wanted)
    found = [extremes.unpacked(row) for row in kept]
    covered = kept[-1].first + kept[-1].count if kept else 0
    if covered < count:
        bucket = BUCKET if kept else max(1, -(-count // parts))
        found.append(extremes.of(packed, covered, count, bucket))
    known = [each for each in found if each is not None]
    if len(known) < len(found):
        return None
    return _points(extremes.joined(known), parts)


def _points(found: Extremes, parts: int) -> Thinned:
    """What a chart of so many parts draws of a series of more."""
    ends, inner = found.table[:, :, 0], found.table[:, :, 1:]
    low, high = _of_parts(as_numbers(found.encoding, inner[VALUES]), parts)
    chosen: Any = np.concatenate([ends, inner[:, 0, low], inner[:, 1, high]], axis=1)
    chosen = chosen[:, chosen[PLACES].argsort(kind="stable")]
    # A part whose values are all one has its least and its greatest in one place.
    chosen = chosen[:, np.diff(chosen[PLACES], prepend=-1) > 0]
    return Thinned(as_numbers(found.encoding, chosen[VALUES]), chosen)


def _of_parts(values: Any, parts: int) -> tuple[Any, Any]:
    """Which of the leasts is the least of each part of the chart, and which of the greatests."""
    count = values.shape[1]
    if count <= parts:
        return slice(None), slice(None)
    index = _index(count, parts)
    low = values[0, index].argmin(axis=1)
    high = values[1, index].argmax(axis=1)
    rows = np.arange(parts)
    return index[rows, low], index[rows, high]


@lru_cache(maxsize=4)
def _index(count: int, parts: int) -> Any:
    """What is in each part; shorter ones have their last one twice.

    Kept, for all series of a page are mostly of one length.
    """
    edges: Any = np.arange(parts + 1) * count // parts
    places = edges[:-1, None] + np.arange(-(-count // parts))
    return np.minimum(places, edges[1:, None] - 1)
