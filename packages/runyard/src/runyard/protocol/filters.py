"""The filter language of searches: MLflow's, with the attributes of our own nouns.

    metrics.loss < 0.5 and params.lr = '0.1' and tags.`my tag` LIKE '%a%' and status IN ('Failed')

    filter    = [ condition { AND condition } ]
    condition = field, ( compare, value | [NOT] (LIKE | ILIKE), text
              | [NOT] IN, "(", value, { ",", value }, ")" | IS, [NOT] NULL )
    field     = [ kind, "." ], name          kind without its plural s too; none: an attribute
    compare   = "=" | "==" | "!=" | "<>" | "<" | "<=" | ">" | ">="
    value     = number | text | TRUE | FALSE

A text stands in single or double quotes and a name with other characters than letters, digits and
`_-./:@+` in backticks or double quotes; a quote within is written twice. In the patterns of LIKE
`%` stands for any characters and `_` for one; a backslash before them makes them plain. Keywords
may be written in any case. A faulty filter is refused with its place.

Conditions are made of text by `conditions`, and text of conditions by `written`, so that a program
asks for any name and value without quoting by hand. What attributes there are is the service's.
"""

import re
from typing import Iterable, List, Match, NamedTuple, Optional, Pattern, Tuple, Union

from runyard.protocol.errors import InvalidRequest

ATTRIBUTE = "attributes"
METRIC = "metrics"
PARAMETER = "params"
TAG = "tags"
PROPERTY = "properties"
KINDS = {
    "attributes": ATTRIBUTE,
    "attribute": ATTRIBUTE,
    "attr": ATTRIBUTE,
    "metrics": METRIC,
    "metric": METRIC,
    "params": PARAMETER,
    "param": PARAMETER,
    "parameters": PARAMETER,
    "parameter": PARAMETER,
    "tags": TAG,
    "tag": TAG,
    "properties": PROPERTY,
    "property": PROPERTY,
}
"""What may stand before a name, and which kind of field it means."""

COMPARISONS = ("=", "!=", "<", "<=", ">", ">=")
PATTERNS = ("LIKE", "NOT LIKE", "ILIKE", "NOT ILIKE")
LISTS = ("IN", "NOT IN")
NULLS = ("IS NULL", "IS NOT NULL")

Value = Union[str, int, float, bool]
Place = Tuple[int, int]

LONGEST = 20_000
# Longer ones may not fit into 64 bits, which is what databases have.
_LONGEST_INTEGER = 18
_SHOWN = 60
_NOWHERE: Place = (0, 0)
_SPELT = {"==": "=", "<>": "!="}
_BLANK = re.compile(r"\s*")
_WORD = re.compile(r"[\w\-./:@+]+")
_QUOTED_NAME = re.compile(r'`(?:[^`]|``)+`|"(?:[^"]|"")+"')
# The longer signs first, or `<` would take the half of `<=`.
_COMPARISON = re.compile(r"<=|>=|<>|!=|==|=|<|>")
_TEXT = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"")
# Nothing may go on behind it, as in 1.2.3.
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?![\w.])")
_ANYTHING = re.compile(r"\S+")


class Field(NamedTuple):
    """What a condition, an order or a column is about: a kind and a name.

    The name "" means all of the kind, which only columns may ask for. Where it stands in a text is
    no part of what it is: fields of one kind and name are equal.
    """

    kind: str
    name: str
    place: Place = _NOWHERE

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Field) and self[:2] == other[:2]

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self[:2])


class Condition(NamedTuple):
    """One condition: IS NULL has no values, IN has some, everything else has one."""

    field: Field
    operator: str
    values: Tuple[Value, ...] = ()
    place: Place = _NOWHERE

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Condition) and self[:3] == other[:3]

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self[:3])


class Order(NamedTuple):
    """One order: by a field, rising or falling; what lacks the field comes last either way."""

    field: Field
    descending: bool = False


def conditions(text: str) -> List[Condition]:
    """Read a filter; all of its conditions must hold.

    Raises:
        InvalidRequest: It breaks the grammar; the message points at the place.
    """
    if len(text) > LONGEST:
        raise InvalidRequest(f"the filter has {len(text)} characters; use up to {LONGEST}")
    reader = _Reader(text)
    found: List[Condition] = []
    while not reader.ended():
        if found and not reader.keyword("AND"):
            raise reader.wrong(_after_condition(reader))
        found.append(_condition(reader))
    return found


