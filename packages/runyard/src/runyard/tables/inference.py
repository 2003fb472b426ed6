"""The types of columns: what a sample of texts looks like, and what becomes of each text.

    string | bool | int | float | {"datetime": [format, …]}

A format is one of Python's (`%d/%m/%Y`), or the name of one that inference has found: `iso`,
`month first`, `day first`, `month by name`. What the first 200 records look like is part of a
dataset's definition; a text that does not fit its type later becomes None, and is told.
"""

import re
from datetime import datetime, timedelta, timezone
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple, Union

STRING, BOOL, INT, FLOAT, DATETIME = "string", "bool", "int", "float", "datetime"
ISO, MONTH_FIRST, DAY_FIRST, BY_NAME = "iso", "month first", "day first", "month by name"
SAMPLE = 200

Kind = Union[str, Dict[str, Any]]

_TRUE, _FALSE = ("true", "t", "1"), ("false", "f", "0")
_INT = re.compile(r"\s*[+-]?[0-9]+\s*")
_FLOAT = re.compile(
    r"\s*[+-]?(?:[0-9]+\.?[0-9]*(?:e[+-]?[0-9]+)?|\.[0-9]+(?:e[+-]?[0-9]+)?|inf(?:inity)?)\s*",
    re.IGNORECASE,
)
_TIME = r"(?:[T ]\s*(\d{1,2}):(\d{2})(?::(\d{2})(\.\d+)?)?\s*(AM|PM)?\s*(Z|[+-]\d{2}:?\d{2})?)?"
_ISO = re.compile(r"\s*(\d{4})([-/])(\d{1,2})\2(\d{1,2})" + _TIME + r"\s*", re.IGNORECASE)
_SLASHED = re.compile(r"\s*(\d{1,2})/(\d{1,2})/(\d{4})" + _TIME + r"\s*", re.IGNORECASE)
_NAMED = re.compile(r"\s*(\d{1,2})-([A-Za-z]{3})-(\d{4})" + _TIME + r"\s*", re.IGNORECASE)
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_LARGEST = 1 << 63
# What Python takes of these letters is what the two patterns above take.
_PLAIN: Dict[str, Tuple[Any, Callable[[Any], Any]]] = {
    INT: (re.compile(r"[0-9+\-\s]*"), int),
    FLOAT: (re.compile(r"[0-9+\-.eE\s]*"), float),
}


class Inferred(NamedTuple):
    """The type of a column.

    Args:
        kind: The type.
        undecided: Whether the sample leaves open which of two numbers is the month.
    """

    kind: Kind
    undecided: bool = False


def inferred(values: Sequence[Optional[str]]) -> Inferred:
    """What a column's sample looks like; None are missing values."""
    found = [value for value in values if value is not None]
    if not found:
        return Inferred(STRING)
    if all(value.strip().lower() in _TRUE + _FALSE for value in found):
        return Inferred(BOOL)
    if all(map(_INT.fullmatch, found)):
        fits = all(-_LARGEST <= int(value) < _LARGEST for value in found)
        return Inferred(INT if fits else FLOAT)
    if all(map(_FLOAT.fullmatch, found)):
        return Inferred(FLOAT)
    return dated(found) or Inferred(STRING)


def dated(values: Sequence[str]) -> Optional[Inferred]:
    """The date format that fits all values; None where there is none."""
    for name, fits in ((ISO, _iso), (BY_NAME, _by_name)):
        if all(_tried(fits, value) is not None for value in values):
            return Inferred({DATETIME: [name]})
    orders = [
        name
        for name, fits in ((MONTH_FIRST, _month_first), (DAY_FIRST, _day_first))
        if all(_tried(fits, value) is not None for value in values)
    ]
    if not orders:
        return None
    return Inferred({DATETIME: orders[:1]}, undecided=len(orders) > 1)


def converter(kind: Kind) -> Callable[[Any], Any]:
    """What makes a value of a type of a text; it raises ValueError for a text that does not fit."""
    if isinstance(kind, dict):
        if DATETIME in kind:
            return _dates(kind[DATETIME])
        mark = str(kind[FLOAT])
        return lambda value: _float(str(value).replace(mark, "."))
    plain: Dict[str, Callable[[Any], Any]] = {
        STRING: str,
        BOOL: _bool,
        INT: _int,
        FLOAT: _float,
    }
    return plain[kind]


def converted(values: Sequence[Any], kind: Kind) -> Tuple[List[Any], List[int]]:
    """A column of a type; and the places of what did not fit, which is None.

    Args:
        values: Texts, or what a file's own types made of them; None is missing.
        kind: The type.
    """
    present = [value for value in values if value is not None]
    quick = _at_once(present, kind)
    if quick is not None:
        rest = iter(quick)
        is_whole = len(present) == len(values)
        return (quick if is_whole else [v if v is None else next(rest) for v in values]), []
    convert = converter(kind)
    if set(map(type, present)) <= {str}:
        # Dates and truths are few, so each text is read once.
        known: Dict[Any, Any] = {text: _fitting(convert, text) for text in set(present)}
        found = [None if value is None else known[value] for value in values]
    else:
        found = [None if value is None else _fitting(convert, value) for value in values]
    # Of numbers and dates an empty field is a missing one, also where texts keep it.
    wrong = [n for n, each in enumerate(found) if each is None and values[n] not in (None, "")]
    return found, wrong


