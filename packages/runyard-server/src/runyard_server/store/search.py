"""Finds the keys of runs, models or experiments by conditions, in any order, page after page.

A noun is a table with a key, columns that are its attributes, and *side tables* that hold its
metrics, parameters, tags and properties by name.

Rows that lack what is ordered by come last. SQL's NULLS LAST would make every index useless, so
a list has *phases*: first the rows that have the first column of the order, by its index, then the
rest by the next column, and at last those that lack them all. A parameter is two columns, numbers
before texts. Places are keys and values, never offsets: what does not change while pages are read
is given exactly once.

Planners guess badly which of several indexes is the right one (a second, where two milliseconds
do), so the way is chosen here. A condition that few rows fulfil, which is counted up to `FEW`,
drives the search: its rows are looked at and sorted. Else the index of the order is walked until a
page is full, and conditions are looked up row by row.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Integer,
    Select,
    Table,
    UniqueConstraint,
    and_,
    exists,
    func,
    or_,
    select,
    type_coerce,
)

from runyard.protocol.filters import ATTRIBUTE, NULLS, Condition, Field, Order
from runyard_server.store.functions import Unindexed, ilike, like

FEW = 1000
TEXT, NUMBER, TIME, SWITCH = "text", "number", "time", "switch"
_COMPARED: dict[str, Callable[[ColumnElement[Any], Any], ColumnElement[bool]]] = {
    "=": lambda column, value: column == value,
    "!=": lambda column, value: column != value,
    "<": lambda column, value: column < value,
    "<=": lambda column, value: column <= value,
    ">": lambda column, value: column > value,
    ">=": lambda column, value: column >= value,
    "LIKE": like,
    "NOT LIKE": lambda column, value: ~like(column, value),
    "ILIKE": ilike,
    "NOT ILIKE": lambda column, value: ~ilike(column, value),
}

# Either nearly all rows are so, or no index has what is compared.
_BY_NO_INDEX = ("!=", "NOT IN", "NOT LIKE", "NOT ILIKE", "ILIKE", "IS NULL")


@dataclass(frozen=True, slots=True)
class Side:
    """A table of named values of a noun, at most one of each name.

    Args:
        table: The table, with a column `name`.
        owner: The column of the noun's key.
        value: The column of the values.
        number: The column of what the values are as numbers; None where they are numbers.
        only: Further columns that must have one value, by name.
    """

    table: Table
    owner: str
    value: str
    number: str | None = None
    only: Mapping[str, str] | None = None

    def named(self, of: FromClause, name: str) -> ColumnElement[bool]:
        """The condition that a row has a name."""
        more = [of.c[column] == value for column, value in (self.only or {}).items()]
        return and_(of.c.name == name, *more)

    def of(self, of: FromClause, key: ColumnElement[Any], name: str) -> ColumnElement[bool]:
        """The condition that a row is a noun's and has a name.

        Args:
            of: The table of names and values, or an alias of it.
            key: The column with the noun's own key.
            name: The name.
        """
        return and_(of.c[self.owner] == key, self.named(of, name))

    def columns(self, of: FromClause) -> list[ColumnElement[Any]]:
        """What rows are ordered by: the number, and where there is none the text."""
        return [of.c[name] for name in (self.number, self.value) if name is not None]

    def holds(
        self,
        of: FromClause,
        one: Condition,
        made: Callable[[ColumnElement[Any]], ColumnElement[Any]] = lambda column: column,
    ) -> ColumnElement[bool]:
        """The condition that a row of that name is as a condition says.

        Args:
            of: The table or an alias of it.
            one: The condition; IS NOT NULL asks for a row, also one without a value.
            made: What is done to its columns first.
        """
        if one.operator in NULLS:
            return _compared(one, of.c[self.owner], of.c[self.owner])
        text = made(of.c[self.value])
        return _compared(one, text, text if self.number is None else made(of.c[self.number]))


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute of a noun: how it is told, and whether it is TEXT, NUMBER, TIME or SWITCH."""

    value: ColumnElement[Any]
    kind: str