def order(text: str) -> Order:
    """Read an order: a field, and ASC (which may be left out) or DESC.

    Raises:
        InvalidRequest: It is none; the message points at the place.
    """
    reader = _Reader(text, "order")
    found = _field(reader)
    descending = reader.keyword("DESC")
    if not descending:
        reader.keyword("ASC")
    if not reader.ended():
        raise reader.wrong("after a field comes ASC, DESC or nothing")
    return Order(found, descending)


def column(text: str) -> Field:
    """Read a column: a field, or a kind alone (also `kind.*`) for all fields of it.

    Raises:
        InvalidRequest: It is none; the message points at the place.
    """
    kind = KINDS.get(re.sub(r"\.\*$", "", text.strip()).lower())
    if kind is not None:
        return Field(kind, "", (0, len(text)))
    reader = _Reader(text, "column")
    found = _field(reader)
    if not reader.ended():
        raise reader.wrong("a column is one field; give each its own entry")
    return found


def written(those: Iterable[Condition]) -> str:
    """The text of conditions, which reads back as the same conditions."""
    return " AND ".join(map(_written, those))


def named(found: Field) -> str:
    """The text of a field, quoted where its name needs it."""
    if not found.name:
        return found.kind
    bare = _WORD.fullmatch(found.name) is not None
    return f"{found.kind}.{found.name if bare else _in_quotes(found.name, '`')}"


