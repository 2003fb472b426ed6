"""Walks along indexes, in the order of a search, that stop anywhere and go on from there.

A walk gives `Step`s: the rows that fit, and how far it has come where none does. Whoever has enough
of it, or no time left, keeps the place of the last step; the next walk begins behind it.

By one column it goes along that column's index. By several it takes a block of the first one's
values at a time, whole groups of equal ones, and sorts these rows. Of a group that is too large
for that the rows come along the index of the next column instead, so nothing is ever sorted that a
page cannot wait for.
"""

import heapq
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select

from runyard.protocol.filters import ATTRIBUTE, Condition
from runyard_server.store import choices
from runyard_server.store.intervals import Interval, allowed, from_value, onwards
from runyard_server.store.searched import Column, Place
from runyard_server.store.ways import Group, Way, Ways

FIRST_BLOCK, LARGEST_BLOCK = 256, 1024
# So many rows that do not fit are one step; the slowest take half a millisecond.
MARKED = 64
# A group up to this is sorted for each page of it: some ten milliseconds.
SORTED = 3000
# What a cursor of PostgreSQL fetches.
AT_ONCE = 100
SQLITE = "sqlite"
_LARGEST_KEY = 2**62
_BEHIND_ALL = "\U0010ffff"


class Step(NamedTuple):
    """One step of a walk.

    Args:
        looked: How many rows were looked at for it.
        fits: Whether it found a row; if not, it only says how far the walk has come.
        values: What rows are ordered by there.
        key: The key there.
    """

    looked: int
    fits: bool
    values: tuple[Any, ...]
    key: Any


