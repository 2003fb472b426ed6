"""What can be searched, and what is looked for.

A noun is a table with a key, columns that are its attributes, and *side tables* that hold its
metrics, parameters, tags and properties by name. An attribute is found in an index that begins with
the workspace; one that is reckoned stands in several, each with some of the rows: see `Source`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Column as TableColumn
from sqlalchemy import ColumnElement, FromClause, Index, Table, UniqueConstraint, and_, or_

from runyard.protocol.filters import NULLS, Condition, Field, Order
from runyard_server.store.expressions import Begin, Unindexed, as_indexed
from runyard_server.store.functions import begins, ilike, like

TEXT, NUMBER, TIME, SWITCH = "text", "number", "time", "switch"
# Of a pattern of LIKE only how it begins: what an index can tell.
BEGINS = "BEGINS"
_COMPARED: dict[str, Callable[[ColumnElement[Any], Any], ColumnElement[bool]]] = {
    "=": lambda column, value: column == value,
    "!=": lambda column, value: column != value,
    "<": lambda column, value: column < value,
    "<=": lambda column, value: column <= value,
    ">": lambda column, value: column > value,
    ">=": lambda column, value: column >= value,
    "LIKE": like,
    BEGINS: begins,
    "NOT LIKE": lambda column, value: ~like(column, value),
    "ILIKE": ilike,
    "NOT ILIKE": lambda column, value: ~ilike(column, value),
}
# workspace, scope, value, key
_SCOPED = 3


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
        if self.number is None:
            return [of.c[self.value]]
        return [of.c[self.number], as_indexed(of.c[self.value])]

    def found(self, of: FromClause, one: Condition) -> ColumnElement[bool]:
        """The condition that a row of that name is as a condition says, for an index to find it.

        Args:
            of: The table or an alias of it.
            one: The condition; IS NOT NULL asks for a row, also one without a value.
        """
        if one.operator in NULLS:
            return compared(one, of.c[self.owner], of.c[self.owner])
        *_, text = columns = self.columns(of)
        return compared(one, text, columns[0])

    def holds(self, of: FromClause, one: Condition) -> ColumnElement[bool]:
        """The same as it is asked of a row, by no index.

        Args:
            of: The table or an alias of it.
            one: The condition.
        """
        if one.operator in NULLS:
            return self.found(of, one)
        text = Unindexed(of.c[self.value])
        number = text if self.number is None else Unindexed(of.c[self.number])
        return compared(one, text, number)


@dataclass(frozen=True, slots=True)
class Source:
    """Some of the rows that have an attribute, and how an index has them.

    Args:
        value: What the attribute is in these rows.
        only: The condition that a row is one of them; None: it has the value.
        above: The value below which, and with which, a row is none of them; None: all are.
        by: What rises with the value, and the index has instead; None: the value itself.
    """

    value: ColumnElement[Any]
    only: ColumnElement[bool] | None = None
    above: Any = None
    by: ColumnElement[Any] | None = None

    @property
    def indexed(self) -> ColumnElement[Any]:
        """What the index has."""
        return self.value if self.by is None else self.by


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute of a noun.

    Args:
        value: How it is told of any row.
        kind: Whether it is TEXT, NUMBER, TIME or SWITCH.
        found: Where its rows stand, if an index does not simply have the value.
    """

    value: ColumnElement[Any]
    kind: str
    found: Sequence[Source] = ()

    @property
    def sources(self) -> Sequence[Source]:
        """Where its rows stand; together they are all that have the attribute."""
        return self.found or (Source(as_indexed(self.value)),)

    @property
    def column(self) -> TableColumn[Any] | None:
        """The column that has it, None where it is reckoned."""
        indexed = self.sources[0].indexed
        found = self.value if isinstance(indexed, Begin) else indexed
        return found if isinstance(found, TableColumn) else None

    @property
    def ordered(self) -> ColumnElement[Any]:
        """What rows are ordered by: of a long text as much as its index has."""
        first = self.sources[0].value
        return first if isinstance(first, Begin) else self.value


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
    # To compare expressions with those of thirty indexes took a tenth of a search.
    _scopes: dict[Any, list[ColumnElement[Any]]] = field(default_factory=dict)
    _indexed: dict[Any, bool] = field(default_factory=dict)

    def has_index(self, attribute: Attribute) -> bool:
        """Whether rows of a workspace are found by an attribute without reading all."""
        return all(self._is_indexed(source.indexed) for source in attribute.sources)

    def scopes(self, source: Source) -> list[ColumnElement[Any]]:
        """The columns whose equal rows an index has in the order of a source."""
        value = _bare(source.indexed)
        known = self._scopes.get(value)
        if known is None:
            keys = (key for key in self._keys() if len(key) > _SCOPED)
            known = self._scopes[value] = [key[1] for key in keys if _is_same(key[2], value)]
        return known

    def _is_indexed(self, value: ColumnElement[Any]) -> bool:
        value = _bare(value)
        known = self._indexed.get(value)
        if known is None:
            keys = (key for key in self._keys() if len(key) > 1)
            known = self._indexed[value] = any(_is_same(key[1], value) for key in keys)
        return known

    def _keys(self) -> list[list[Any]]:
        """What the indexes of the table have; all begin with the workspace."""
        keys = [list(_expressions(index)) for index in self.table.indexes]
        unique = (c for c in self.table.constraints if isinstance(c, UniqueConstraint))
        return keys + [list(each.columns) for each in unique]


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


@dataclass(frozen=True, slots=True)
class Column:
    """One column of an order; those of one field (its numbers, its texts) have one place."""

    field: Field
    place: int
    part: int
    descending: bool


def compared(
    one: Condition, text: ColumnElement[Any], number: ColumnElement[Any]
) -> ColumnElement[bool]:
    """Compare what is there: its text with texts, its number with numbers.

    Args:
        one: The condition.
        text: The column of texts.
        number: The column of numbers; the same where there is but one.
    """
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


def _bare(value: Any) -> Any:
    """The column behind the first letters of it."""
    if isinstance(value, Begin):
        (value,) = value.clauses
    return value


def _is_same(one: Any, other: Any) -> bool:
    """Whether an index has an expression; it keeps a copy of what is none of the columns."""
    return one is other or (not isinstance(other, TableColumn) and bool(other.compare(one)))


def _expressions(index: Index) -> Sequence[Any]:
    return list(index.expressions)