@dataclass(frozen=True, slots=True)
class Noun:
    """What can be searched.

    Args:
        table: The table.
        key: Its key, unique in a workspace and the order of lists.
        attributes: Its attributes, by name.
        sides: Its side tables, by kind of field.
        newest_first: Whether lists begin with the largest key.
    """

    table: Table
    key: ColumnElement[Any]
    attributes: Mapping[str, Attribute]
    sides: Mapping[str, Side]
    newest_first: bool = True

    def has_index(self, value: ColumnElement[Any]) -> bool:
        """Whether rows of a workspace are found by an attribute without reading all."""
        # All indexes of nouns begin with the workspace.
        keys = [list(index.columns) for index in self.table.indexes]
        keys += [list(c.columns) for c in self.table.constraints if isinstance(c, UniqueConstraint)]
        return any(len(key) > 1 and key[1] is value for key in keys)


@dataclass(frozen=True, slots=True)
class Place:
    """Where an entry stands in a list: its phase, the values it is ordered by, and its key."""

    phase: int
    values: tuple[Any, ...]
    key: Any


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to look for.

    Args:
        noun: The noun.
        workspace: The workspace.
        conditions: What must hold.
        order: What it is ordered by.
        more: Further conditions, for what the language does not say.
    """

    noun: Noun
    workspace: str
    conditions: Sequence[Condition] = ()
    order: Sequence[Order] = ()
    more: Sequence[ColumnElement[bool]] = ()


def fits(wanted: Wanted, after: Place) -> bool:
    """Whether a place, which came from outside, can be one of this search."""
    return _Query(wanted, None).width(after.phase) == len(after.values)


def places(
    connection: Connection, wanted: Wanted, after: Place | None, limit: int, now: int = 0
) -> list[Place]:
    """Find up to `limit` entries behind a place.

    Args:
        connection: The database.
        wanted: What to look for.
        after: The last entry of the page before; None for the first page.
        limit: At most so many.
        now: For durations of what goes on, microseconds since 1970.
    """
    query = _Query(wanted, _driver(connection, wanted))
    found: list[Place] = []
    for phase in query.phases(0 if after is None else after.phase):
        begin = after if after is not None and after.phase == phase.number else None
        statement = phase.statement(begin, limit - len(found))
        rows = connection.execute(statement, {"now": now})
        found += [Place(phase.number, tuple(row[1:]), row[0]) for row in rows]
        if len(found) >= limit:
            break
    return found


def _driver(connection: Connection, wanted: Wanted) -> Condition | None:
    """The condition that the fewest rows fulfil, if these are few; what has no index is not asked.

    A condition on what the list is ordered by only says where the walk along that index begins;
    without an order the same goes for attributes, by whose indexes rows come in order of keys.
    """
    best, fewest = None, FEW
    for one in wanted.conditions:
        if one.field == wanted.order[0].field if wanted.order else one.field.kind == ATTRIBUTE:
            continue
        rows = _rows_of(wanted, one)
        if rows is not None:
            counted = select(func.count()).select_from(rows.limit(fewest).subquery())
            count = int(connection.execute(counted).scalar_one())
            if count < fewest:
                best, fewest = one, count
    return best


def _rows_of(wanted: Wanted, one: Condition) -> Any:
    """Select the keys of the rows that fulfil a condition by an index; None if none serves."""
    noun = wanted.noun
    if one.operator in _BY_NO_INDEX:
        return None
    if one.field.kind == ATTRIBUTE:
        value = noun.attributes[one.field.name].value
        if not noun.has_index(value):
            return None
        inside = noun.table.c.workspace == wanted.workspace
        return select(noun.key).where(inside, _compared(one, value, value))
    side = noun.sides[one.field.kind]
    named = side.named(side.table, one.field.name)
    return select(side.table.c[side.owner]).where(named, side.holds(side.table, one))


@dataclass(frozen=True, slots=True)
class _Column:
    """One column of an order; those of one field (its numbers, its texts) have one place."""

    field: Field
    place: int
    part: int
    descending: bool


class _Query:
    """One search, taken apart into phases.

    Args:
        wanted: What to look for.
        driver: The condition whose rows are looked at; None: the index of the order is walked.
    """

    def __init__(self, wanted: Wanted, driver: Condition | None) -> None:
        self.wanted = wanted
        self.noun = wanted.noun
        self.driver = driver
        self.columns = [
            _Column(one.field, place, part, one.descending)
            for place, one in enumerate(wanted.order)
            for part in range(self._width(one.field))
        ]
        self.falls = wanted.order[-1].descending if wanted.order else self.noun.newest_first

    def phases(self, first: int) -> Iterator["_Phase"]:
        """The phases from one on, while rows can be left for them."""
        for number in range(first, len(self.columns) + 1):
            yield _Phase(self, number)
            if number < len(self.columns) and self._is_always_there(self.columns[number]):
                return

    def width(self, phase: int) -> int:
        """How many values a place of a phase has; -1: there is no such phase."""
        return _Phase(self, phase).width if 0 <= phase <= len(self.columns) else -1

    def _width(self, field: Field) -> int:
        side = self.noun.sides.get(field.kind)
        return 1 if side is None else len(side.columns(side.table))

    def _is_always_there(self, one: _Column) -> bool:
        """Whether no row that is looked for lacks a column, by its table or by a condition."""
        compared = [c for c in self.wanted.conditions if c.field == one.field and c.values]
        if one.field.kind != ATTRIBUTE:
            if one.part == self._width(one.field) - 1:
                return bool(compared)
            return any(_is_number(c) for c in compared)
        if compared:
            return True
        value = self.noun.attributes[one.field.name].value
        return getattr(value, "table", None) is self.noun.table and not value.nullable


class _Phase:
    """The rows that lack the columns of all earlier phases and have this one's."""

    def __init__(self, query: _Query, number: int) -> None:
        self.number = number
        self._query = query
        self._noun = query.noun
        self._driver = query.driver
        self._lacking = query.columns[:number]
        self._lead = query.columns[number] if number < len(query.columns) else None
        rest = query.columns[number + 1 :] if self._lead is not None else []
        self._rest = [one for one in rest if one.place != query.columns[number].place]
        self._walked: FromClause | None = None
        if self._lead is not None and self._lead.field.kind != ATTRIBUTE and self._driver is None:
            # Its index is the way; otherwise values are looked up row by row.
            self._walked = self._noun.sides[self._lead.field.kind].table.alias("walked")

    @property
    def width(self) -> int:
        """How many values a place has."""
        return 0 if self._lead is None else 1 + len(self._rest)

    def statement(self, after: Place | None, limit: int) -> Select[Any]:
        """Select key and ordered values of the next rows."""
        ordered = [*([] if self._lead is None else [self._lead]), *self._rest]
        values = [self._value(one) for one in ordered]
        where = [*self._inside(), *map(self._holds, self._query.wanted.conditions)]
        where += [self._value(one).is_(None) for one in self._lacking]
        where += [value.is_not(None) for value in values[:1]]
        if after is not None:
            where.append(
                self._after(list(zip(ordered, values, after.values, strict=True)), after.key)
            )
        found = select(self._noun.key, *values).select_from(self._from()).where(*where)
        return found.order_by(*self._order(ordered, values)).limit(limit)

    def _from(self) -> FromClause:
        table, lead = self._noun.table, self._lead
        if self._walked is None or lead is None:
            return table
        side = self._noun.sides[lead.field.kind]
        return table.join(self._walked, side.of(self._walked, self._noun.key, lead.field.name))

    def _inside(self) -> Iterator[ColumnElement[bool]]:
        """The conditions that say among which rows is searched."""
        wanted, driver = self._query.wanted, self._driver
        by_side = driver is not None and driver.field.kind != ATTRIBUTE
        workspace: ColumnElement[Any] = self._noun.table.c.workspace
        if by_side or self._walked is not None:
            workspace = Unindexed(workspace)
        yield workspace == wanted.workspace
        if driver is not None and by_side:
            yield self._noun.key.in_(_rows_of(wanted, driver))
        yield from wanted.more

    def _holds(self, one: Condition) -> ColumnElement[bool]:
        if one.field.kind == ATTRIBUTE:
            value = self._noun.attributes[one.field.name].value
            if self._walked is not None or self._driver not in (None, one):
                value = Unindexed(value)
            return _compared(one, value, value)
        side = self._noun.sides[one.field.kind]
        if self._walked is not None and self._lead is not None and self._lead.field == one.field:
            return side.holds(self._walked, one)
        mine = side.of(side.table, self._noun.key, one.field.name)
        if one.operator == "IS NULL":
            return ~exists().where(mine)
        # Never by an index of values: that of owner and name finds the one row there is.
        return exists().where(mine, side.holds(side.table, one, Unindexed))

    def _value(self, one: _Column) -> ColumnElement[Any]:
        if one.field.kind == ATTRIBUTE:
            value = self._noun.attributes[one.field.name].value
            return value if self._driver is None else Unindexed(value)
        side = self._noun.sides[one.field.kind]
        if self._walked is not None and self._lead is not None and self._lead.field == one.field:
            return side.columns(self._walked)[one.part]
        mine = side.of(side.table, self._noun.key, one.field.name)
        return select(side.columns(side.table)[one.part]).where(mine).scalar_subquery()

    def _tie(self) -> ColumnElement[Any]:
        """The key, as the walked table has it: so its index is in order down to equal values."""
        if self._walked is None or self._lead is None:
            return self._noun.key
        return self._walked.c[self._noun.sides[self._lead.field.kind].owner]

    def _order(
        self, ordered: Sequence[_Column], values: Sequence[ColumnElement[Any]]
    ) -> Iterator[ColumnElement[Any]]:
        for place, (one, value) in enumerate(zip(ordered, values, strict=True)):
            if place > 0:
                # Not of the first column: rows that lack it are a later phase.
                yield value.is_(None)
            yield value.desc() if one.descending else value.asc()
        tie = self._tie()
        yield tie.desc() if self._query.falls else tie.asc()

    def _after(
        self, ordered: Sequence[tuple[_Column, ColumnElement[Any], Any]], key: Any
    ) -> ColumnElement[bool]:
        """The condition that a row comes after a place, column by column from the last."""
        condition = _beyond(self._tie(), key, falls=self._query.falls)
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
            if place == 0:
                # Implied; said so that the walk along the index begins there.
                start = value <= last if one.descending else value >= last
                condition = and_(start, condition)
        return condition


