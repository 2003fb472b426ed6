"""Reads rows by many keys at once, by statements that are compiled once.

An IN has as many parameters as there are keys, so SQLAlchemy writes such a statement anew for each
execution: half a millisecond for a hundred keys, of which a page of runs needs six. Here there is a
statement for each of a few sizes, and the parameters that are left over get the last key once more,
which finds nothing twice.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, bindparam

from runyard_server.store.expressions import Unindexed
from runyard_server.store.prepared import Prepared, Row

# Together below 999, by which some builds of SQLite bound the parameters of a statement.
_KEYS = (1, 10, 100, 500)
_NAMES = (1, 4, 16, 64, 256)
# Parameters: to write their names anew each time took as long as SQLite took to begin.
_OF_KEYS = [f"k{place}" for place in range(_KEYS[-1])]
_OF_NAMES = [f"n{place}" for place in range(_NAMES[-1])]


class Keyed:
    """A SELECT of the rows that have one of some keys, and perhaps one of some names.

    Args:
        statement: What is read, without the condition on keys; it has no parameters.
        key: The column of keys.
        name: The column of names; None where rows have none.
    """

    __slots__ = ("_key", "_made", "_name", "_statement")

    def __init__(
        self,
        statement: Select[*tuple[Any, ...]],
        key: ColumnElement[int],
        name: ColumnElement[str] | None = None,
    ) -> None:
        self._statement = statement
        self._key = key
        self._name = name
        self._made: dict[tuple[int, int], Prepared] = {}

    def rows(
        self, connection: Connection, keys: Sequence[int], names: Sequence[str] | None = None
    ) -> list[Row]:
        """The rows of these keys; those of one key are together, in the order of the statement.

        Args:
            connection: The transaction's connection.
            keys: The keys, none twice.
            names: Only these names; None for all.
        """
        found: list[Row] = []
        for some in _pieces(keys, _KEYS):
            if names is None:
                found += self._read(connection, some, [])
                continue
            for few in _pieces(names, _NAMES):
                found += self._read(connection, some, few)
        return found

    def _read(self, connection: Connection, keys: list[Any], names: list[Any]) -> list[Row]:
        sizes = len(keys), len(names)
        prepared = self._made.get(sizes)
        if prepared is None:
            prepared = self._made[sizes] = self._prepared(*sizes)
        values = dict(zip(_OF_KEYS, keys, strict=False))
        values.update(zip(_OF_NAMES, names, strict=False))
        return prepared.rows(connection, values)

    def _prepared(self, keys: int, names: int) -> Prepared:
        among = self._key.in_([bindparam(name) for name in _OF_KEYS[:keys]])
        statement = self._statement.where(among)
        if names:
            assert self._name is not None
            # Else SQLite goes by an index that begins with the name, whose rows may be a million.
            called = Unindexed(self._name).in_([bindparam(name) for name in _OF_NAMES[:names]])
            statement = statement.where(called)
        return Prepared(statement)


def _pieces(values: Sequence[Any], sizes: Sequence[int]) -> Iterator[list[Any]]:
    """Cut into pieces, each of which has one of the sizes; the last value fills up the last one."""
    most = sizes[-1]
    for start in range(0, len(values), most):
        piece = list(values[start : start + most])
        size = next(size for size in sizes if size >= len(piece))
        yield piece + piece[-1:] * (size - len(piece))
