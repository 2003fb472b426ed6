"""Columns from paths: `{name}` is a piece of one, `{name:yyyy/MM/dd}` a date that it spells.

A format describes the path from its first key to the path's end; `*` stands for anything, `{{` and
`}}` for braces.
"""

import re
from datetime import MAXYEAR, datetime, timedelta
from typing import Any, Dict, List, Match, Optional, Pattern
from urllib.parse import quote, unquote

_DATE_PARTS = {
    "yyyy": r"(?P<year>\d{4})",
    "MM": r"(?P<month>\d{2})",
    "dd": r"(?P<day>\d{2})",
    "HH": r"(?P<hour>\d{2})",
    "mm": r"(?P<minute>\d{2})",
    "ss": r"(?P<second>\d{2})",
}
_UNITS = (
    ("yyyy", "year"),
    ("MM", "month"),
    ("dd", "day"),
    ("HH", "hour"),
    ("mm", "minute"),
    ("ss", "second"),
)
_TOKEN = re.compile(r"\{\{|\}\}|\{[^{}]*\}|\*|[{}]|[^{}*]+")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_RESERVED = ("Path",)
ANYTHING = "*"
# As Hive and Spark call the folder of records without a value.
_NOTHING = "__HIVE_DEFAULT_PARTITION__"
_PARTS = (("year", 1), ("month", 1), ("day", 1), ("hour", 0), ("minute", 0), ("second", 0))


class PartitionFormat:
    """A partition format.

    Args:
        text: The format.

    Raises:
        ValueError: It makes no sense; the message names it.

    Attributes:
        keys: Names of the keys that are texts.
        date: Name of the key that is a date; None where there is none.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.keys: List[str] = []
        self.date: Optional[str] = None
        self._unit = ""
        self._pattern = self._made(text)

    @property
    def names(self) -> List[str]:
        """Names of all keys."""
        return [*self.keys, *([] if self.date is None else [self.date])]

    def values(self, path: str) -> Dict[str, Any]:
        """The columns that a path spells: texts first, then the date.

        Raises:
            ValueError: The path does not fit.
        """
        found = self._fit(path)
        if found is None:
            raise ValueError(f"{path!r} does not fit the partition_format {self.text!r}")
        values: Dict[str, Any] = {key: found.group(f"key_{key}") for key in self.keys}
        if self.date is not None:
            values[self.date] = _moment(found.groupdict(), path, self.text)
        return values

    def end(self, begin: datetime) -> datetime:
        """The time at which the year, the month, … ends that begins at a path's date."""
        try:
            if self._unit == "year":
                return begin.replace(year=begin.year + 1)
            if self._unit == "month":
                # The 28th is in every month, and four days later is in the next.
                return (begin.replace(day=28) + timedelta(days=4)).replace(day=1)
            return begin + timedelta(**{f"{self._unit}s": 1})
        except (ValueError, OverflowError):
            # Nothing comes after it.
            return begin.replace(year=MAXYEAR, month=12, day=31, hour=23, minute=59, second=59)

    def _fit(self, path: str) -> Optional[Match[str]]:
        # From the right: where a star may stand for folders, a beginning further left fits as well,
        # and its keys would be those of the folder above.
        begins = [place for place, letter in enumerate(path) if letter == "/"]
        found = (self._pattern.match(path, place) for place in (*reversed(begins), 0))
        return next((each for each in found if each is not None), None)

    def _made(self, text: str) -> Pattern[str]:
        tokens = _TOKEN.findall(text)
        begin = next((n for n, each in enumerate(tokens) if _is_key(each)), None)
        if begin is None:
            raise ValueError(f"the partition_format {text!r} has no key, such as {{year}}")
        # Before the first key it says nothing: paths are searched from there to their end.
        before = (
            tokens[begin - 1].rpartition("/")[2] if begin and tokens[begin - 1] != ANYTHING else ""
        )
        parts = [self._token(token) for token in tokens[begin:]]
        return re.compile(f"(?:^|/){re.escape(before)}{''.join(parts)}$")

    def _token(self, token: str) -> str:
        if token in ("{{", "}}"):
            return re.escape(token[0])
        if token == ANYTHING:
            return ".*"
        if not token.startswith(("{", "}")):
            return re.escape(token)
        if not _is_key(token):
            raise ValueError(f"the braces of the partition_format {self.text!r} do not match")
        return self._key(token[1:-1])

    def _key(self, key: str) -> str:
        name, colon, date = key.partition(":")
        if _NAME.fullmatch(name) is None or name in _RESERVED:
            raise ValueError(f"{name!r} cannot be a key of the partition_format {self.text!r}")
        if name in (*self.keys, self.date):
            raise ValueError(f"the partition_format {self.text!r} has the key {name!r} twice")
        if not colon:
            self.keys.append(name)
            return rf"(?P<key_{name}>[^./\\]+)"
        if self.date is not None:
            raise ValueError(f"the partition_format {self.text!r} has two dates")
        if "yyyy" not in date:
            raise ValueError(f"the date of the partition_format {self.text!r} has no year (yyyy)")
        self.date = name
        # The parts come in any order, so the finest of them is what counts.
        self._unit = [unit for part, unit in _UNITS if part in date][-1]
        return _date_pattern(date)


def segment(value: Any) -> str:
    """The folder of records that have a value: what no key could read stands there quoted."""
    text = "" if value is None else str(value)
    return quote(text, safe=" ").replace(".", "%2E") or _NOTHING


def spelt(value: Any) -> Optional[str]:
    """The value of a key as a text, of what a path has in its place; None for no value."""
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    return None if value == _NOTHING else unquote(str(value))


def _is_key(token: str) -> bool:
    return len(token) > 1 and token[0] == "{" and token[-1] == "}"


def _date_pattern(date: str) -> str:
    found, place = "", 0
    while place < len(date):
        part = next((each for each in _DATE_PARTS if date.startswith(each, place)), None)
        found += re.escape(date[place]) if part is None else _DATE_PARTS[part]
        place += 1 if part is None else len(part)
    return found


def _moment(found: Dict[str, Any], path: str, text: str) -> datetime:
    parts = [str(found.get(name) or least) for name, least in _PARTS]
    try:
        # Without a zone, as a column of dates.
        return datetime.strptime(" ".join(parts), "%Y %m %d %H %M %S")  # noqa: DTZ007 - see above
    except ValueError:
        raise ValueError(
            f"{path!r} spells no date, as the partition_format {text!r} says"
        ) from None