class Walk:
    """Walks through one phase of a search.

    Args:
        connection: The database.
        ways: The statements of the search.
        now: For durations of what goes on.
        limit: So many rows are enough: more of a block are not sorted.
    """

    def __init__(self, connection: Connection, ways: Ways, now: int, limit: int) -> None:
        self._connection = connection
        self._ways = ways
        self._now = now
        self._limit = limit

    def steps(self, group: Group, columns: Sequence[Column], after: Place | None) -> Iterator[Step]:
        """The steps through the rows of a group that have the first column.

        Args:
            group: The rows.
            columns: What they are ordered by; none: their keys.
            after: Behind which place it begins; its values are those of the columns.
        """
        if not columns:
            return self._by_key(group, after)
        return (self._along if len(columns) == 1 else self._blocks)(group, columns, after)

    def _below(
        self, group: Group, columns: Sequence[Column], after: Place | None
    ) -> Iterator[Step]:
        """The same of all rows of a group, those that lack the first column behind the others."""
        lacks = after is not None and bool(columns) and after.values[0] is None
        if not columns or not lacks:
            yield from self.steps(group, columns, after)
        if not columns or is_always_there(self._ways, columns[0]):
            return
        without = replace(group, lacking=(*group.lacking, columns[0]))
        for step in self._below(without, columns[1:], _tail(after) if lacks else None):
            yield step._replace(values=(None, *step.values))

    def _by_key(self, group: Group, after: Place | None) -> Iterator[Step]:
        key = None if after is None else after.key
        way = choices.by_key(self._connection, self._ways, group)
        for found, _, fits in self._streamed(self._ways.walked(way, group, MARKED, None, key)):
            yield Step(1 if fits else MARKED, bool(fits), (), found)

    def _along(
        self, group: Group, columns: Sequence[Column], after: Place | None
    ) -> Iterator[Step]:
        column = columns[0]
        ways = self._ways.by_column(column, group)
        for interval, key in self._pieces(column, after):
            statements = [self._ways.walked(way, group, MARKED, interval, key) for way in ways]
            for found, value, fits in self._merged(statements, column):
                yield Step(1 if fits else MARKED, bool(fits), (value,), found)

    def _pieces(self, column: Column, after: Place | None) -> Iterator[tuple[Interval, Any]]:
        """The intervals of a walk, and behind which key each begins."""
        found, falls = allowed(self._on(column)), column.descending
        value = None if after is None else after.values[0]
        if after is not None:
            # By itself, so that the index finds the key among equal values at once.
            for one in found:
                if not one.within(Interval(value, value)).is_empty:
                    yield Interval(value, value), after.key
        for one in onwards(found, value, falls=falls, after=True):
            yield one, None

    def _merged(self, statements: Sequence[Select[Any]], column: Column) -> Iterator[Any]:
        """The rows of several sources in one order."""
        several = [self._streamed(one) for one in statements]
        if len(several) == 1:
            return several[0]
        return heapq.merge(*several, key=lambda row: (row[1], row[0]), reverse=column.descending)

    def _blocks(
        self, group: Group, columns: Sequence[Column], after: Place | None
    ) -> Iterator[Step]:
        column = columns[0]
        ways = self._ways.by_column(column, group)
        value = None if after is None else after.values[0]
        done = after is not None and self._is_behind_all(after)
        indexed = _has_index(self._ways, column)
        for interval in onwards(
            allowed(self._on(column)), value, falls=column.descending, after=done
        ):
            if not indexed:
                yield from self._sorted(ways, group, columns, after, interval)
            left, size = interval, FIRST_BLOCK
            while indexed and not left.is_empty:
                block = self._block(ways, column, left, size)
                if block is None:
                    break
                yield from self._of_block(ways, group, columns, after, block)
                if block.is_end:
                    break
                size = min(2 * size, LARGEST_BLOCK)
                left = from_value(left, block.last, falls=column.descending)

    def _of_block(
        self,
        ways: Sequence[Way],
        group: Group,
        columns: Sequence[Column],
        after: Place | None,
        block: "_Block",
    ) -> Iterator[Step]:
        # Only the first block can have the place in it.
        inside = after is not None and block.has(after.values[0])
        if block.first != block.last or block.rows < SORTED:
            yield from self._sorted(ways, group, columns, after if inside else None, block.interval)
            nothing = (None,) * (len(columns) - 1)
            values = (block.last, *nothing)
            yield Step(block.rows, fits=False, values=values, key=self._behind_all())
            return
        same = replace(group, same=(*group.same, (columns[0], block.last)))
        for step in self._below(same, columns[1:], _tail(after) if inside else None):
            yield step._replace(values=(block.last, *step.values))

    def _block(
        self, ways: Sequence[Way], column: Column, left: Interval, size: int
    ) -> "_Block | None":
        """The next groups of equal values that are whole."""
        values = self._values(ways, column, left, size)
        if not values:
            return None
        first, last = values[0], values[-1]
        if len(values) < size:
            return _Block(first, last, len(values), is_end=True)
        if first == last:
            count = self._count(ways, Interval(first, first), SORTED)
            return _Block(first, first, count, is_end=False)
        whole = [value for value in values if value != last]
        return _Block(first, whole[-1], len(whole), is_end=False)

    def _count(self, ways: Sequence[Way], interval: Interval, most: int) -> int:
        """How many rows of ways are in an interval, up to some."""
        # SQLite counts them ten times as fast as their values come to Python.
        counted = (self._rows(self._ways.counted(way, interval, most)) for way in ways)
        return min(most, sum(int(count) for rows in counted for (count,) in rows))

    def _values(
        self, ways: Sequence[Way], column: Column, interval: Interval, size: int
    ) -> list[Any]:
        several = [self._ways.values(way, interval, size) for way in ways]
        read = [[row[0] for row in self._rows(one)] for one in several]
        if len(read) == 1:
            return read[0]
        return list(heapq.merge(*read, reverse=column.descending))[:size]

    def _sorted(
        self,
        ways: Sequence[Way],
        group: Group,
        columns: Sequence[Column],
        after: Place | None,
        interval: Interval,
    ) -> Iterator[Step]:
        """The rows that fit within an interval, sorted; nothing of those that do not."""
        several = [
            self._rows(self._ways.ordered(way, group, columns, after, self._limit, interval))
            for way in ways
        ]
        rows = several[0] if len(several) == 1 else self._together(several, columns)
        for key, *values in rows:
            yield Step(0, fits=True, values=tuple(values), key=key)

    def _together(
        self, several: Sequence[Iterator[Any]], columns: Sequence[Column]
    ) -> Iterator[Any]:
        rows = [row for rows in several for row in rows]
        rows.sort(key=lambda row: row[0], reverse=self._ways.falls)
        for place, column in reversed(list(enumerate(columns, start=1))):
            there = [row for row in rows if row[place] is not None]
            lacking = [row for row in rows if row[place] is None]
            there.sort(key=lambda row: row[place])
            if column.descending:
                there = _turned(there, place)
            rows = there + lacking
        return iter(rows)

    def _rows(self, statement: Select[Any]) -> Iterator[Any]:
        """The rows of a statement as the driver has them, one by one."""
        with closing(self._connection.execute(statement, {"now": self._now})) as result:
            # Past SQLAlchemy, whose rows cost more than SQLite's steps to them.
            yield from iter(result.cursor.fetchone, None)

    def _streamed(self, statement: Select[Any]) -> Iterator[Any]:
        """The rows of a statement without an end, a few at a time: mostly the first are enough."""
        if self._connection.dialect.name == SQLITE:
            # It looks for each row when it is asked for it.
            yield from self._rows(statement)
            return
        options = {"stream_results": True, "max_row_buffer": AT_ONCE}
        found = self._connection.execute(statement, {"now": self._now}, execution_options=options)
        with closing(found) as result:
            for key, value, fits in result:
                # A walk compares switches as the numbers that they are in the database.
                yield key, int(value) if isinstance(value, bool) else value, fits

    def _on(self, column: Column) -> list[Condition]:
        """The conditions on a column: of texts and numbers those that are on its part."""
        side = self._ways.noun.sides.get(column.field.kind)
        mine = [one for one in self._ways.wanted.conditions if one.field == column.field]
        if side is None or side.number is None:
            return [one for one in mine if one.values]
        texts = column.part == 1
        return [one for one in mine if one.values and isinstance(one.values[0], str) == texts]

    def _is_behind_all(self, after: Place) -> bool:
        """Whether a place is that behind a block."""
        return after.key == self._behind_all() and not any(
            value is not None for value in after.values[1:]
        )

    def _behind_all(self) -> Any:
        """A key behind all others, in the order of a search."""
        numbers = self._ways.noun.key.type.python_type is int
        if self._ways.falls:
            return -1 if numbers else ""
        return _LARGEST_KEY if numbers else _BEHIND_ALL


