"""`--filter` of lists: conditions in the language of searches, or short, as one types them.

    metrics.loss < 0.5 and tags.team = 'vision'      metric.loss<0.5   tag.best   name~bert

What a list knows of its fields (`Fields`) decides what a short form means; the service decides
whether there is such a field. Each condition keeps its place in what was typed.
"""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from runyard.protocol import filters
from runyard.protocol.errors import InvalidRequest
from runyard.protocol.filters import ATTRIBUTE, KINDS, METRIC, Condition, Field, Value
from runyard_server.cli.typed import Typed

_SHORT = re.compile(
    r"\s*(?P<field>[^=!<>~]*[^=!<>~\s])\s*(?:(?P<operator>!=|<=|>=|=|<|>|~)\s*(?P<value>.*?)\s*)?",
    re.DOTALL,
)
# Signs of the long form. A bare `or` may stand in a value: it counts where a condition follows.
_LONG = re.compile(
    r"['\"`()]|\b(and|like|ilike|in|is)\b|\bor\s+[\w.]+\s*(?:[=!<>~]|not\b)", re.IGNORECASE
)
_EQUALS = ("=", "!=")


def _any_name(_: str) -> None:
    """Leave it to the service whether there is a field of that name."""


@dataclass(frozen=True)
class Fields:
    """What short forms need to know of a list.

    Args:
        texts: Attributes that are texts, also where they look like numbers.
        switches: Attributes that hold or do not: their name alone asks that they do.
        check: Refuses a name that is no field of the list; by default the service does.
    """

    texts: Sequence[str]
    switches: Sequence[str] = ()
    check: Callable[[str], object] = _any_name


def read(text: str, fields: Fields) -> list[Typed]:
    """Read one `--filter`.

    Args:
        text: What was given.
        fields: What the list has.

    Raises:
        InvalidRequest: It makes no sense in either form; the message points at the place.
    """
    is_long = bool(_LONG.search(text))
    try:
        found = filters.conditions(text)
    except InvalidRequest as fault:
        if is_long:
            raise
        found = [_short(text, fields, fault)]
    if not is_long and any(_is_misread(one, fields) for one in found):
        found = [_short(text, fields, InvalidRequest(""))]
    return [Typed(one, text) for one in found]


def _is_misread(one: Condition, fields: Fields) -> bool:
    """Whether a bare word was read as a number where it is a text, as in `name=3`."""
    named_so = one.field.kind == ATTRIBUTE and one.field.name in fields.texts
    return named_so and not all(isinstance(value, str) for value in one.values)


def _short(text: str, fields: Fields, fault: InvalidRequest) -> Condition:
    """Read the short form.

    Args:
        text: What was given.
        fields: What the list has.
        fault: What is wrong with the text in the language of searches.
    """
    found = _SHORT.fullmatch(text)
    if found is None:
        raise fault
    field = _field(text, found.span("field"), fields)
    place = (found.start("field"), found.end("value" if found["operator"] else "field"))
    if found["operator"] is None:
        if field.kind == ATTRIBUTE and field.name in fields.switches:
            return Condition(field, "=", (True,), place)
        return Condition(field, "IS NOT NULL", (), place)
    if not found["value"] and found["operator"] not in _EQUALS:
        raise fault
    # What is typed behind `~` is meant letter by letter; LIKE has wildcards.
    if found["operator"] == "~":
        return Condition(field, "ILIKE", (f"%{_plain(found['value'])}%",), place)
    value = _value(field, found["value"], fields)
    if field.kind == METRIC and isinstance(value, str):
        raise fault
    return Condition(field, found["operator"], (value,), place)


def _field(text: str, place: filters.Place, fields: Fields) -> Field:
    name = text[slice(*place)]
    try:
        fields.check(name)
    except InvalidRequest as unknown:
        raise filters.complaint(text, place, unknown.message) from None
    group, _, key = name.partition(".")
    kind = KINDS.get(group.lower())
    return Field(kind, key, place) if kind and key else Field(ATTRIBUTE, name, place)


def _value(field: Field, text: str, fields: Fields) -> Value:
    """A finite number where one can be meant, else the text; the language knows no others."""
    if field.kind == ATTRIBUTE and field.name in fields.texts:
        return text
    try:
        number = float(text)
    except ValueError:
        return text
    return number if math.isfinite(number) else text


def _plain(text: str) -> str:
    return re.sub(r"([\\%_])", r"\\\1", text)
