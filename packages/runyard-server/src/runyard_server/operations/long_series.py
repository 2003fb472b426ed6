"""Long series, thinned where they lie: no object is made of a point that nobody is shown.

A series of a hundred thousand points is three columns of as many numbers; as lists they take some
forty milliseconds and ten megabytes, and a page that compares runs asks for a hundred of them.
numpy looks at the columns as they came from the database. It is loaded with the first such series,
for a service at rest has no use for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from runyard_server.store.metrics import SegmentRow
from runyard_server.store.segments import FLOAT, NO_STEP, Points, columns

_FLOATS, _WHOLE = "<f8", "<i8"
_ENDS = 2


@dataclass(frozen=True, slots=True)
class Thinned:
    """Some points of a series, in order, and the place of each among all."""

    points: Points
    places: list[int]


def thinned(packed: Sequence[SegmentRow], wanted: int) -> Thinned | None:
    """At most `wanted` points: first, last, and the least and the greatest of each part.

    Args:
        packed: The segments of a series of more than `wanted` points, in order.
        wanted: 4 or more.

    Returns:
        The points; None where one is no number, or not finite, so that each has to be looked at.
    """
    parts = [_columns(one) for one in packed]
    values: Any = np.concatenate([each[0] for each in parts if each[0] is not None] or [[]])
    if len(values) < sum(one.count for one in packed) or not np.isfinite(values).all():
        return None
    chosen = _chosen(values, wanted)
    points = Points(values[chosen].tolist(), [], [])
    first = 0
    for one, (_, times, steps) in zip(packed, parts, strict=True):
        here = chosen[(chosen >= first) & (chosen < first + one.count)] - first
        points.times += times[here].tolist()
        points.steps += [None] * len(here) if steps is None else map(_step, steps[here].tolist())
        first += one.count
    return Thinned(points, chosen.tolist())


def _columns(one: SegmentRow) -> tuple[Any, Any, Any]:
    """Values, times and steps; None for values that are no numbers, and for steps there are not."""
    found = columns(one.encoding, one.count, one.payload)
    if found is None:
        return None, None, None
    values, times, steps = found
    kind = _FLOATS if one.encoding == FLOAT else _WHOLE
    told = None if steps is None else np.frombuffer(steps, _WHOLE)
    return np.frombuffer(values, kind), np.frombuffer(times, _WHOLE), told


def _step(step: int) -> int | None:
    return None if step == NO_STEP else step


def _chosen(values: Any, wanted: int) -> Any:
    """The places of the points that are kept, in order."""
    last = len(values) - 1
    inner = values[1:last]
    size = -(-len(inner) // ((wanted - _ENDS) // 2))
    whole = len(inner) // size
    parts = inner[: whole * size].reshape(whole, size)
    begins: Any = 1 + np.arange(whole) * size
    places = [[0, last], begins + parts.argmin(axis=1), begins + parts.argmax(axis=1)]
    rest = inner[whole * size :]
    if len(rest):
        begin = 1 + whole * size
        places.append([begin + rest.argmin(), begin + rest.argmax()])
    found = np.sort(np.concatenate(places))
    # A part whose values are all one has its least and its greatest in one place.
    return found[np.diff(found, prepend=-1) > 0]
