"""The door to the database: reads from any thread, writes through one thread.

SQLite allows one writer, so all writes go through one thread. It takes every write that waits,
runs each inside a savepoint of its own, and commits them together: one `fsync` serves many
(group commit). `write` returns once its change is on disk.
"""

import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.pool import QueuePool

from runyard.protocol.errors import InternalError, StorageFull, TemporaryError
from runyard_server.store import functions
from runyard_server.store.migrations import prepare

__all__ = ["Connection", "Records", "sqlite_url"]

Result = TypeVar("Result")

# The first write of a batch waits for its last one, so there is an end to it.
BATCH = 256
# Each has a cache of up to 8 MB, so those beyond are closed after use.
READERS = 8
# As SQLite says it of a file whose pages make no sense.
_DAMAGED = ("malformed", "is not a database")


class Records:
    """One database of records.

    Args:
        url: SQLAlchemy URL.

    Raises:
        StorageFull: From `write`, when no space is left; nothing of that write is kept.
        TemporaryError: From `write`, once the database is closed.
    """

    def __init__(self, url: str) -> None:
        self._engine = _engine(url)
        try:
            prepare(self._engine)
        except DatabaseError as error:
            raise _translated(error) from error
        # Appended to and popped from by any thread, which lists allow without a lock.
        self._free: list[Connection] = []
        self._waiting: queue.SimpleQueue[_Write | None] = queue.SimpleQueue()
        self._door = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._serve, name="records-writer", daemon=True)
        self._thread.start()

    def read(self, work: Callable[[Connection], Result]) -> Result:
        """Run `work` on a connection of its own; what it sees is one moment's state."""
        try:
            with self._reader() as connection:
                return work(connection)
        except DatabaseError as error:
            raise _translated(error) from error

    @contextmanager
    def _reader(self) -> Iterator[Connection]:
        """A connection in a transaction of its own: the one that was free last, so still warm."""
        try:
            connection = self._free.pop()
        except IndexError:
            connection = self._engine.connect()
        try:
            with connection.begin() as transaction:
                yield connection
                transaction.rollback()
        except BaseException:
            # Whatever is wrong may be wrong with the connection.
            connection.close()
            raise
        if len(self._free) < READERS and not self._closed:
            self._free.append(connection)
        else:
            connection.close()

    def write(self, work: Callable[[Connection], Result]) -> Result:
        """Run `work` in the writer; return its result once it is on disk, raise what it raises."""
        write = _Write(work)
        # Without the lock a write could be queued behind the last one and wait for ever.
        with self._door:
            if self._closed:
                raise TemporaryError("the service is stopping; try again when it is back")
            self._waiting.put(write)
        result: Result = write.done.result()
        return result

    def close(self) -> None:
        """Finish what waits and close the database; closing again does nothing."""
        with self._door:
            if self._closed:
                return
            self._closed = True
            self._waiting.put(None)
        self._thread.join()
        while self._free:
            self._free.pop().close()
        self._engine.dispose()

    def _serve(self) -> None:
        # One connection for its life: prepared statements and page cache stay warm.
        with self._engine.connect() as connection:
            while True:
                batch = [self._waiting.get()]
                # Nothing is waited for: what came during the last sync is the batch.
                with suppress(queue.Empty):
                    while len(batch) < BATCH and batch[-1] is not None:
                        batch.append(self._waiting.get_nowait())
                writes = [write for write in batch if write is not None]
                if writes:
                    _commit(connection, writes)
                if batch[-1] is None:
                    return


class _Write:
    """A write that waits for its turn."""

    def __init__(self, work: Callable[[Connection], Any]) -> None:
        self.work = work
        self.done: Future[Any] = Future()


def _commit(connection: Connection, writes: list[_Write]) -> None:
    """Run a batch in one transaction; a write that fails takes only itself back."""
    results: list[tuple[_Write, Any]] = []
    try:
        with connection.begin():
            for write in writes:
                try:
                    with _apart(connection, alone=len(writes) == 1):
                        results.append((write, write.work(connection)))
                except Exception as error:
                    write.done.set_exception(_translated(error))
                    if len(writes) == 1 or _is_lost(connection):
                        raise
    except Exception as error:  # noqa: BLE001 - nothing was kept: everyone in it must know
        for write in writes:
            if not write.done.done():
                write.done.set_exception(_translated(error))
        return
    # Only now: a caller may tell its client, and after a power cut it must still be true.
    for write, result in results:
        write.done.set_result(result)


@contextmanager
def _apart(connection: Connection, *, alone: bool) -> Iterator[None]:
    """Run a write so that it alone can be taken back; by itself it is its transaction."""
    if alone:
        yield
        return
    # The driver's own calls: SQLAlchemy's nested transactions take three times as long.
    connection.exec_driver_sql("SAVEPOINT one_write")
    try:
        yield
    except BaseException:
        # ROLLBACK TO leaves the savepoint open, so it is released as well.
        if not _is_lost(connection):
            connection.exec_driver_sql("ROLLBACK TO SAVEPOINT one_write")
            connection.exec_driver_sql("RELEASE SAVEPOINT one_write")
        raise
    connection.exec_driver_sql("RELEASE SAVEPOINT one_write")


def _is_lost(connection: Connection) -> bool:
    """Whether the database has given up the whole transaction: SQLite does on a full disk."""
    driver: Any = connection.connection.dbapi_connection
    return connection.dialect.name == "sqlite" and not driver.in_transaction


def _translated(error: Exception) -> Exception:
    if isinstance(error, OperationalError) and "full" in str(error.orig).lower():
        return StorageFull("no space is left for the service's database; free some and try again")
    if isinstance(error, DatabaseError) and any(word in str(error.orig) for word in _DAMAGED):
        return InternalError(
            f"the service's database is damaged ({error.orig}): stop the service, put a copy of "
            "the state folder in its place, and start it again; the next start says more"
        )
    return error


def _engine(url: str) -> Engine:
    engine = create_engine(url, poolclass=QueuePool, pool_size=8, max_overflow=56)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _tune)
        event.listen(engine, "begin", _begin)
    return engine


def _tune(connection: Any, _record: Any) -> None:
    """Set SQLite up: write-ahead log, synced at each commit, transactions begun by us."""
    # sqlite3 would commit by itself before some statements.
    connection.isolation_level = None
    functions.register(connection)
    for pragma in (
        "journal_mode=WAL",
        # In WAL mode NORMAL would lose acknowledged writes at a power cut.
        "synchronous=FULL",
        "busy_timeout=10000",
        "temp_store=MEMORY",
        # Negative counts kilobytes, for each connection.
        "cache_size=-8000",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    """Begin a transaction, which sqlite3 by itself does only before the first write."""
    driver: Any = connection.connection.dbapi_connection
    # Deferred, for this is of readers too: IMMEDIATE would have them wait for the writer.
    driver.execute("BEGIN")


def sqlite_url(path: Path) -> str:
    """The URL of an SQLite file."""
    return f"sqlite:///{path}"
