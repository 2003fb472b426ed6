"""One way to ask: a search of any noun, checked word by word, and found page by page.

A noun that is searched says what it is called, what else its attributes are called, and which
values they take (`Words`). `prepared` turns a search from outside into one for the store and
refuses what makes no sense, with its place in the filter and the nearest names; `found` gives the
keys of a page. The old lists are searches, too, whose conditions come from their queries.
"""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec

from runyard.protocol import filters
from runyard.protocol.errors import InvalidRequest
from runyard.protocol.filters import (
    ATTRIBUTE,
    LISTS,
    METRIC,
    NULLS,
    PATTERNS,
    Condition,
    Field,
    Order,
    Value,
)
from runyard.protocol.search import Search
from runyard.protocol.suggestions import suggest
from runyard_server.core.clock import SECOND
from runyard_server.core.work import Work
from runyard_server.store import pages, search
from runyard_server.store.search import WITHOUT_END, Budget
from runyard_server.store.searched import NUMBER, SWITCH, TEXT, TIME, Noun, Place, Wanted

MOST_CONDITIONS = 50
MOST_ORDERS = 5
# What reading the page's records takes comes on top.
SHORT_SECONDS = 0.006
_EQUALS = ("=", "!=")
_THOUSAND = 1000
_EXAMPLES = {NUMBER: "10", TEXT: "'a'", TIME: "'2026-11-28T13:00'", SWITCH: "TRUE"}


class _Token(msgspec.Struct, array_like=True, frozen=True):
    """Where a page ended, and of which search: its mark."""

    mark: int
    phase: int
    values: list[str | int | float | bool | None]
    key: str | int


@dataclass(frozen=True, slots=True)
class Words:
    """How people name a noun and its attributes.

    Args:
        title: The noun, as messages name it.
        noun: What of it can be searched.
        others: Other names of attributes, MLflow's among them, with `_` for blanks.
        choices: All values of an attribute that has few, by its name; case does not matter.
    """

    title: str
    noun: Noun
    others: Mapping[str, str] = field(default_factory=dict)
    choices: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Columns:
    """Which named values come with each entry; None: all."""

    fields: Sequence[Field] | None = None

    def of(self, kind: str) -> list[str] | None:
        """The names of a kind; None for all of them."""
        if self.fields is None:
            return None
        names = [one.name for one in self.fields if one.kind == kind]
        return None if "" in names else names


EVERYTHING = Columns()


@dataclass(frozen=True, slots=True)
class Prepared:
    """A search that makes sense, and where it goes on."""

    wanted: Wanted
    columns: Columns
    after: Place | None
    limit: int
    mark: int
    short_pages: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """The keys of a page, the token of the next one, and how much was looked at if it is short."""

    keys: list[Any]
    token: str | None
    looked_at: int | None = None


def prepared(words: Words, workspace: str, asked: Search) -> Prepared:
    """Check a search.

    Args:
        words: The noun.
        workspace: The workspace.
        asked: The search.

    Raises:
        InvalidRequest: The filter, an order, a column or the page token makes no sense.
    """
    limit = pages.limit(asked.page_size)
    read = filters.conditions(asked.filter)
    if len(read) > MOST_CONDITIONS or len(asked.order_by) > MOST_ORDERS:
        raise InvalidRequest(
            f"a search has up to {MOST_CONDITIONS} conditions and {MOST_ORDERS} orders, not "
            f"{len(read)} and {len(asked.order_by)}"
        )
    conditions = [_Checked(words, asked.filter, "filter").condition(one) for one in read]
    order = [_order(words, text) for text in asked.order_by]
    columns = [_column(words, text) for text in asked.columns] if asked.columns else None
    wanted = Wanted(words.noun, workspace, conditions, order)
    asked_for = [(filters.named(one.field), one.descending) for one in order]
    # Against a slip, not an attack. hash() would not do: it is another one in each process, and
    # tokens outlive a restart.
    mark = zlib.crc32(f"{filters.written(conditions)}\n{asked_for}".encode())
    after = _after(asked.page_token, wanted, mark)
    return Prepared(wanted, Columns(columns), after, limit, mark, asked.short_pages)