def complaint(text: str, place: Place, what: str, *, of: str = "filter") -> InvalidRequest:
    """Make the error that points at a place.

    Args:
        text: The whole filter, order or column.
        place: Where the fault begins and ends, in characters from 0.
        what: What is wrong there, and what would be right.
        of: What the text is: a filter, an order, a column.
    """
    start, end = place
    first = max(0, start - _SHOWN // 2)
    last = max(end, first + _SHOWN)
    before, behind = ("…" if first else ""), ("…" if last < len(text) else "")
    shown = f"{before}{text[first:last]}{behind}"
    # A line break would leave the mark below another line.
    shown = re.sub(r"\s", " ", shown)
    mark = " " * (start - first + len(before)) + "^" * max(1, min(end, last) - start)
    return InvalidRequest(
        f"{what}, at character {start + 1} of the {of}:\n  {shown}\n  {mark}",
        {"position": start, "length": max(0, end - start), "reason": what, "of": of},
    )


def moved(fault: InvalidRequest, text: str, place: Place, *, of: str = "filter") -> InvalidRequest:
    """The same fault shown in another text: the one that a person wrote.

    Args:
        fault: What `complaint` made, perhaps on the other side of the wire.
        text: The text that is shown in its place.
        place: Where the fault is in that.
        of: What that text is.
    """
    told = complaint(text, place, str(fault.details["reason"]), of=of)
    told.details = {**fault.details, **told.details}
    return told


class _Reader:
    """A text, and how far it was read."""

    def __init__(self, text: str, what: str = "filter") -> None:
        self.text = text
        self.at = 0
        self._what = what

    def ended(self) -> bool:
        """Whether nothing but blanks is left."""
        self._skip()
        return self.at == len(self.text)

    def take(self, pattern: Pattern[str]) -> Optional[Match[str]]:
        """Read what fits, after blanks; None, and nothing read, when it does not."""
        self._skip()
        found = pattern.match(self.text, self.at)
        if found is not None:
            self.at = found.end()
        return found

    def keyword(self, word: str) -> bool:
        """Read a keyword, in any case."""
        self._skip()
        end = self.at + len(word)
        # `organic` does not begin with OR.
        behind = self.text[end : end + 1]
        if self.text[self.at : end].upper() != word or behind == "_" or behind.isalnum():
            return False
        self.at = end
        return True

    def sign(self, sign: str) -> bool:
        """Read one character."""
        self._skip()
        if not self.text.startswith(sign, self.at):
            return False
        self.at += 1
        return True

    def wrong(self, what: str, start: Optional[int] = None) -> InvalidRequest:
        """Make the error for what stands next, or for what stands from `start` to here."""
        self._skip()
        if start is None:
            found = _ANYTHING.match(self.text, self.at)
            place = (self.at, found.end() if found else self.at)
        else:
            place = (start, self.at)
        return complaint(self.text, place, what, of=self._what)

    def _skip(self) -> None:
        found = _BLANK.match(self.text, self.at)
        self.at = found.end() if found else self.at


def _condition(reader: _Reader) -> Condition:
    found = _field(reader)
    start = found.place[0]
    if reader.keyword("IS"):
        denied = reader.keyword("NOT")
        if not reader.keyword("NULL"):
            raise reader.wrong("after IS comes NULL or NOT NULL")
        return Condition(found, NULLS[denied], (), (start, reader.at))
    operator = _operator(reader)
    before = reader.at
    values = _several(reader) if operator in LISTS else (_value(reader),)
    if operator in PATTERNS and not isinstance(values[0], str):
        raise reader.wrong(f"{operator} takes a text in quotes", before)
    return Condition(found, operator, values, (start, reader.at))


def _field(reader: _Reader) -> Field:
    if reader.ended():
        raise reader.wrong("a field is missing, such as metrics.loss or status")
    start = reader.at
    word = reader.take(_WORD)
    if word is None:
        quoted = reader.take(_QUOTED_NAME)
        if quoted is None:
            raise reader.wrong(_no_field(reader))
        return Field(ATTRIBUTE, _unquoted(quoted.group()), (start, reader.at))
    head, dot, name = word.group().partition(".")
    kind = KINDS.get(head.lower())
    if kind is None or not dot:
        return Field(ATTRIBUTE, word.group(), (start, reader.at))
    if not name:
        # No blank may stand between the dot and the quoted name.
        quoted = _QUOTED_NAME.match(reader.text, reader.at)
        if quoted is None:
            raise reader.wrong(f"after {word.group()} comes a name, in backticks if it has blanks")
        reader.at = quoted.end()
        name = _unquoted(quoted.group())
    return Field(kind, name, (start, reader.at))


def _operator(reader: _Reader) -> str:
    sign = reader.take(_COMPARISON)
    if sign is not None:
        return _SPELT.get(sign.group(), sign.group())
    before = reader.at
    denied = "NOT " if reader.keyword("NOT") else ""
    for word in ("LIKE", "ILIKE", "IN"):
        if reader.keyword(word):
            return denied + word
    # Back before NOT, where the error is to point.
    reader.at = before
    raise reader.wrong(
        "after a field comes =, !=, <, <=, >, >=, LIKE, ILIKE, IN, NOT LIKE, NOT ILIKE, NOT IN, "
        "IS NULL or IS NOT NULL (a name with blanks stands in backticks)"
    )


def _several(reader: _Reader) -> Tuple[Value, ...]:
    if not reader.sign("("):
        raise reader.wrong("after IN comes a list in parentheses, such as ('Completed', 'Failed')")
    values = [_value(reader)]
    while reader.sign(","):
        values.append(_value(reader))
    if not reader.sign(")"):
        raise reader.wrong("a comma or the closing parenthesis is missing")
    return tuple(values)


def _value(reader: _Reader) -> Value:
    text = reader.take(_TEXT)
    if text is not None:
        return _unquoted(text.group())
    number = reader.take(_NUMBER)
    if number is not None:
        return _number(reader, number)
    if reader.keyword("TRUE"):
        return True
    if reader.keyword("FALSE"):
        return False
    if reader.ended():
        raise reader.wrong("a value is missing: a number, or a text in quotes")
    if reader.text[reader.at] in "'\"":
        raise reader.wrong("the closing quote is missing")
    raise reader.wrong(_no_value(reader))


def _number(reader: _Reader, found: Match[str]) -> Union[int, float]:
    text = found.group()
    if text.lstrip("+-").isdigit() and len(text) <= _LONGEST_INTEGER:
        return int(text)
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise reader.wrong("the number is too large", found.start())
    return number


def _no_value(reader: _Reader) -> str:
    word = _WORD.match(reader.text, reader.at)
    meant = f"; the text {word.group()} is written '{word.group()}'" if word else ""
    return f"a value is a number, or a text in quotes{meant}"


def _no_field(reader: _Reader) -> str:
    if reader.text[reader.at] == "(":
        return "parentheses are not offered: all conditions must hold, joined by AND"
    return "a field is needed here, such as metrics.loss or tags.`my tag`"


def _after_condition(reader: _Reader) -> str:
    if reader.keyword("OR"):
        reader.at -= len("OR")
        return "OR is not offered: use IN for several values of one field, or search twice"
    return "after a condition comes AND or the end"


def _unquoted(text: str) -> str:
    quote = text[0]
    return text[1:-1].replace(quote * 2, quote)


def _in_quotes(text: str, quote: str) -> str:
    return quote + text.replace(quote, quote * 2) + quote


def _written(one: Condition) -> str:
    begin = f"{named(one.field)} {one.operator}"
    if one.operator in NULLS:
        return begin
    values = ", ".join(map(_spelt, one.values))
    return f"{begin} ({values})" if one.operator in LISTS else f"{begin} {values}"


def _spelt(value: Value) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return _in_quotes(value, "'") if isinstance(value, str) else repr(value)