def _at_once(texts: Sequence[Any], kind: Kind) -> Optional[List[Any]]:
    """Plain numbers in one go, thirty times as fast as one by one; None where one is not plain."""
    if not isinstance(kind, str) or kind not in _PLAIN:
        return None
    letters, convert = _PLAIN[kind]
    try:
        if letters.fullmatch("\n".join(texts)) is None:
            return None
        found: List[Any] = list(map(convert, texts))
    except (TypeError, ValueError):
        # Values that have types of their own, or a text that only looks like a number.
        return None
    if kind == INT and found and not -_LARGEST <= min(found) <= max(found) < _LARGEST:
        return None
    return found


def _fitting(convert: Callable[[Any], Any], value: Any) -> Any:
    try:
        return convert(value)
    except (ValueError, OverflowError):
        return None


def _bool(value: Any) -> bool:
    text = str(value).strip().lower()
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise ValueError(value)


def _int(value: Any) -> int:
    if isinstance(value, str) and _INT.fullmatch(value) is None:
        # v1's `to_long` makes 1 of 1.9.
        return int(_float(value))
    found = int(value)
    if not -_LARGEST <= found < _LARGEST:
        raise ValueError(value)
    return found


def _float(value: Any) -> float:
    # float() takes more than v1 did: 1_0, nan, digits of other scripts.
    if isinstance(value, str) and _FLOAT.fullmatch(value) is None:
        raise ValueError(value)
    return float(value)


def _dates(formats: Sequence[str]) -> Callable[[Any], datetime]:
    readers = [_BY_FORMAT.get(each) or _by_pattern(each) for each in formats]

    def convert(value: Any) -> datetime:
        if isinstance(value, datetime):
            return naive(value)
        for read in readers:
            found = _tried(read, str(value))
            if found is not None:
                return found
        raise ValueError(value)

    return convert


def _by_pattern(pattern: str) -> Callable[[str], Optional[datetime]]:
    return lambda value: naive(
        datetime.strptime(value.strip(), pattern)  # noqa: DTZ007 - v1's columns have no zone
    )


def _tried(read: Callable[[str], Optional[datetime]], value: str) -> Optional[datetime]:
    try:
        return read(value)
    except ValueError:
        return None


def _iso(value: str) -> Optional[datetime]:
    found = _ISO.fullmatch(value)
    if found is None:
        return None
    year, _, month, day = found.groups()[:4]
    return _moment(int(year), int(month), int(day), found.groups()[4:])


def _month_first(value: str) -> Optional[datetime]:
    found = _SLASHED.fullmatch(value)
    if found is None:
        return None
    month, day, year = found.groups()[:3]
    return _moment(int(year), int(month), int(day), found.groups()[3:])


def _day_first(value: str) -> Optional[datetime]:
    found = _SLASHED.fullmatch(value)
    if found is None:
        return None
    day, month, year = found.groups()[:3]
    return _moment(int(year), int(month), int(day), found.groups()[3:])


def _by_name(value: str) -> Optional[datetime]:
    found = _NAMED.fullmatch(value)
    if found is None or found.group(2).lower() not in _MONTHS:
        return None
    day, month, year = found.groups()[:3]
    return _moment(int(year), _MONTHS.index(month.lower()) + 1, int(day), found.groups()[3:])


def _moment(year: int, month: int, day: int, time: Sequence[Optional[str]]) -> datetime:
    hour, minute, second, fraction, half, zone = time
    hours = int(hour or 0)
    if half:
        if not 1 <= hours <= 12:  # noqa: PLR2004 - a clock of two halves
            raise ValueError(hour)
        hours = hours % 12 + (12 if half.upper() == "PM" else 0)
    # By digits: a fraction in binary may end a microsecond before.
    microseconds = int(f"{(fraction or '.')[1:]}000000"[:6])
    # In UTC, without a zone, as v1's columns had them.
    clock = (hours, int(minute or 0), int(second or 0), microseconds)
    found = datetime(year, month, day, *clock, tzinfo=None)  # noqa: DTZ001 - see above
    if zone is None or zone.upper() == "Z":
        return found
    offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
    return found - offset if zone[0] == "+" else found + offset


def naive(moment: datetime) -> datetime:
    """A moment in UTC, without a zone, as v1's columns had them."""
    if moment.tzinfo is None:
        return moment
    return moment.astimezone(timezone.utc).replace(tzinfo=None)


_BY_FORMAT: Dict[str, Callable[[str], Optional[datetime]]] = {
    ISO: _iso,
    MONTH_FIRST: _month_first,
    DAY_FIRST: _day_first,
    BY_NAME: _by_name,
}
