"""SQLite: a file of the state folder, which one process alone serves."""

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.pool import QueuePool

from runyard.protocol.errors import InternalError, StorageFull, TemporaryError
from runyard_server.store.database import Database
from runyard_server.store.migrations import prepare

# As SQLite says it of a file whose pages make no sense.
_DAMAGED = ("malformed", "is not a database")
_LOCKED = "database is locked"
_BUSY_MILLISECONDS = 10_000
# On a connection: its transactions are to write.
_WRITES = "writes"


class SQLite(Database):
    """A database in a file.

    Args:
        url: SQLAlchemy's URL of it.

    Raises:
        InvalidRequest: It was made by a newer program.
        InternalError: It is damaged.
    """

    def __init__(self, url: str) -> None:
        self.engine = create_engine(url, poolclass=QueuePool, pool_size=8, max_overflow=56)
        event.listen(self.engine, "connect", _tune)
        event.listen(self.engine, "begin", _begin)
        try:
            prepare(self.engine)
        except DatabaseError as error:
            raise self.translated(error) from error

    def writer(self, present: Connection | None) -> Connection:
        """One connection for its life: prepared statements and page cache stay warm."""
        if present is not None:
            return present
        return self.engine.connect().execution_options(**{_WRITES: True})

    def is_usable(self, idle: Connection) -> bool:
        """A file's connection always can."""
        return not idle.closed

    def is_lost(self, connection: Connection) -> bool:
        """SQLite gives a transaction up on a full disk."""
        driver: Any = connection.connection.dbapi_connection
        return not driver.in_transaction

    def translated(self, error: Exception) -> Exception:
        """A full disk, a damaged file and one that others write to are told with what to do."""
        # The begin of a transaction is the driver's own call, and so is its error.
        said = str(getattr(error, "orig", error))
        is_refusal = isinstance(error, (OperationalError, sqlite3.OperationalError))
        if is_refusal and "full" in said.lower():
            return StorageFull(
                "no space is left for the service's database; free some and try again"
            )
        if isinstance(error, DatabaseError) and any(word in said for word in _DAMAGED):
            return InternalError(
                f"the service's database is damaged ({error.orig}): stop the service, put a copy "
                "of the state folder in its place, and start it again; the next start says more"
            )
        if is_refusal and _LOCKED in said:
            # Whoever asks again may have it; to a scheduler another error would be the run's end.
            return TemporaryError(
                f"another program has been writing to the service's database for "
                f"{_BUSY_MILLISECONDS / 1000:g} s; end it, or try again"
            )
        return error


def sqlite_url(path: Path) -> str:
    """The URL of an SQLite file."""
    return f"sqlite:///{path}"


def _tune(connection: Any, _record: Any) -> None:
    """Set SQLite up: write-ahead log, synced at each commit, transactions begun by us."""
    # sqlite3 would commit by itself before some statements.
    connection.isolation_level = None
    # Deterministic: SQLite may work it out once for a constant, and not for each row.
    connection.create_function("lowercase", 1, _lowercase, deterministic=True)
    for pragma in (
        "journal_mode=WAL",
        # In WAL mode NORMAL would lose acknowledged writes at a power cut.
        "synchronous=FULL",
        f"busy_timeout={_BUSY_MILLISECONDS}",
        "temp_store=MEMORY",
        # Negative counts kilobytes, for each connection.
        "cache_size=-8000",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    """Begin a transaction, which sqlite3 by itself does only before the first write."""
    driver: Any = connection.connection.dbapi_connection
    # IMMEDIATE would have readers wait for the writer. The writer needs it: a transaction that has
    # read before it writes is refused at once, without any waiting, if another process wrote since.
    writes = connection.get_execution_options().get(_WRITES)
    driver.execute("BEGIN IMMEDIATE" if writes else "BEGIN")


def _lowercase(value: Any) -> str | None:
    return None if value is None else str(value).lower()
