"""The door to the database: reads from any thread, writes through one thread.

The rules are made for one writer, so all writes go through one thread. It takes every write that
waits, runs each inside a savepoint of its own, and commits them together: one `fsync` serves many
(group commit). `write` returns once its change is on disk.
"""

import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from runyard.protocol.errors import TemporaryError
from runyard_server.store.database import Database
from runyard_server.store.sqlite import SQLite, sqlite_url

__all__ = ["Connection", "Records", "sqlite_url"]

Result = TypeVar("Result")

# The first write of a batch waits for its last one, so there is an end to it.
BATCH = 256
# Each has a cache of up to 8 MB, so those beyond are closed after use.
READERS = 8


class Records:
    """One database of records.

    Args:
        url: `sqlite:///<file>` or `postgresql://…`.

    Raises:
        InvalidRequest: The database cannot be used.
        StorageFull: From `write`, when no space is left; nothing of that write is kept.
        TemporaryError: From `write`, once the database is closed.
    """

    def __init__(self, url: str) -> None:
        self._database = _opened(url)
        self._engine = self._database.engine
        # Appended to and popped from by any thread, which lists allow without a lock.
        self._free: list[Connection] = []
        self._waiting: queue.SimpleQueue[_Write | None] = queue.SimpleQueue()
        self._door = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._serve, name="records-writer", daemon=True)
        self._thread.start()

    @property
    def is_shared(self) -> bool:
        """Whether other processes may serve the same database."""
        return self._database.is_shared

    @property
    def engine(self) -> Engine:
        """What makes connections, for what is not records."""
        return self._engine

    def read(self, work: Callable[[Connection], Result]) -> Result:
        """Run `work` on a connection of its own; what it sees is one moment's state."""
        try:
            with self._reader() as connection:
                return work(connection)
        except SQLAlchemyError as error:
            raise self._database.translated(error) from error

    @contextmanager
    def _reader(self) -> Iterator[Connection]:
        """A connection in a transaction of its own: the one that was free last, so still warm."""
        connection = self._idle() or self._database.reader(self._idle)
        try:
            with connection.begin() as transaction:
                yield connection
                transaction.rollback()
        except BaseException:
            # Whatever is wrong may be wrong with the connection.
            if not self._database.is_usable(connection):
                connection.invalidate()
            connection.close()
            raise
        if len(self._free) < READERS and not self._closed:
            self._free.append(connection)
        else:
            connection.close()
        if self._closed:
            # Who reads while all is closed would leave a session open in a pool that nobody has.
            self._engine.dispose()

    def _idle(self) -> Connection | None:
        """The connection that was free last, if the database still knows it."""
        while True:
            try:
                connection = self._free.pop()
            except IndexError:
                return None
            if self._database.is_usable(connection):
                return connection
            connection.invalidate()
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
        self._database.close()

    def _serve(self) -> None:
        connection: Connection | None = None
        is_last = False
        while not is_last:
            batch = [self._waiting.get()]
            # Nothing is waited for: what came during the last sync is the batch.
            with suppress(queue.Empty):
                while len(batch) < BATCH and batch[-1] is not None:
                    batch.append(self._waiting.get_nowait())
            is_last = batch[-1] is None
            connection = self._written([each for each in batch if each is not None], connection)
        if connection is not None:
            self._database.drop(connection)

    def _written(self, writes: "list[_Write]", connection: Connection | None) -> Connection | None:
        """Write a batch; give the connection to write the next with."""
        if not writes:
            return connection
        try:
            connection = self._database.writer(connection)
        except Exception as error:  # noqa: BLE001 - whatever it is, who waits must know
            for write in writes:
                write.done.set_exception(self._database.translated(error))
            return None
        _commit(self._database, connection, writes)
        return connection


class _Write:
    """A write that waits for its turn."""

    def __init__(self, work: Callable[[Connection], Any]) -> None:
        self.work = work
        self.done: Future[Any] = Future()


def _opened(url: str) -> Database:
    if url.startswith("sqlite:"):
        return SQLite(url)
    from runyard_server.store.postgresql import PostgreSQL

    return PostgreSQL(url)


def _commit(database: Database, connection: Connection, writes: list[_Write]) -> None:
    """Run a batch in one transaction; a write that fails takes only itself back."""
    results: list[tuple[_Write, Any]] = []
    try:
        with connection.begin():
            for write in writes:
                try:
                    with _apart(database, connection, alone=len(writes) == 1):
                        results.append((write, write.work(connection)))
                except Exception as error:
                    write.done.set_exception(database.translated(error))
                    if len(writes) == 1 or database.is_lost(connection):
                        raise
    except Exception as error:  # noqa: BLE001 - nothing was kept: everyone in it must know
        for write in writes:
            if not write.done.done():
                write.done.set_exception(database.translated(error))
        return
    # Only now: a caller may tell its client, and after a power cut it must still be true.
    for write, result in results:
        write.done.set_result(result)


@contextmanager
def _apart(database: Database, connection: Connection, *, alone: bool) -> Iterator[None]:
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
        if not database.is_lost(connection):
            connection.exec_driver_sql("ROLLBACK TO SAVEPOINT one_write")
            connection.exec_driver_sql("RELEASE SAVEPOINT one_write")
        raise
    connection.exec_driver_sql("RELEASE SAVEPOINT one_write")
