"""Functions of SQL that searches need and SQLite lacks; every connection gets them.

SQLite's own LIKE takes case for equal, of ASCII alone, and its GLOB has other signs, so patterns
are made into those of GLOB.
"""

import math
import re
from typing import Any

from sqlalchemy import ColumnElement, String, and_, func
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

_PLAIN = re.compile(r"\\([%_\\])|([%_])|([*?\[])|(.)", re.DOTALL)
_BEGIN = re.compile(r"[^%_\\]*")
_SIGNS = {"%": "*", "_": "?"}
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


def like(column: ColumnElement[Any], pattern: str) -> ColumnElement[bool]:
    """The condition that a column fits a pattern of LIKE, letter by letter.

    How the pattern begins is a range besides, which an index serves.
    """
    fits = column.op("GLOB", is_comparison=True)(_glob(pattern))
    begin = _BEGIN.match(pattern)
    if begin is None or not begin.group():
        return fits
    return and_(column >= begin.group(), column < begin.group() + _BEHIND_ALL, fits)


def ilike(column: ColumnElement[Any], pattern: str) -> ColumnElement[bool]:
    """The condition that a column fits a pattern of ILIKE: upper and lower case are one."""
    lower = func.lowercase(column, type_=String)
    return lower.op("GLOB", is_comparison=True)(_glob(pattern.lower()))


def _lowercase(value: Any) -> str | None:
    return None if value is None else str(value).lower()


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