def _is_number(one: Condition) -> bool:
    """Whether only numbers fulfil a condition; a text is unlike any number."""
    return not isinstance(one.values[0], str) and one.operator not in ("!=", "NOT IN")


def _compared(
    one: Condition, text: ColumnElement[Any], number: ColumnElement[Any]
) -> ColumnElement[bool]:
    """Compare what is there: its text with texts, its number with numbers."""
    if one.operator in NULLS:
        return text.is_(None) if one.operator == "IS NULL" else text.is_not(None)
    of = text if isinstance(one.values[0], str) else number
    if one.operator in ("!=", "NOT IN") and of is not text:
        return or_(of.is_(None), of.not_in(list(one.values)))
    if one.operator == "IN":
        return of.in_(list(one.values))
    if one.operator == "NOT IN":
        return of.not_in(list(one.values))
    return _COMPARED[one.operator](of, one.values[0])


def _countable(column: ColumnElement[Any], end: Any) -> tuple[ColumnElement[Any], Any]:
    """A column and where a page ended, as numbers: SQLAlchemy has no order of TRUE and FALSE."""
    return (type_coerce(column, Integer), int(end)) if isinstance(end, bool) else (column, end)


def _beyond(column: ColumnElement[Any], value: Any, *, falls: bool) -> ColumnElement[bool]:
    return _COMPARED["<" if falls else ">"](column, value)
