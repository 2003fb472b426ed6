"""Functions of SQL that searches need and SQLite lacks; every connection gets them.

SQLite's own LIKE takes case for equal, of ASCII alone, and its GLOB has other signs, so patterns
are made into those of GLOB.
"""

import math
import re
from typing import Any

from sqlalchemy import ColumnElement, LargeBinary, String, and_, case, cast, func
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

_PLAIN = re.compile(r"\\([%_\\])|([%_])|([*?\[])|(.)", re.DOTALL)
_BEGIN = re.compile(r"[^%_\\]*")
_SIGNS = {"%": "*", "_": "?"}
_ANY = {"%": ".*", "_": "."}
# The last code point: no text that begins as a pattern does comes behind it.
_BEHIND_ALL = "\U0010ffff"


def register(connection: Any) -> None:
    """Add the functions to a connection of sqlite3."""
    # Deterministic: SQLite may work it out once for a constant, and not for each row.
    connection.create_function("lowercase", 1, _lowercase, deterministic=True)


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


class Unindexed(FunctionElement[Any]):
    """A column, of which no index is taken to be the way to its rows."""

    # Without it SQLAlchemy would compile every statement that has one anew.
    inherit_cache = True

    def __init__(self, column: ColumnElement[Any]) -> None:
        super().__init__(column)
        self.type = column.type


@compiles(Unindexed)
def _plain(element: Unindexed, compiler: Any, **options: Any) -> str:
    return str(compiler.process(element.clauses, **options))


@compiles(Unindexed, "sqlite")
def _with_plus(element: Unindexed, compiler: Any, **options: Any) -> str:
    # SQLite's documented way: a term with a unary plus is never taken for an index.
    return f"+{compiler.process(element.clauses, **options)}"


def begin_of(pattern: str) -> str:
    """How every text begins that fits a pattern of LIKE."""
    found = _BEGIN.match(pattern)
    return "" if found is None else found.group()


def like(column: ColumnElement[Any], pattern: str) -> ColumnElement[bool]:
    """The condition that a column fits a pattern of LIKE, letter by letter.

    How the pattern begins is a range besides, which an index serves.
    """
    fits = column.op("GLOB", is_comparison=True)(_glob(pattern))
    return and_(begins(column, pattern), fits) if begin_of(pattern) else fits


def begins(column: ColumnElement[Any], pattern: str) -> ColumnElement[bool]:
    """The condition that a column begins as a pattern of LIKE does, which has a beginning."""
    begin = begin_of(pattern)
    return and_(column >= begin, column < begin + _BEHIND_ALL)


def ilike(column: ColumnElement[Any], pattern: str) -> ColumnElement[bool]:
    """The condition that a column fits a pattern of ILIKE: upper and lower case are one.

    Python makes the letters small, which is five times as slow as all the rest, so texts of ASCII
    alone are compared by SQLite's own LIKE.
    """
    small = pattern.lower()
    lower = func.lowercase(column, type_=String)
    whole = lower.op("GLOB", is_comparison=True)(_glob(small))
    # As many bytes as letters.
    is_ascii = func.length(column) == func.length(cast(column, LargeBinary))
    return case((is_ascii, column.like(_escaped(small), escape="\\")), else_=whole)


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


def _lowercase(value: Any) -> str | None:
    return None if value is None else str(value).lower()


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
