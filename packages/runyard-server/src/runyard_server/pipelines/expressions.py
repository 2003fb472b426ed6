"""Values of a schedule's parameters that are found anew for each run: `@utcNow()`.

    @formatDateTime(subtractFromTime(utcNow(), 1, 'Day'), 'yyyy-MM-dd')
    @trigger().scheduledTime

As in v1, one @ begins the whole; a text that calls something else is the text itself. Moments are
texts in between, too: of .NET's form `o`, or of the format that a function is given as its last.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any, NamedTuple

from runyard_server.pipelines.dotnet_dates import ROUND_TRIP, formatted
from runyard_server.pipelines.zones import zone_of

_TOKEN = re.compile(r"\s*(?:(-?\d+)|'((?:[^']|'')*)'|([A-Za-z]+)\s*\(|([(),]|\.[A-Za-z]+))\s*")
_MOMENT = re.compile(
    r"(\d{4})-(\d\d?)-(\d\d?)(?:[T ](\d\d?):(\d\d)(?::(\d\d)(?:\.(\d+))?)?)?\s*(Z|[+-]\d\d:?\d\d)?"
)
_SECONDS = {"Second": 1, "Minute": 60, "Hour": 3600, "Day": 86400, "Week": 604800}
_MONTHS = {"Month": 1, "Year": 12}
_SHOWN = 200
_LONGEST = 500
_COUNTS = "a function has an argument too many, too few, or of another kind"


class Facts(NamedTuple):
    """What a turn of a schedule knows.

    Args:
        now: When it submits.
        due: When it was to do so.
        person: For whom.
    """

    now: datetime
    due: datetime
    person: str


def resolved(values: Mapping[str, Any], facts: Facts) -> dict[str, Any]:
    """The same values, with what expressions among them say.

    Args:
        values: By the parameters' names.
        facts: What the turn knows.

    Raises:
        ValueError: An argument of a function cannot be; the message has the expression.
    """
    return {name: _value(value, facts) for name, value in values.items()}


def _value(value: Any, facts: Facts) -> Any:
    if not isinstance(value, str) or not value.startswith("@") or len(value) > _LONGEST:
        return value
    try:
        call = _Reader(value).whole()
    except _NoExpressionError:
        return value
    try:
        return call(facts)
    except TypeError:
        raise ValueError(f"the expression {value!r} cannot be: {_COUNTS}") from None
    except (ValueError, OverflowError) as error:
        raise ValueError(f"the expression {value!r} cannot be: {error}") from None


class _NoExpressionError(Exception):
    """It is a text that happens to begin with @."""


_Call = Callable[[Facts], Any]


class _Reader:
    """Reads an expression into what computes it."""

    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, ...]] = []
        place = 1
        while place < len(text):
            found = _TOKEN.match(text, place)
            if found is None:
                raise _NoExpressionError
            self._tokens.append(tuple(each or "" for each in found.groups()))
            place = found.end()
            if found[2] is not None:
                # An empty text is one, too.
                self._tokens[-1] = ("", "'" + found[2], "", "")
        self._tokens.reverse()

    def whole(self) -> _Call:
        call = self._called(self._next()[2])
        if self._tokens:
            raise _NoExpressionError
        return call

    def _next(self) -> tuple[str, ...]:
        if not self._tokens:
            raise _NoExpressionError
        return self._tokens.pop()

    def _argument(self) -> _Call:
        number, text, name, _ = self._next()
        if name:
            return self._called(name)
        if not number and not text:
            raise _NoExpressionError
        value = int(number) if number else text[1:].replace("''", "'")
        return lambda _: value

    def _called(self, name: str) -> _Call:
        arguments: list[_Call] = []
        while not self._takes(")"):
            if arguments and not self._takes(","):
                raise _NoExpressionError
            arguments.append(self._argument())
        if name == "trigger" and not arguments:
            name = f"trigger{self._next()[3]}"
        if name not in _FUNCTIONS:
            raise _NoExpressionError
        function = _FUNCTIONS[name]
        return lambda facts: function(facts, *(each(facts) for each in arguments))

    def _takes(self, mark: str) -> bool:
        taken = bool(self._tokens) and self._tokens[-1][3] == mark
        if taken:
            self._tokens.pop()
        return taken


def _read(text: Any) -> datetime:
    found = _MOMENT.fullmatch(str(text).strip())
    if found is None:
        raise ValueError(f"{str(text)[:_SHOWN]!r} is no time such as '2026-01-31T08:00:00Z'")
    year, month, day, hour, minute, second = (int(each or 0) for each in found.groups()[:6])
    part = int((found[7] or "").ljust(6, "0")[:6])
    return datetime(year, month, day, hour, minute, second, part, tzinfo=_offset(found[8]))


def _offset(text: str | None) -> tzinfo | None:
    if text is None or text == "Z":
        return UTC if text else None
    minutes = int(text[1:3]) * 60 + int(text[-2:])
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))


def _later(moment: datetime, count: int, unit: str) -> datetime:
    if unit in _MONTHS:
        months = moment.year * 12 + moment.month - 1 + count * _MONTHS[unit]
        first = moment.replace(year=months // 12, month=months % 12 + 1, day=1)
        last = (first.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
        return first.replace(day=min(moment.day, last.day))
    if unit not in _SECONDS:
        raise ValueError(f"{unit!r} is no unit; use {', '.join((*_SECONDS, *_MONTHS))}")
    return moment + timedelta(seconds=count * _SECONDS[unit])


def _adding(unit: str) -> Callable[..., str]:
    return lambda _, moment, count, form=ROUND_TRIP: formatted(
        _later(_read(moment), int(count), unit), form
    )


def _shifted(sign: int) -> Callable[..., str]:
    return lambda _, moment, count, unit, form=ROUND_TRIP: formatted(
        _later(_read(moment), sign * int(count), unit), form
    )


def _start(**zeros: Any) -> Callable[..., str]:
    return lambda _, moment, form=ROUND_TRIP: formatted(_read(moment).replace(**zeros), form)


def _converted(moment: Any, source: tzinfo, target: tzinfo) -> datetime:
    read = _read(moment)
    return (read.replace(tzinfo=source) if read.tzinfo is None else read).astimezone(target)


def _convert(_: Facts, moment: Any, source: str, target: str, form: str = ROUND_TRIP) -> str:
    found = _converted(moment, zone_of(source), zone_of(target))
    return formatted(found.replace(tzinfo=None), form)


def _from_utc(_: Facts, moment: Any, target: str, form: str = ROUND_TRIP) -> str:
    return formatted(_converted(moment, UTC, zone_of(target)).replace(tzinfo=None), form)


def _to_utc(_: Facts, moment: Any, source: str, form: str = ROUND_TRIP) -> str:
    return formatted(_converted(moment, zone_of(source), UTC), form)


_HOUR = {"minute": 0, "second": 0, "microsecond": 0}
_DAY = {"hour": 0, **_HOUR}
# What v1 has besides them, `runId()`, is known only to the run that the values are for.
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "trigger.scheduledTime": lambda facts: formatted(facts.due, ROUND_TRIP),
    "trigger.startTime": lambda facts: formatted(facts.now, ROUND_TRIP),
    "createdBy": lambda facts: facts.person,
    "utcNow": lambda facts, form=ROUND_TRIP: formatted(facts.now, form),
    "formatDateTime": lambda _, moment, form=ROUND_TRIP: formatted(_read(moment), form),
    "addDays": _adding("Day"),
    "addHours": _adding("Hour"),
    "addMinutes": _adding("Minute"),
    "addSeconds": _adding("Second"),
    "addToTime": _shifted(1),
    "subtractFromTime": _shifted(-1),
    "convertFromUtc": _from_utc,
    "convertTimeZone": _convert,
    "convertToUtc": _to_utc,
    "dayOfMonth": lambda _, moment: _read(moment).day,
    "dayOfWeek": lambda _, moment: _read(moment).isoweekday() % 7,
    "dayOfYear": lambda _, moment: _read(moment).timetuple().tm_yday,
    "startOfDay": _start(**_DAY),
    "startOfHour": _start(**_HOUR),
    "startOfMonth": _start(day=1, **_DAY),
}