def field_of(words: Words, text: str) -> Field:
    """The field of a noun that a text names, by the noun's own name for it.

    Args:
        words: The noun.
        text: A field, as filters have it.

    Raises:
        InvalidRequest: There is none of that name.
    """
    return _column(words, text)


def found(work: Work, those: Prepared) -> Page:
    """A page of a search: a whole one, or as much of it as its time allows."""

    def place(at: Place) -> _Token:
        return _Token(those.mark, at.phase, list(at.values), at.key)

    budget = Budget(SHORT_SECONDS) if those.short_pages else WITHOUT_END
    come = search.places(
        work.connection, those.wanted, those.after, those.limit + 1, work.now, budget
    )
    page, token = pages.cut(come.places, those.limit, place)
    keys = [each.key for each in page]
    if token is not None or come.after is None:
        return Page(keys, token)
    return Page(keys, pages.token(place(come.after)), come.looked)


def listed(work: Work, wanted: Wanted, key: Any, limit: int) -> tuple[list[Any], str | None]:
    """The keys of a page of a list by key, and the token of the next one.

    Args:
        work: The unit of work.
        wanted: What is listed, in the order of its noun.
        key: The last key of the page before; None for the first page.
        limit: Entries of a page.
    """
    after = None if key is None else Place(0, (), key)
    come = search.places(work.connection, wanted, after, limit + 1, work.now)
    return pages.cut([place.key for place in come.places], limit, lambda each: each)


def is_(name: str, operator: str, *values: Value) -> Condition:
    """A condition on an attribute, for lists that are asked for by queries."""
    return Condition(Field(ATTRIBUTE, name), operator, values)


def has(kind: str, name: str, value: str | None) -> Condition:
    """The condition that there is a tag or property, with a value if one is given.

    Args:
        kind: `tags` or `properties`.
        name: Its name.
        value: Its value; None for any.
    """
    if value is None:
        return Condition(Field(kind, name), "IS NOT NULL")
    return Condition(Field(kind, name), "=", (value,))


def literal(text: str) -> str:
    """The pattern of LIKE that fits one text alone."""
    return "".join("\\" + letter if letter in "\\%_" else letter for letter in text)


def _order(words: Words, text: str) -> Order:
    read = filters.order(text)
    return Order(_Checked(words, text, "order").field(read.field), read.descending)


def _column(words: Words, text: str) -> Field:
    read = filters.column(text)
    checked = _Checked(words, text, "column")
    if not read.name and read.kind == ATTRIBUTE:
        return read
    return checked.kind(read) if not read.name else checked.field(read)


def _after(token: str | None, wanted: Wanted, mark: int) -> Place | None:
    read = pages.after(token, _Token)
    if read is None:
        return None
    place = Place(read.phase, tuple(read.values), read.key)
    if read.mark != mark or not search.fits(wanted, place):
        raise InvalidRequest(
            "page_token belongs to a search with another filter or order; start without one",
            {"parameter": "page_token"},
        )
    return place


