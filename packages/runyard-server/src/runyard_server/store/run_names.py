"""Which names some runs have: of their metrics, parameters, tags or properties."""

from collections.abc import Sequence
from functools import cache

from sqlalchemy import Connection, select

from runyard_server.store.keyed import Keyed
from runyard_server.store.nouns import RUNS


def of(connection: Connection, kind: str, keys: Sequence[int]) -> list[str]:
    """The different names of a kind that the runs of these keys have.

    Args:
        connection: The transaction's connection.
        kind: The kind of field, as filters name it.
        keys: Keys of the runs' rows.
    """
    return list(dict.fromkeys(name for (name,) in _names(kind).rows(connection, keys)))


@cache
def _names(kind: str) -> Keyed:
    side = RUNS.sides[kind]
    table = side.table
    only = [table.c[column] == value for column, value in (side.only or {}).items()]
    found = select(table.c.name).where(*only).distinct()
    return Keyed(found, table.c[side.owner])
