"""Copies all records of an SQLite file into an empty PostgreSQL database, in one transaction.

Rows go as the driver has them through PostgreSQL's COPY, which takes tens of thousands a second.
The counts are compared before the commit, and numbers that the database gives go on behind those
that are there.
"""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, func, select
from sqlalchemy.schema import Column

from runyard.protocol.errors import InternalError, InvalidRequest
from runyard_server.store.postgresql import PostgreSQL
from runyard_server.store.schema import metadata, schema_version
from runyard_server.store.sqlite import SQLite, sqlite_url

_AT_ONCE = 2000


def copy(file: Path, url: str, told: Callable[[str, int], None]) -> dict[str, int]:
    """Copy all tables.

    Args:
        file: The SQLite file; nobody has it open. It is brought to this program's schema first.
        url: The PostgreSQL database; no service serves it, and it has no records.
        told: Called after each table with its name and how many rows it has.

    Returns:
        The rows of each table, by name.

    Raises:
        InvalidRequest: There is nothing to copy, or the database has records already.
        TemporaryError: A service process serves the database.
        InternalError: A count differs; nothing was copied.
    """
    if not file.exists() or not file.stat().st_size:
        raise InvalidRequest(f"there is no database {file}: nothing to copy")
    SQLite(sqlite_url(file)).close()
    target = PostgreSQL(url)
    try:
        # The lock of who writes: a service that starts meanwhile follows, and sees nothing half.
        with closing(target.writer(None)) as connection:
            with connection.begin():
                counts = _copied(connection, file, told)
            with connection.begin():
                # Before the first searches, for a table that was empty has no statistics.
                connection.exec_driver_sql("ANALYZE")
    finally:
        target.close()
    return counts


def _copied(connection: Connection, file: Path, told: Callable[[str, int], None]) -> dict[str, int]:
    tables = [each for each in metadata.sorted_tables if each is not schema_version]
    full = [each.name for each in tables if connection.execute(select(each).limit(1)).first()]
    if full:
        raise InvalidRequest(
            f"the PostgreSQL database has records already ({', '.join(full[:5])}); copy into an "
            "empty one"
        )
    counts = {}
    with closing(sqlite3.connect(file)) as source:
        for table in tables:
            counts[table.name] = _copy_table(connection, source, table)
            told(table.name, counts[table.name])
    return counts


def _copy_table(connection: Connection, source: sqlite3.Connection, table: Table) -> int:
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    found = source.execute(f'SELECT {names} FROM "{table.name}"')  # noqa: S608 - our own names
    driver: Any = connection.connection.dbapi_connection
    with driver.cursor() as cursor, cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN') as to:
        while rows := found.fetchmany(_AT_ONCE):
            for row in rows:
                to.write_row(row)
    (there,) = source.execute(f'SELECT count(*) FROM "{table.name}"').fetchone()  # noqa: S608
    here = connection.execute(select(func.count()).select_from(table)).scalar_one()
    if here != there:
        raise InternalError(
            f"{table.name} has {there} rows, and {here} arrived: nothing was copied"
        )
    for column in table.columns:
        if column is table.autoincrement_column:
            _go_on_behind(connection, source, column)
    return int(here)


def _go_on_behind(connection: Connection, source: sqlite3.Connection, column: Column[Any]) -> None:
    """Have the numbers that the database gives go on behind the largest ever given."""
    name = column.table.name
    last = connection.execute(select(func.max(column))).scalar() or 0
    # Of a table that gives no number twice SQLite keeps the largest, also of rows that are gone.
    given = "SELECT seq FROM sqlite_sequence WHERE name = ?"
    kept = source.execute(given, (name,)).fetchone()
    last = max(last, kept[0] if kept else 0)
    if last:
        sequence = func.pg_get_serial_sequence(f'"{name}"', column.name)
        connection.execute(select(func.setval(sequence, last)))
