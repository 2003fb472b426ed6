"""Brings a database to the schema of this program when it is opened.

A new database gets all tables at once. An older one takes the steps of `store.versions`, through
Alembic, which is imported only then; an SQLite file is copied beside itself first. A newer one
is refused. All steps are one transaction: a migration that fails leaves the old schema.
"""

import logging
import pkgutil
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Index, insert, inspect, select, update
from sqlalchemy.engine import Dialect
from sqlalchemy.schema import CreateIndex, CreateTable, DDLElement

from runyard.protocol.errors import InternalError, InvalidRequest
from runyard_server.store import versions
from runyard_server.store.schema import SCHEMA_VERSION, metadata, schema_version

_log = logging.getLogger(__name__)

Step = tuple[str, Callable[[Any], None]]

_made: dict[type[Dialect], list[str]] = {}


def _anyhow(_connection: Connection) -> None:
    """Of a file nobody else can be at work: its service has claimed the state folder."""


def prepare(engine: Engine, alone: Callable[[Connection], None] = _anyhow) -> None:
    """Make, migrate or check the tables.

    Args:
        engine: The database.
        alone: Called in the transaction that migrates, before its first step; raises where others
            are at work on the database, whose program knows only the schema of before.

    Raises:
        InvalidRequest: The database was made by a newer program.
    """
    found = _version(engine)
    if found is None or found == SCHEMA_VERSION:
        return
    if found > SCHEMA_VERSION:
        raise InvalidRequest(
            f"the database has schema {found} and this program knows {SCHEMA_VERSION}; "
            "install the newer runyard-server again, or use another RUNYARD_HOME or database"
        )
    if not migrate(engine, found, steps(), alone):
        # Another process was faster; its program may be newer than this one.
        prepare(engine, alone)


def migrate(
    engine: Engine,
    found: str,
    known: list[Step],
    alone: Callable[[Connection], None] = _anyhow,
) -> bool:
    """Take the steps that come after schema `found`, all or none.

    Args:
        engine: The database.
        found: Its schema.
        known: All steps, in order.
        alone: See `prepare`.

    Returns:
        Whether they were taken; not where the schema is another one by now.

    Raises:
        InternalError: The steps do not lead to this program's schema.
    """
    path = [(version, upgrade) for version, upgrade in known if version > found]
    if not path or path[-1][0] != SCHEMA_VERSION:
        raise InternalError(f"no steps lead from schema {found} to {SCHEMA_VERSION}")
    begun = time.monotonic()
    # For whoever wonders why a start takes a minute: there may be millions of rows.
    _log.info("the database has schema %s: it is copied beside itself", found)
    _copy_beside(engine, found)
    with engine.begin() as connection:
        # What was found before is of another transaction: of two processes that start at once, the
        # second has waited here for the lock of the schema while the first took all the steps.
        if connection.execute(select(schema_version.c.version)).scalar_one() != found:
            return False
        alone(connection)
        operations = _operations(connection)
        for version, upgrade in path:
            _log.info("the database is brought to schema %s", version)
            upgrade(operations)
        connection.execute(update(schema_version).values(version=SCHEMA_VERSION))
    took = time.monotonic() - begun
    _log.info("the database has schema %s now, after %.1f s", SCHEMA_VERSION, took)
    return True


def steps() -> list[Step]:
    """Every step there is, in order."""
    names = sorted(module.name for module in pkgutil.iter_modules(versions.__path__))
    return [
        (name.removeprefix("v"), import_module(f"{versions.__name__}.{name}").upgrade)
        for name in names
    ]


def _version(engine: Engine) -> str | None:
    """The schema of a database; a new one gets its tables and None is the answer."""
    with engine.begin() as connection:
        if inspect(connection).has_table(schema_version.name):
            return str(connection.execute(select(schema_version.c.version)).scalar_one())
        # Not `create_all`, which asks after each table and puts each statement together anew.
        for statement in statements(connection.dialect):
            connection.exec_driver_sql(statement)
        connection.execute(insert(schema_version).values(version=SCHEMA_VERSION))
        return None


def statements(dialect: Dialect) -> list[str]:
    """What makes all tables of a new database; put together once for each kind of database."""
    kind = type(dialect)
    if kind not in _made:
        found: list[DDLElement] = []
        for table in metadata.sorted_tables:
            found.append(CreateTable(table))
            found += [CreateIndex(each) for each in sorted(table.indexes, key=_name)]
        _made[kind] = [str(each.compile(dialect=dialect)) for each in found]
    return _made[kind]


def _name(index: Index) -> str:
    return str(index.name)


def _operations(connection: Connection) -> Any:
    from alembic.operations import Operations
    from alembic.runtime.migration import MigrationContext

    return Operations(MigrationContext.configure(connection))


def _copy_beside(engine: Engine, found: str) -> None:
    """Keep a copy of an SQLite file as `<name>.schema-<found>`."""
    if engine.dialect.name != "sqlite" or not engine.url.database:
        return
    copy = Path(f"{engine.url.database}.schema-{found}")
    # By another name first: a copy that a kill cut short must not pass for one.
    temporary = copy.with_name(f"{copy.name}.part")
    temporary.unlink(missing_ok=True)
    # Not a copy of the file, which lacks what is in the write-ahead log; and past SQLAlchemy, which
    # begins a transaction, in which VACUUM is refused.
    driver = engine.raw_connection()
    try:
        driver.cursor().execute("VACUUM INTO ?", (str(temporary),))
    finally:
        driver.close()
    temporary.replace(copy)
