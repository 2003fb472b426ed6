"""Ways through indexes to the rows of a search, and the statements that go along them.

Databases guess badly which of several indexes is the right one (a second, where two milliseconds
do), so nothing is left to guess: what an index is to find stands in `Way.where`, and everything
else is written so that no index serves it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Integer,
    Select,
    and_,
    case,
    exists,
    false,
    func,
    literal_column,
    or_,
    select,
    type_coerce,
)

from runyard.protocol.filters import ATTRIBUTE, Condition, Field
from runyard_server.store.expressions import Among, OfEachRow, OneIn, Unindexed
from runyard_server.store.intervals import Interval, allowed
from runyard_server.store.searched import (
    BEGINS,
    SWITCH,
    TEXT,
    Column,
    Place,
    Source,
    Wanted,
    compared,
)

_PATTERNS = ("LIKE", "NOT LIKE", "ILIKE", "NOT ILIKE")


@dataclass(frozen=True, slots=True)
class Way:
    """Rows as an index has them.

    Args:
        rows: The table, perhaps joined to a side table.
        key: The key, as the index has it: it is in order down to equal values.
        where: What the index finds.
        checks: What must be asked of each row that it finds.
        value: The value by which they are in order; None where it is the key alone.
        above: The value above which all are.
        indexed: What the index has in place of the value.
        lead: The field of the value.
        side: The side table whose rows are walked.
    """

    rows: FromClause
    key: ColumnElement[Any]
    where: tuple[ColumnElement[bool], ...] = ()
    checks: tuple[ColumnElement[bool], ...] = ()
    value: ColumnElement[Any] | None = None
    above: Any = None
    indexed: ColumnElement[Any] | None = None
    lead: Field | None = None
    side: FromClause | None = None

    @property
    def alone(self) -> FromClause:
        """The table whose index it is, for what needs no row."""
        return self.rows if self.side is None else self.side


Same = tuple[Column, Any]


@dataclass(frozen=True, slots=True)
class Group:
    """Rows that are alike in some columns of an order, and lack others."""

    same: tuple[Same, ...] = ()
    lacking: tuple[Column, ...] = ()


_ANY = Group()


class Ways:
    """Makes the statements of one search.

    Args:
        wanted: What is looked for.
    """

    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self.noun = wanted.noun
        self.columns = [
            Column(one.field, place, part, one.descending)
            for place, one in enumerate(wanted.order)
            for part in range(self._width(one.field))
        ]
        self.falls = wanted.order[-1].descending if wanted.order else self.noun.newest_first

    def _width(self, field: Field) -> int:
        side = self.noun.sides.get(field.kind)
        return 1 if side is None else len(side.columns(side.table))

    def has(self, column: Column, value: object) -> bool:
        """Whether a value, which came from outside, is of the kind of a column's.

        Args:
            column: The column.
            value: The value; None where a row lacks it.
        """
        if column.field.kind == ATTRIBUTE:
            is_text = self.noun.attributes[column.field.name].kind == TEXT
            is_switch = self.noun.attributes[column.field.name].kind == SWITCH
        else:
            side = self.noun.sides[column.field.kind]
            is_text = side.number is not None and column.part > 0
            is_switch = False
        if value is None or is_text:
            return value is None or isinstance(value, str)
        if is_switch:
            return value in (0, 1)
        return isinstance(value, int | float) and not isinstance(value, bool)

    def by_key(self) -> Way:
        """All rows of the workspace, by key."""
        inside = self.noun.table.c.workspace == self.wanted.workspace
        return Way(self.noun.table, self.noun.key, (inside,))

    def by_column(self, column: Column, group: Group) -> list[Way]:
        """The ways to all rows of a group that have a column, in its order.

        Args:
            column: The column.
            group: The rows.
        """
        if column.field.kind != ATTRIBUTE:
            return [self._by_side(column.field, column.part)]
        attribute = self.noun.attributes[column.field.name]
        return [self._by_source(column.field, one, group) for one in attribute.sources]

    def _by_source(self, field: Field, source: Source, group: Group) -> Way:
        return Way(
            self.noun.table,
            self.noun.key,
            (*self._scope(source, group), *_only(source)),
            value=source.value,
            above=source.above,
            indexed=source.indexed,
            lead=field,
        )

    def _scope(self, source: Source, group: Group) -> list[ColumnElement[bool]]:
        """The workspace, and whatever else an index has before a source."""
        where = [self.noun.table.c.workspace == self.wanted.workspace]
        equal = self._equal(group)
        scope = next((one for one in self.noun.scopes(source) if one in equal), None)
        return where if scope is None else [*where, scope == equal[scope]]

    def _equal(self, group: Group) -> Mapping[ColumnElement[Any], Any]:
        """The columns of the table that have one value in all rows of a group that fit."""
        found = {
            self.noun.attributes[one.field.name].value: one.values[0]
            for one in self.wanted.conditions
            if one.field.kind == ATTRIBUTE and one.operator == "="
        }
        for column, value in group.same:
            if column.field.kind == ATTRIBUTE:
                found[self.noun.attributes[column.field.name].value] = value
        return found

    def _by_side(self, field: Field, part: int | None) -> Way:
        side = self.noun.sides[field.kind]
        walked = side.table.alias("walked")
        owner = walked.c[side.owner]
        # The plus sees to it that rows of the side table lead to those of the noun.
        joined = self.noun.table.join(walked, self.noun.key == Unindexed(owner))
        value = None if part is None else side.columns(walked)[part]
        return Way(
            joined,
            owner,
            (side.named(walked, field.name),),
            (Unindexed(self.noun.table.c.workspace) == self.wanted.workspace,),
            value=value,
            indexed=value,
            lead=field,
            side=walked,
        )

    def by_condition(self, one: Condition, group: Group) -> Way:
        """The rows that fulfil a condition; those of one value are in the order of their keys.

        Args:
            one: The condition.
            group: What else the rows are.
        """
        if one.field.kind != ATTRIBUTE:
            way = self._by_side(one.field, None)
            assert way.side is not None
            side = self.noun.sides[one.field.kind]
            where = (*way.where, side.found(way.side, one))
            return Way(way.rows, way.key, where, way.checks, lead=one.field, side=way.side)
        source = self.noun.attributes[one.field.name].sources[0]
        return Way(self.noun.table, self.noun.key, self._fulfilling(one, source, group))

    def keys_of(self, one: Condition) -> Any:
        """Select the keys of the rows that fulfil a condition, by indexes.

        Of a pattern the beginning is looked for alone; whether it fits is asked of each row.
        """
        one = one._replace(operator=BEGINS) if one.operator == "LIKE" else one
        if one.field.kind != ATTRIBUTE:
            side = self.noun.sides[one.field.kind]
            named = side.named(side.table, one.field.name)
            return select(side.table.c[side.owner]).where(named, side.found(side.table, one))
        sources = self.noun.attributes[one.field.name].sources
        several = [
            select(self.noun.key).where(*self._fulfilling(one, source, _ANY)) for source in sources
        ]
        return several[0].union_all(*several[1:]) if len(several) > 1 else several[0]

    def _fulfilling(
        self, one: Condition, source: Source, group: Group
    ) -> tuple[ColumnElement[bool], ...]:
        where = [*self._scope(source, group), *_only(source)]
        if source.above is not None and not _is_beyond(one, source.above):
            # With a plus: of `= 'a' AND > ''` SQLite takes the second for the index.
            where.append(Unindexed(source.value) > source.above)
        return (*where, compared(one, source.value, source.value))

    def by_driver(self, one: Condition) -> Way:
        """The rows that fulfil a condition, for all of them to be looked at and sorted."""
        check = Unindexed(self.noun.table.c.workspace) == self.wanted.workspace
        return Way(self.noun.table, self.noun.key, (Among(self.noun.key, self.keys_of(one)), check))

    def checks(self, way: Way, group: Group) -> list[ColumnElement[bool]]:
        """All that must hold of a row on a way, what costs least first."""

        # What looks into other tables, or at each letter, only of rows that pass the rest.
        def cost(one: Condition) -> int:
            return (one.field.kind != ATTRIBUTE) + (one.operator in _PATTERNS)

        return [
            *way.checks,
            *self.wanted.more,
            *(self._is(column, value, way) for column, value in group.same),
            *(self._holds(one, way) for one in sorted(self.wanted.conditions, key=cost)),
            *(self.value(column, way).is_(None) for column in group.lacking),
        ]

    def walked(
        self,
        way: Way,
        group: Group,
        marked: int,
        interval: Interval | None = None,
        after: Any = None,
    ) -> Select[Any]:
        """Select key, value, and whether it fits, of rows on a way; sorts nothing.

        Of rows that do not fit one in `marked` comes, to tell how far the walk is: each row that
        comes costs more than SQLite needs to look at it.

        Args:
            way: The way.
            group: Which rows fit.
            marked: How many rows have one to tell of them; a power of two.
            interval: Between which values it goes.
            after: The key behind which it begins.
        """
        checks = self.checks(way, group)
        fits = case((and_(*checks), 1), else_=0) if checks else literal_column("1")
        where = list(way.where)
        if after is not None:
            # Where the index has something else than the value, equal values are no place in it.
            key = way.key if way.indexed is way.value else Unindexed(way.key)
            where.append(_beyond(key, after, falls=self.falls))
        value = literal_column("NULL") if way.value is None else way.value
        where += _between(way, interval)
        if checks and marked > 1:
            # By chance: keys of a workspace may all be odd.
            where.append(or_(fits == 1, OneIn(marked)))
        found = select(way.key, value, fits).select_from(way.rows).where(*where)
        return found.order_by(*self._along(way, interval))

    def _along(self, way: Way, interval: Interval | None) -> Iterator[ColumnElement[Any]]:
        # Of equal values the index of an expression has the order of the keys, but SQLite sorts.
        is_one = interval is not None and interval.is_point and way.indexed is way.value
        if way.indexed is not None and not is_one:
            descending = self._descends(way)
            yield way.indexed.desc() if descending else way.indexed.asc()
        yield way.key.desc() if self.falls else way.key.asc()

    def _descends(self, way: Way) -> bool:
        return next((one.descending for one in self.columns if one.field == way.lead), self.falls)

    def values(self, way: Way, interval: Interval, limit: int) -> Select[Any]:
        """Select the next values on a way, equal ones each time; reads the index alone.

        Args:
            way: The way.
            interval: Between which values it goes.
            limit: At most so many.
        """
        assert way.value is not None
        assert way.indexed is not None
        order = way.indexed.desc() if self._descends(way) else way.indexed.asc()
        found = select(way.value).select_from(way.alone).where(*way.where, *_between(way, interval))
        return found.order_by(order).limit(limit)

    def counted(self, way: Way, interval: Interval, limit: int) -> Select[Any]:
        """Select how many rows a way has in an interval; reads the index alone.

        Args:
            way: The way.
            interval: Between which values it goes.
            limit: Counted no further than this.
        """
        inside = select(way.key).select_from(way.alone).where(*way.where, *_between(way, interval))
        return select(func.count()).select_from(inside.limit(limit).subquery())

    def ordered(
        self,
        way: Way,
        group: Group,
        columns: Sequence[Column],
        after: Place | None,
        limit: int | None,
        interval: Interval | None = None,
    ) -> Select[Any]:
        """Select key and values of the rows that fit, sorted.

        Args:
            way: The way to them; all that it leads to are read.
            group: Which rows fit.
            columns: What they are ordered by; none that lacks the first of them is found.
            after: Behind which place they begin.
            limit: At most so many; None for all.
            interval: Between which values the way goes.
        """
        values = [self.value(one, way) for one in columns]
        where = [*way.where, *self.checks(way, group)]
        where += _between(way, interval)
        where += [value.is_not(None) for value in values[:1]]
        if after is not None:
            ends = list(zip(columns, values, after.values, strict=True))
            where.append(self._after(ends, Unindexed(way.key), after.key))
        found = select(way.key, *values).select_from(way.rows).where(*where)
        return found.order_by(*self._order(columns, values, way)).limit(limit)

    def _is(self, column: Column, value: Any, way: Way) -> ColumnElement[bool]:
        of, same = _countable(self.value(column, way), value)
        alike: ColumnElement[bool] = of == same
        return alike

    def _holds(self, one: Condition, way: Way) -> ColumnElement[bool]:
        if one.field.kind == ATTRIBUTE:
            value = Unindexed(self.noun.attributes[one.field.name].value)
            return compared(one, value, value)
        side = self.noun.sides[one.field.kind]
        if way.side is not None and way.lead == one.field:
            return side.holds(way.side, one)
        mine = side.of(side.table, self.noun.key, one.field.name)
        if one.operator == "IS NULL":
            return ~OfEachRow(exists().where(mine))
        # Never by an index of values: that of owner and name finds the one row there is.
        return OfEachRow(exists().where(mine, side.holds(side.table, one)))

    def value(self, one: Column, way: Way) -> ColumnElement[Any]:
        """What a row on a way has in a column."""
        if one.field.kind == ATTRIBUTE:
            if way.lead == one.field and way.value is not None:
                return Unindexed(way.value)
            return Unindexed(self.noun.attributes[one.field.name].ordered)
        side = self.noun.sides[one.field.kind]
        if way.side is not None and way.lead == one.field:
            return Unindexed(side.columns(way.side)[one.part])
        mine = side.of(side.table, self.noun.key, one.field.name)
        return select(side.columns(side.table)[one.part]).where(mine).scalar_subquery()

    def _order(
        self, columns: Sequence[Column], values: Sequence[ColumnElement[Any]], way: Way
    ) -> Iterator[ColumnElement[Any]]:
        for place, (one, value) in enumerate(zip(columns, values, strict=True)):
            if place > 0:
                # Not of the first column: rows that lack it are a later phase.
                yield value.is_(None)
            yield value.desc() if one.descending else value.asc()
        yield way.key.desc() if self.falls else way.key.asc()

    def _after(
        self,
        ordered: Sequence[tuple[Column, ColumnElement[Any], Any]],
        tie: ColumnElement[Any],
        key: Any,
    ) -> ColumnElement[bool]:
        """The condition that a row comes after a place, column by column from the last."""
        condition = _beyond(tie, key, falls=self.falls)
        for place, (one, column, end) in reversed(list(enumerate(ordered))):
            value, last = _countable(column, end)
            if last is None:
                # Nothing comes after what lacks it.
                condition = and_(value.is_(None), condition)
                continue
            further = _beyond(value, last, falls=one.descending)
            if place > 0:
                further = or_(further, value.is_(None))
            condition = or_(further, and_(value == last, condition))
        return condition


def _is_beyond(one: Condition, end: Any) -> bool:
    """Whether what fulfils a condition lies above a value, so that no row need be asked for it."""
    above = Interval(low=end, above=True)
    return all(part.within(above) == part for part in allowed([one]))


def _only(source: Source) -> Sequence[ColumnElement[bool]]:
    return () if source.only is None else (source.only,)


def _between(way: Way, interval: Interval | None) -> list[ColumnElement[bool]]:
    """The conditions that the value of a way is in an interval."""
    if way.value is None or interval is None:
        return []
    if way.above is not None:
        interval = interval.within(Interval(low=way.above, above=True))
    return [false()] if interval.is_empty else interval.holds(way.value)


def _countable(column: ColumnElement[Any], end: Any) -> tuple[ColumnElement[Any], Any]:
    """A column and where a page ended, as numbers: SQLAlchemy has no order of TRUE and FALSE."""
    return (type_coerce(column, Integer), int(end)) if isinstance(end, bool) else (column, end)


def _beyond(column: ColumnElement[Any], value: Any, *, falls: bool) -> ColumnElement[bool]:
    further: ColumnElement[bool] = column < value if falls else column > value
    return further
