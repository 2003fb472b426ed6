"""`--filter` and `--sort` of runs, in the words of the service's searches.

A filter is written in the language of searches, or short, as one types it without quotes:

    metrics.loss < 0.5 and tags.team = 'vision'      metric.loss<0.5   tag.best   name~bert
"""

import math
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime

from runyard.protocol import filters
from runyard.protocol.errors import InvalidRequest
from runyard.protocol.filters import ATTRIBUTE, KINDS, Condition, Field, Value
from runyard_server.cli import run_fields

_SHORT = re.compile(
    r"(?P<field>[^=!<>~]+)(?:(?P<operator>!=|<=|>=|=|<|>|~)(?P<value>.*))?", re.DOTALL
)
_LONG = re.compile(
    r"['\"`()]|\b(and|like|ilike|in|is)\b|\bor\s+[\w.]+\s*(?:[=!<>~]|not\b)", re.IGNORECASE
)
# What is shown under another name, or worked out of what the service has.
_OTHERS = {"time": "duration"}
_TEXTS = ("id", "name", "experiment", "status", "target", "type", "user", "parent")
# What searches know of runs and no column shows.
_UNSHOWN = (
    "active",
    "attempt",
    "created_at",
    "started_at",
    "ended_at",
    "duration",
    "snapshot",
    "description",
)
_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


def conditions(text: str, named: Callable[[str], str]) -> list[Condition]:
    """Read one `--filter`.

    Args:
        text: What was given.
        named: Finds the id of a run by any of its names, for conditions on `parent`.

    Raises:
        InvalidRequest: It makes no sense in either form.
    """
    try:
        read = filters.conditions(text)
    except InvalidRequest:
        if _is_long(text):
            raise
        read = [_short(text)]
    if not read:
        raise _senseless(text)
    return [_served(one, named) for one in read]


def order(text: str) -> str:
    """Read `--sort`: a field, with `-` before it or DESC behind it the largest first."""
    falling, name = text.startswith("-"), text.removeprefix("-")
    if " " not in name.strip():
        _check(name)
    read = filters.order(name)
    falling = falling != read.descending
    if read.field == Field(ATTRIBUTE, "age"):
        # The oldest were created first.
        return f"created_at{'' if falling else ' DESC'}"
    return f"{filters.named(_field(read.field))}{' DESC' if falling else ''}"


def column(name: str) -> str | None:
    """What a search must bring for a column to be shown; None for what always comes."""
    group, key = run_fields.parts(name)
    if key and group in KINDS:
        return filters.named(Field(KINDS[group], key))
    return KINDS[name] if name in KINDS and name != ATTRIBUTE else None


def _is_long(text: str) -> bool:
    """Whether a text was meant to be in the language of searches."""
    return bool(_LONG.search(text))


def _check(name: str) -> None:
    """Refuse a field that runs have not."""
    if name not in _UNSHOWN:
        run_fields.value(name)


def _short(text: str) -> Condition:
    found = _SHORT.fullmatch(text.strip())
    if found is None:
        raise _senseless(text)
    name, operator, value = found["field"].strip(), found["operator"], found["value"] or ""
    _check(name)
    group, dot, key = name.partition(".")
    field = Field(KINDS[group], key) if dot else Field(ATTRIBUTE, name)
    if operator is None:
        return Condition(field, "IS NOT NULL")
    value = value.strip()
    if operator == "~":
        return Condition(field, "ILIKE", (f"%{_plain(value)}%",))
    return Condition(field, operator, (_value(field, value),))


def _value(field: Field, text: str) -> Value:
    """A finite number where one can be meant, else the text; the language knows no others."""
    if field.kind == ATTRIBUTE and field.name in _TEXTS:
        return text
    try:
        number = float(text)
    except ValueError:
        return text
    return number if math.isfinite(number) else text


def _served(one: Condition, named: Callable[[str], str]) -> Condition:
    """A condition on what the service has."""
    field = _field(one.field)
    values = one.values
    if field.kind != ATTRIBUTE:
        return Condition(field, one.operator, values)
    if field.name == "age" and values:
        return _age(one)
    if field.name == "parent" and one.operator in ("=", "!="):
        values = (named(str(values[0])),)
    return Condition(field, one.operator, values)


def _age(one: Condition) -> Condition:
    """What is older than so many seconds was created before that time."""
    (value, *_) = one.values
    if isinstance(value, str):
        raise InvalidRequest(f"age is in seconds: {value!r} is no number")
    then = datetime.fromtimestamp(time.time() - value, UTC).isoformat()
    operator = _TURNED.get(one.operator, one.operator)
    return Condition(Field(ATTRIBUTE, "created_at"), operator, (then,))


def _field(field: Field) -> Field:
    name = _OTHERS.get(field.name, field.name) if field.kind == ATTRIBUTE else field.name
    return Field(field.kind, name)


def _plain(text: str) -> str:
    return re.sub(r"([\\%_])", r"\\\1", text)


def _senseless(text: str) -> InvalidRequest:
    return InvalidRequest(
        f'--filter {text!r} makes no sense; write it as "metrics.loss < 0.5 and status = '
        "'Failed'\", or short as tag.fold=1, status!=Failed, metric.loss<0.5, name~bert or tag.best"
    )