class _Block(NamedTuple):
    """Groups of equal values, from the first to the last, with so many rows."""

    first: Any
    last: Any
    rows: int
    is_end: bool

    @property
    def interval(self) -> Interval:
        """From the smallest to the largest."""
        return Interval(*sorted((self.first, self.last)))

    def has(self, value: Any) -> bool:
        """Whether a value is in it."""
        return not self.interval.within(Interval(value, value)).is_empty


def is_always_there(ways: Ways, column: Column) -> bool:
    """Whether no row that is looked for lacks a column, by its table or by a condition."""
    compared = [c for c in ways.wanted.conditions if c.field == column.field and c.values]
    if column.field.kind != ATTRIBUTE:
        side = ways.noun.sides[column.field.kind]
        if column.part == len(side.columns(side.table)) - 1:
            return bool(compared)
        return any(_is_number(c) for c in compared)
    if compared:
        return True
    value = ways.noun.attributes[column.field.name].value
    return getattr(value, "table", None) is ways.noun.table and not value.nullable


def _is_number(one: Condition) -> bool:
    """Whether only numbers fulfil a condition; a text is unlike any number."""
    return not isinstance(one.values[0], str) and one.operator not in ("!=", "NOT IN")


def _has_index(ways: Ways, column: Column) -> bool:
    if column.field.kind != ATTRIBUTE:
        return True
    return ways.noun.has_index(ways.noun.attributes[column.field.name])


def _tail(after: Place | None) -> Place | None:
    """The place without its first value."""
    return None if after is None else replace(after, values=after.values[1:])


def _turned(rows: Sequence[Any], place: int) -> list[Any]:
    """Turn sorted rows around, equal ones staying as they are."""
    groups = [list(those) for _, those in groupby(rows, key=lambda row: row[place])]
    return [row for those in reversed(groups) for row in those]
