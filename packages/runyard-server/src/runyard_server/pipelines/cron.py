"""Cron expressions: minute, hour, day of the month, month and day of the week, and when they mean.

A field has `*`, numbers or names (JAN, MON), ranges (`1-5`), steps (`*/15`, `8-18/2`) and lists of
these; Sunday is 0 and 7. Where both days are restricted, either is enough, as in every cron. Local
times around clock changes are those of `recurrence`; an expression for every hour goes through
repeated hours twice, or it would pause for one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

from runyard_server.pipelines.recurrence import first

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_SHORT = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_WEEK, _DIGITS = 7, 4
# From one 29 February to the next there may be eight years: there is none in 2100.
_FARTHEST = 366 * 8 + 1
_FORM = "five fields: minute, hour, day of the month, month and day of the week, as in '0 3 * * *'"


@dataclass(frozen=True)
class _Field:
    """A field: what it is called, its least and largest number, and names from the least on."""

    name: str
    least: int
    most: int
    names: Sequence[str] = ()

    @property
    def last(self) -> int:
        """The largest number of `*`: Sunday, which is both 0 and 7, is its 0."""
        return self.most - 1 if self.most == _WEEK else self.most


_FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of the month", 1, 31),
    _Field("month", 1, 12, _MONTHS),
    _Field("day of the week", 0, _WEEK, _DAYS),
)


@dataclass(frozen=True)
class Cron:
    """An expression that has been read.

    Args:
        times: The times of its days.
        days: Days of the month.
        months: Months.
        week_days: Days of the week, Sunday is 0.
        either: One of the two days is enough.
        hourly: It means every hour.
    """

    times: Sequence[time]
    days: frozenset[int]
    months: frozenset[int]
    week_days: frozenset[int]
    either: bool
    hourly: bool

    def due_after(self, moment: datetime, zone: tzinfo) -> datetime | None:
        """The first time behind a moment, None where there is none within eight years.

        Args:
            moment: Behind which it is wanted.
            zone: The time zone.
        """
        since = moment.astimezone(zone).date() - timedelta(days=1)
        return first(self._days_from(since), self.times, zone, moment, repeats=self.hourly)

    def _days_from(self, since: date) -> Iterator[date]:
        days = (since + timedelta(days=passed) for passed in range(_FARTHEST))
        return (day for day in days if day.month in self.months and self._means(day))

    def _means(self, day: date) -> bool:
        of_month, of_week = day.day in self.days, day.isoweekday() % _WEEK in self.week_days
        return of_month or of_week if self.either else of_month and of_week


def read(expression: str) -> Cron:
    """Read an expression.

    Raises:
        ValueError: It is none; the message says what is wrong.
    """
    parts = _SHORT.get(expression.strip().lower(), expression).split()
    if len(parts) != len(_FIELDS):
        raise ValueError(f"{expression[:80]!r} is no cron expression: it has {_FORM}")
    sets = [_numbers(text, each) for text, each in zip(parts, _FIELDS, strict=True)]
    minutes, hours, days, months, week_days = sets
    return Cron(
        times=[time(hour, minute) for hour in sorted(hours) for minute in sorted(minutes)],
        days=frozenset(days),
        months=frozenset(months),
        week_days=frozenset(each % _WEEK for each in week_days),
        either=not parts[2].startswith("*") and not parts[4].startswith("*"),
        hourly=parts[1] == "*",
    )


def _numbers(text: str, field: _Field) -> set[int]:
    found: set[int] = set()
    for part in text.split(","):
        found.update(_range(part, field))
    return found


def _range(part: str, field: _Field) -> range:
    span, slash, step = part.partition("/")
    if slash and (not _is_number(step) or int(step) == 0):
        raise _wrong(part, field)
    if span == "*":
        span = f"{field.least}-{field.last}"
    low, dash, high = span.partition("-")
    least = _number(low, field, part)
    most = _number(high, field, part) if dash else field.last if slash else least
    if least > most:
        raise _wrong(part, field)
    return range(least, most + 1, int(step) if slash else 1)


def _number(text: str, field: _Field, part: str) -> int:
    if text.upper() in field.names:
        return field.least + field.names.index(text.upper())
    if not _is_number(text) or not field.least <= int(text) <= field.most:
        raise _wrong(part, field)
    return int(text)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= _DIGITS


def _wrong(part: str, field: _Field) -> ValueError:
    names = f", or {field.names[0]} to {field.names[-1]}" if field.names else ""
    return ValueError(
        f"{part[:40]!r} is no {field.name} of a cron expression: use {field.least} to "
        f"{field.most}{names}, '*', ranges such as 1-5, steps such as */15, and lists of these"
    )
