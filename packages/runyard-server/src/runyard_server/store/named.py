"""Named values of runs and models: tags, properties, parameters, each a table of its own.

Beside its text a value is kept as the number it spells, if it spells one, so that searches compare
and order by numbers.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import msgspec
from sqlalchemy import Connection, Table, bindparam, delete, insert, select

from runyard_server.store.expressions import Gathered
from runyard_server.store.functions import as_number
from runyard_server.store.keyed import Keyed
from runyard_server.store.prepared import Prepared

_OBJECT = msgspec.json.Decoder(dict[str, str | None])


def read(
    connection: Connection, table: Table, keys: Sequence[int], names: Sequence[str] | None = None
) -> dict[int, dict[str, Any]]:
    """The values of several owners, by key and name.

    Args:
        connection: The database.
        table: A table of named values.
        keys: The owners.
        names: Only these names; None for all.
    """
    result: dict[int, dict[str, Any]] = {key: {} for key in keys}
    for key, found in _values_of(table).rows(connection, keys, names):
        result[key].update(_OBJECT.decode(found))
    return result


def add(connection: Connection, table: Table, key: int, given: Mapping[str, str | None]) -> None:
    """Add values of names that the owner does not have yet.

    Args:
        connection: The transaction's connection.
        table: Which table of names and values.
        key: Key of the owner's row.
        given: Value by name.
    """
    if given:
        owner = _owner(table).name
        rows = [
            {owner: key, "name": name, "value": value, "number": as_number(value)}
            for name, value in given.items()
        ]
        _add_to(table).run_many(connection, rows)


def put(connection: Connection, table: Table, key: int, given: Mapping[str, str | None]) -> None:
    """Set values; a name that is there takes the new one.

    Args:
        connection: The transaction's connection.
        table: Which table of names and values.
        key: Key of the owner's row.
        given: Value by name.
    """
    remove(connection, table, key, list(given))
    add(connection, table, key, given)


def remove(connection: Connection, table: Table, key: int, names: Sequence[str]) -> None:
    """Remove names; those that the owner does not have are passed over.

    Args:
        connection: The transaction's connection.
        table: Which table of names and values.
        key: Key of the owner's row.
        names: Which names.
    """
    several = [{"of_owner": key, "called": name} for name in names]
    _remove_from(table).run_many(connection, several)


def clear(connection: Connection, table: Table, key: int) -> None:
    """Remove all of an owner.

    Args:
        connection: The transaction's connection.
        table: Which table of names and values.
        key: Key of the owner's row.
    """
    connection.execute(delete(table).where(_owner(table) == key))


@cache
def _add_to(table: Table) -> Prepared:
    return Prepared(insert(table))


@cache
def _remove_from(table: Table) -> Prepared:
    mine = (_owner(table) == bindparam("of_owner"), table.c.name == bindparam("called"))
    return Prepared(delete(table).where(*mine))


@cache
def _values_of(table: Table) -> Keyed:
    owner = _owner(table)
    # An object of each owner: to fetch every value as a row of its own takes twice as long.
    found = Gathered(table.c.name, table.c.value)
    return Keyed(select(owner, found).group_by(owner), owner, table.c.name)


def _owner(table: Table) -> Any:
    """The column that says whose a value is: the first."""
    return table.columns[0]
