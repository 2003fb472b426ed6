"""What patterns and numbers in texts mean, in SQL and in Python alike.

SQLite's own LIKE takes case for equal, of ASCII alone, and its GLOB has other signs, so patterns
are made into those of GLOB for it.
"""

import math
import re
from typing import Any

from sqlalchemy import ColumnElement, and_

from runyard_server.store.expressions import INDEXED_LETTERS, Fits, FitsLoosely

_PLAIN = re.compile(r"\\([%_\\])|([%_])|([*?\[])|(.)", re.DOTALL)
_BEGIN = re.compile(r"[^%_\\]*")
_SIGNS = {"%": "*", "_": "?"}
_ANY = {"%": ".*", "_": "."}
# The last code point: no text that begins as a pattern does comes behind it.
_BEHIND_ALL = "\U0010ffff"


def as_number(value: Any) -> float | None:
    """The finite number that a text spells, else None."""
    # Python reads 2020_11 as a number, and to everybody else it is a text.
    if value is None or "_" in str(value):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def begin_of(pattern: str) -> str:
    """How every text begins that fits a pattern of LIKE, as far as indexes have texts."""
    found = _BEGIN.match(pattern)
    return "" if found is None else found.group()[: INDEXED_LETTERS - 1]


def like(column: ColumnElement[Any], pattern: str) -> ColumnElement[bool]:
    """The condition that a column fits a pattern of LIKE, letter by letter.

    How the pattern begins is a range besides, which an index serves.
    """
    fits = Fits(column, _glob(pattern), _escaped(pattern))
    return and_(begins(column, pattern), fits) if begin_of(pattern) else fits


def begins(column: ColumnElement[Any], pattern: str) -> ColumnElement[bool]:
    """The condition that a column begins as a pattern of LIKE does, which has a beginning."""
    begin = begin_of(pattern)
    return and_(column >= begin, column < begin + _BEHIND_ALL)


def ilike(column: ColumnElement[Any], pattern: str) -> ColumnElement[bool]:
    """The condition that a column fits a pattern of ILIKE: upper and lower case are one."""
    small = pattern.lower()
    return FitsLoosely(column, _glob(small), _escaped(small))


def matches(pattern: str, text: str, *, small: bool) -> bool:
    """Whether a text fits a pattern of LIKE.

    Args:
        pattern: The pattern.
        text: The text.
        small: Whether upper and lower case are one, as for ILIKE.
    """
    if small:
        pattern, text = pattern.lower(), text.lower()

    def one(found: re.Match[str]) -> str:
        plain, sign, own, other = found.groups()
        return _ANY[sign] if sign else re.escape(str(plain or own or other))

    return re.fullmatch(_PLAIN.sub(one, pattern), text, re.DOTALL) is not None


def _escaped(pattern: str) -> str:
    r"""The same pattern where a backslash before any letter would make it plain: `\\` for one."""
    return _PLAIN.sub(lambda found: found.group() if found[0] != "\\" else "\\\\", pattern)


def _glob(pattern: str) -> str:
    """Translate a pattern of LIKE: `%` is `*`, `_` is `?`, and GLOB's own signs are plain."""

    def one(found: re.Match[str]) -> str:
        plain, sign, own, other = found.groups()
        if sign:
            return _SIGNS[sign]
        if own:
            return f"[{own}]"
        return str(plain or other)

    return _PLAIN.sub(one, pattern)
