"""Columns from paths: `{name}` is a piece of one, `{name:yyyy/MM/dd}` a date that it spells.

A format describes the path from its first key to the path's end; `*` stands for anything, `{{` and
`}}` for braces.
"""

import re
from datetime import datetime
from typing import Any, Dict, List, Optional, Pattern

_DATE_PARTS = {
    "yyyy": r"(?P<year>\d{4})",
    "MM": r"(?P<month>\d{2})",
    "dd": r"(?P<day>\d{2})",
    "HH": r"(?P<hour>\d{2})",
    "mm": r"(?P<minute>\d{2})",
    "ss": r"(?P<second>\d{2})",
}
_TOKEN = re.compile(r"\{\{|\}\}|\{[^{}]*\}|\*|[{}]|[^{}*]+")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_RESERVED = ("Path",)
ANYTHING = "*"
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
        self._pattern = self._made(text)

    def values(self, path: str) -> Dict[str, Any]:
        """The columns that a path spells: texts first, then the date.

        Raises:
            ValueError: The path does not fit.
        """
        found = self._pattern.search(path)
        if found is None:
            raise ValueError(f"{path!r} does not fit the partition_format {self.text!r}")
        values: Dict[str, Any] = {key: found.group(f"key_{key}") for key in self.keys}
        if self.date is not None:
            values[self.date] = _moment(found.groupdict(), path, self.text)
        return values

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
        return _date_pattern(date)


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