class _Checked:
    """Checks what was read of a text, and points at the place in it that is wrong."""

    def __init__(self, words: Words, text: str, what: str) -> None:
        self._words = words
        self._text = text
        self._what = what

    def condition(self, one: Condition) -> Condition:
        """A condition with names and values as the store has them."""
        where = self.field(one.field)
        if one.operator in NULLS:
            return Condition(where, one.operator)
        kind = self._kind_of_values(where)
        values = tuple(self._value(one, where, kind, value) for value in one.values)
        # Numbers and texts are two columns, each with an index of its own.
        if len({type(value) is str for value in values}) > 1:
            raise self._wrong(one, "a list holds numbers or texts, not both")
        return Condition(where, one.operator, values)

    def field(self, read: Field) -> Field:
        """A field that the noun has, by its own name."""
        if read.kind != ATTRIBUTE:
            return Field(self.kind(read).kind, read.name)
        name = read.name.lower().replace(" ", "_")
        name = self._words.others.get(name, name)
        if name not in self._words.noun.attributes:
            raise self._unknown(read)
        return Field(ATTRIBUTE, name)

    def kind(self, read: Field) -> Field:
        """A field of a kind that the noun has."""
        if read.kind not in self._words.noun.sides:
            kinds = [*self._words.noun.sides, ATTRIBUTE]
            raise self._at(
                read.place, f"{self._words.title} have no {read.kind}; there are {', '.join(kinds)}"
            )
        return Field(read.kind, read.name)

    def _kind_of_values(self, where: Field) -> str | None:
        """What values of a field are; None for tags and the like, which are texts or numbers."""
        if where.kind == ATTRIBUTE:
            return self._words.noun.attributes[where.name].kind
        return NUMBER if where.kind == METRIC else None

    def _value(self, one: Condition, where: Field, kind: str | None, value: Value) -> Value:
        is_text = isinstance(value, str)
        if kind is None:
            kind = TEXT if is_text else NUMBER
        # Asked for first: a bool is a number to Python.
        is_switch = isinstance(value, bool)
        if is_switch != (kind == SWITCH) or (kind != TIME and is_text != (kind == TEXT)):
            raise self._mistyped(one, kind)
        self._check_operator(one, where, kind)
        if kind == TIME:
            return self._time(one, value)
        choices = self._words.choices.get(where.name) if where.kind == ATTRIBUTE else None
        if choices is not None and one.operator not in PATTERNS:
            return self._choice(one, where, choices, str(value))
        return value

    def _check_operator(self, one: Condition, where: Field, kind: str) -> None:
        fits = [*filters.COMPARISONS, *LISTS]
        if kind in (TEXT, SWITCH):
            fits = [*_EQUALS, *LISTS, *PATTERNS] if kind == TEXT else [*_EQUALS]
        if one.operator not in fits:
            hint = "" if where.kind == ATTRIBUTE else " (a number stands without quotes)"
            told = f"{_named(where)} as a {kind} is compared with {', '.join(fits)}"
            raise self._wrong(one, f"{told}, not {one.operator}{hint}")

    def _time(self, one: Condition, value: Value) -> int:
        """Microseconds since 1970; a number counts milliseconds, a text without a zone is UTC."""
        try:
            if not isinstance(value, str):
                # As MLflow counts start_time and end_time.
                return _microseconds(datetime.fromtimestamp(value / _THOUSAND, UTC))
            time = datetime.fromisoformat(value)
            return _microseconds(time if time.tzinfo else time.replace(tzinfo=UTC))
        # A time beyond the platform's calendar is any of the three, by platform.
        except (ValueError, OverflowError, OSError):
            told = repr(value)[:40]
            raise self._wrong(
                one, f"{told} is no time; write it as '2026-11-28' or '2026-11-28T13:00:00Z'"
            ) from None

    def _choice(self, one: Condition, where: Field, choices: Sequence[str], value: str) -> str:
        for choice in choices:
            if choice.lower() == value.lower():
                return choice
        near = suggest(value, choices, "", few=len(choices))
        raise self._wrong(
            one, f"{value!r} is no {where.name} of {self._words.title}; {near.sentence}"
        )

    def _unknown(self, read: Field) -> InvalidRequest:
        known = self._words.noun.attributes
        sides = self._words.noun.sides
        head, dot, name = read.name.partition(".")
        if dot and name:
            near = suggest(head, [*sides, ATTRIBUTE], "", few=len(filters.KINDS))
            what = f"there is no kind of field {head!r}; {near.sentence}"
        else:
            near = suggest(read.name, known, "", few=len(known))
            meant = (
                "" if METRIC not in sides else f"; a metric is {_named(Field(METRIC, read.name))}"
            )
            what = f"{self._words.title} have no attribute {read.name!r}; {near.sentence}{meant}"
        error = self._at(read.place, what)
        error.details["nearest"] = near.names
        return error

    def _mistyped(self, one: Condition, kind: str) -> InvalidRequest:
        return self._wrong(
            one, f"{_named(one.field)} is a {kind}; compare it with one, such as {_EXAMPLES[kind]}"
        )

    def _wrong(self, one: Condition, what: str) -> InvalidRequest:
        return self._at(one.place, what)

    def _at(self, place: tuple[int, int], what: str) -> InvalidRequest:
        return filters.complaint(self._text, place, what, of=self._what)


def _microseconds(time: datetime) -> int:
    return round(time.timestamp() * SECOND)


def _named(where: Field) -> str:
    return where.name if where.kind == ATTRIBUTE else filters.named(where)
