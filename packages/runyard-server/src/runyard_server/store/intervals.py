"""Which values a column may have by the conditions on it, as intervals along its index.

A walk along an index skips what lies between them, so a list of three values of a million is three
short walks. Patterns count only by how they begin; whether a row fits is asked of each row besides.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from sqlalchemy import ColumnElement

from runyard.protocol.filters import Condition
from runyard_server.store.expressions import INDEXED_LETTERS
from runyard_server.store.functions import begin_of

# The last code point: no text that begins as a pattern does comes behind it.
_BEHIND_ALL = "\U0010ffff"
# Each is a statement of its own; of more values only the first and the last one count.
_MOST_POINTS = 50


@dataclass(frozen=True, slots=True)
class Interval:
    """Values between two ends, which may be missing, and may themselves be left out.

    Args:
        low: The lower end; None where there is none.
        high: The upper end; None where there is none.
        above: Whether the lower end is left out.
        below: Whether the upper end is left out.
    """

    low: Any = None
    high: Any = None
    above: bool = False
    below: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether no value is inside."""
        if self.low is None or self.high is None:
            return False
        return bool(self.low > self.high) or (
            bool(self.low == self.high) and (self.above or self.below)
        )

    @property
    def is_point(self) -> bool:
        """Whether it is one value."""
        return self.low is not None and bool(self.low == self.high)

    def within(self, other: "Interval") -> "Interval":
        """What both have."""
        low, above = self.low, self.above
        if other.low is not None and (low is None or other.low >= low):
            above = other.above or (above and low == other.low)
            low = other.low
        high, below = self.high, self.below
        if other.high is not None and (high is None or other.high <= high):
            below = other.below or (below and high == other.high)
            high = other.high
        return Interval(low, high, above, below)

    def holds(self, column: ColumnElement[Any]) -> list[ColumnElement[bool]]:
        """The conditions that a column is inside."""
        if self.is_point:
            return [column == self.low]
        found: list[ColumnElement[bool]] = []
        if self.low is not None:
            found.append(column > self.low if self.above else column >= self.low)
        if self.high is not None:
            found.append(column < self.high if self.below else column <= self.high)
        return found or [column.is_not(None)]


def allowed(conditions: Iterable[Condition]) -> list[Interval]:
    """The intervals in which values can fulfil conditions, rising."""
    found = [Interval()]
    for one in conditions:
        # SQLAlchemy has no order of TRUE and FALSE.
        values = [int(each) if isinstance(each, bool) else each for each in one.values]
        # What is longer than an index has it may stand anywhere among what is alike so far.
        long = any(isinstance(each, str) and len(each) >= INDEXED_LETTERS for each in values)
        several = _anything(values) if long else _ALLOWED.get(one.operator, _anything)(values)
        both = (a.within(b) for a in found for b in several)
        found = [each for each in both if not each.is_empty]
    return found


def onwards(found: Sequence[Interval], value: Any, *, falls: bool, after: bool) -> list[Interval]:
    """Intervals in the order of a walk, from a value on.

    Args:
        found: The intervals, rising.
        value: Where the walk goes on; None at its beginning.
        falls: Whether it goes down.
        after: Whether it begins behind the value.
    """
    if value is not None:
        end = Interval(high=value, below=after) if falls else Interval(low=value, above=after)
        found = [one for one in (each.within(end) for each in found) if not one.is_empty]
    return list(reversed(found)) if falls else list(found)


def from_value(one: Interval, value: Any, *, falls: bool) -> Interval:
    """What of an interval lies behind a value of it.

    Args:
        one: The interval.
        value: The value.
        falls: Whether the walk goes down.
    """
    if falls:
        return replace(one, high=value, below=True)
    return replace(one, low=value, above=True)


def _points(values: Sequence[Any]) -> list[Interval]:
    several = sorted(set(values))
    if len(several) > _MOST_POINTS:
        return [Interval(several[0], several[-1])]
    return [Interval(value, value) for value in several]


def _gaps(values: Sequence[Any]) -> list[Interval]:
    several = sorted(set(values))
    if len(several) > _MOST_POINTS:
        return [Interval()]
    ends = [None, *several, None]
    return [Interval(low, high, above=True, below=True) for low, high in pairwise(ends)]


def _beginning(values: Sequence[Any]) -> list[Interval]:
    begin = begin_of(values[0])
    return [Interval(begin, begin + _BEHIND_ALL) if begin else Interval()]


def _anything(_: Sequence[Any]) -> list[Interval]:
    return [Interval()]


_ALLOWED: dict[str, Callable[[Sequence[Any]], list[Interval]]] = {
    "=": _points,
    "IN": _points,
    "!=": _gaps,
    "NOT IN": _gaps,
    "<": lambda values: [Interval(high=values[0], below=True)],
    "<=": lambda values: [Interval(high=values[0])],
    ">": lambda values: [Interval(low=values[0], above=True)],
    ">=": lambda values: [Interval(low=values[0])],
    "LIKE": _beginning,
}
