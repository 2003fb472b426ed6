"""PostgreSQL: a database of its own server, which several service processes may share.

One of them *leads*: it alone writes, for the rules are made for one writer. Who leads is decided by
a lock that belongs to the session of the writer's connection. So nobody writes who does not lead. A
process that dies or is cut off loses both in the same moment, and who waits for the lock has it.

All statements are made for walks along indexes, as SQLite takes them. PostgreSQL plans by
statistics, which are missing or old just when a table has grown, so it is told to do nothing else:
no table is read from end to end while an index serves.
"""

import re
import select as polling
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from sqlalchemy import URL, Connection, create_engine, event, make_url, select
from sqlalchemy.dialects import registry
from sqlalchemy.exc import (
    ArgumentError,
    DataError,
    DBAPIError,
    InvalidRequestError,
    NotSupportedError,
    ProgrammingError,
    SQLAlchemyError,
)
from sqlalchemy.exc import TimeoutError as NoneFree
from sqlalchemy.pool import QueuePool

from runyard.protocol.errors import (
    InternalError,
    InvalidRequest,
    RunyardError,
    StorageFull,
    TemporaryError,
)
from runyard_server.store import leader
from runyard_server.store.database import Database
from runyard_server.store.migrations import prepare
from runyard_server.store.schema import SCHEMA_VERSION, schema_version

# Of 100 that PostgreSQL has by default: three processes find room, and an administrator.
CONNECTIONS = 24
_KEPT = 4
# A server that is started again takes a second or two.
PATIENCE_SECONDS = 8.0
_PAUSE_SECONDS = 0.1
_LEADER, _SCHEMA = 0x72756E79617264, 0x72756E79617265
_WAIT_FOR_LEAD = "500ms"
_SETTINGS = {
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "max_parallel_workers_per_gather": "0",
    "jit": "off",
    # Of a walk along an index a page takes the first rows: what comes soonest is best.
    "cursor_tuple_fraction": "0",
    # As all but old databases have them: without the first a pattern's backslash is another one,
    # without the second a number comes back with fewer digits.
    "standard_conforming_strings": "on",
    "extra_float_digits": "1",
    # A leader whose machine is gone keeps no lock for longer. Keepalives alone do not see to that:
    # the kernel sends none while an answer is under way, and repeats that for a quarter of an hour.
    "tcp_keepalives_idle": "4",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "2",
    "tcp_user_timeout": "8000",
    "client_encoding": "UTF8",
}
# The same for this end, by libpq's names: a server that is gone without a word must not hold the
# writer, for which all requests wait. What the address says of these is stronger.
_LINE = {
    "connect_timeout": "5",
    "keepalives_idle": "4",
    "keepalives_interval": "2",
    "keepalives_count": "2",
    "tcp_user_timeout": "8000",
}
# What is not waited for at a start. libpq gives no SQLSTATE of a connection that was refused, only
# words, and a server that says them in another language is waited for, too.
_FOR_GOOD = re.compile(
    r"does not exist|authentication failed|no password supplied|pg_hba\.conf|not permitted"
    r"|permission denied|does not support SSL|certificate|invalid \w+ value|unrecognized"
)
_NONE_LEFT = re.compile(r"too many (connections|clients)|connection slots are reserved")
_NO_DATABASE = re.compile(r'database "[^"]*" does not exist')
_FULL = ("53100",)
_TOO_LONG = ("54000", "54011")
_TOO_LARGE = "22003"
_NO_LOCK = "55P03"
# Broken or refused connections, a server that stops, starts or has no room, a lost race.
_PASSING = ("08", "57", "53", "40")
# One that has become a replica, and a session that its administrator's time limits have ended.
_ENDED = ("25006", "25P03", "25P04")
_OURS = (DataError, ProgrammingError, NotSupportedError)
_NOT_ALLOWED = ("42501", "3F000")
# Its disk, its files, or what is in them.
_DAMAGED = ("58000", "58030", "58P01", "XX001", "XX002")


class PostgreSQL(Database):
    """A database of a PostgreSQL server.

    Args:
        url: `postgresql://user:password@host:port/database`, with libpq's parameters.

    Raises:
        InvalidRequest: It is not reached, or cannot be used.
    """

    is_shared = True

    def __init__(self, url: str) -> None:
        self._away: tuple[float, float] | None = None
        self._leading: Any = None
        self._name, self.engine = _engine(url)
        try:
            # Its own level: one that has waited for the lock must see what the other has made.
            changing = self.engine.execution_options(isolation_level="READ COMMITTED")
            event.listen(changing, "begin", _one_at_a_time)
            with self._reached() as connection:
                _check(connection, self._name)
            prepare(changing, self._alone)
            with changing.begin() as connection:
                leader.metadata.create_all(connection)
        except BaseException as error:
            self.close()
            if not isinstance(error, SQLAlchemyError):
                raise
            raise InvalidRequest(f"{self._name} cannot be used: {_why(error)}") from None

    def writer(self, present: Connection | None) -> Connection:
        """A connection that has the lock of who leads; made anew after the server has gone."""
        if present is not None:
            if self.is_usable(present):
                return present
            self.drop(present)
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return self._lead()
            except SQLAlchemyError as error:
                told = self.translated(error)
                if not isinstance(told, TemporaryError) or time.monotonic() > until:
                    raise told from error
            time.sleep(_PAUSE_SECONDS)

    def reader(self, idle: Callable[[], Connection | None]) -> Connection:
        """A new connection, waited for as writes wait; or one that becomes free here."""
        begun = time.monotonic()
        while True:
            try:
                made = self.engine.connect()
            except DBAPIError as error:
                is_full = _NONE_LEFT.search(str(error.orig)) is not None
                since = begun if is_full else self._away_since()
                is_passing = isinstance(self.translated(error), TemporaryError)
                if not is_passing or time.monotonic() > since + PATIENCE_SECONDS:
                    raise
            else:
                self._away = None
                return made
            # Refused at once, a client's script would end with a server that is started again.
            time.sleep(_PAUSE_SECONDS)
            found = idle()
            if found is not None:
                return found

    def _away_since(self) -> float:
        """When the server was found away first: then all wait; who comes later must not.

        Of a server that stays away each request would hold a thread for as long as it may.
        """
        now = time.monotonic()
        since, last = self._away or (now, now)
        # Something asks each second while it is away: this is another time.
        if now - last > PATIENCE_SECONDS:
            since = now
        self._away = since, now
        return since

    def drop(self, writer: Connection) -> None:
        """End its session, which gives the lock up."""
        _drop(writer)
        # Of a connection that broke SQLAlchemy no longer knows the driver's, which is open still.
        with suppress(Exception):
            self._leading.close()
        self._leading = None

    def is_usable(self, idle: Connection) -> bool:
        """Whether the server has said nothing meanwhile; its last word is mostly that it goes."""
        if idle.closed or idle.invalidated:
            return False
        driver: Any = idle.connection.dbapi_connection
        if driver.closed:
            return False
        socket = polling.poll()
        socket.register(driver.fileno(), polling.POLLIN)
        if not socket.poll(0):
            return True
        with suppress(SQLAlchemyError):
            with idle.begin():
                idle.exec_driver_sql("SELECT 1")
            return True
        return False

    def is_lost(self, connection: Connection) -> bool:
        """A broken connection has; an error alone can be taken back to a savepoint."""
        if connection.invalidated:
            return True
        driver: Any = connection.connection.dbapi_connection
        return bool(driver.closed)

    def translated(self, error: Exception) -> Exception:
        """What passes by itself, what is full, and what cannot be kept are told apart."""
        if isinstance(error, NoneFree):
            return TemporaryError(f"all {CONNECTIONS} connections to {self._name} are in use")
        if isinstance(error, DBAPIError):
            return _told(self._name, error)
        # SQLAlchemy's word about a connection that broke before.
        return _gone(self._name, error) if isinstance(error, InvalidRequestError) else error

    def _reached(self) -> Connection:
        """A connection, waited for where the server is starting."""
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return self.engine.connect()
            except DBAPIError as error:
                is_passing = isinstance(self.translated(error), TemporaryError)
                is_for_good = _FOR_GOOD.search(str(error.orig)) is not None
                if not is_passing or is_for_good or time.monotonic() > until:
                    raise
            time.sleep(_PAUSE_SECONDS)

    def _lead(self) -> Connection:
        """A connection that has the lock.

        Raises:
            TemporaryError: Another process has it.
        """
        connection = self.engine.connect().execution_options(isolation_level="READ COMMITTED")
        # None of the pool's any more: closing it must end the session, and give the lock up.
        self._leading = connection.connection.dbapi_connection
        connection.detach()
        try:
            with connection.begin():
                connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{_WAIT_FOR_LEAD}'")
                connection.exec_driver_sql(f"SELECT pg_advisory_lock({_LEADER})")
                _still_ours(connection, self._name)
        except BaseException as error:
            self.drop(connection)
            if isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", "") == _NO_LOCK:
                raise following(self._name) from None
            raise
        return connection

    def _alone(self, connection: Connection) -> None:
        """Refuse to change the schema while a process leads, which knows only the one of before.

        The lock is held until the change is kept: who follows with the older program cannot lead
        in between.

        Raises:
            InvalidRequest: One does.
        """
        asked = f"SELECT pg_try_advisory_xact_lock({_LEADER})"
        if not connection.exec_driver_sql(asked).scalar_one():
            raise InvalidRequest(
                f"{self._name} is of an older program, and a service process of that still serves "
                "it: stop all of them, take a backup, then start this one, which brings it up to "
                "date"
            )


def following(name: str) -> TemporaryError:
    """The refusal of a write where another service process writes to the database."""
    return TemporaryError(
        f"another service process writes to {name}; ask that one, or wait until it has ended"
    )


def _engine(text: str) -> tuple[str, Any]:
    """How a database is called in messages, without its password, and its engine."""
    url = _url(text)
    registry.register("postgresql.runyard", f"{__package__}.postgresql_dialect", "Dialect")
    settings = " ".join(f"-c {name}={value}" for name, value in _SETTINGS.items())
    own = str(url.query.get("options", ""))
    line = {name: value for name, value in _LINE.items() if name not in url.query}
    arguments = {"options": f"{settings} {own}".strip(), **line}
    try:
        engine = create_engine(
            url.set(drivername="postgresql+runyard"),
            poolclass=QueuePool,
            pool_size=_KEPT,
            max_overflow=CONNECTIONS - _KEPT,
            pool_timeout=10,
            pool_pre_ping=True,
            isolation_level="REPEATABLE READ",
            connect_args={"application_name": "runyard", **arguments},
        )
    except ModuleNotFoundError as error:
        raise InvalidRequest(
            f"PostgreSQL needs a driver that is not here ({error.name}): "
            "pip install 'runyard-server[postgresql]'"
        ) from None
    return f"the PostgreSQL database {url.database!r} on {url.host or 'this machine'}", engine


def _url(text: str) -> URL:
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        url = None
    # Not shown: it may have a password.
    if url is None or url.get_backend_name() not in ("postgresql", "postgres"):
        raise InvalidRequest(
            "database_url must be postgresql://user:password@host:port/database; without one the "
            "records are in the state folder"
        )
    if not url.database:
        raise InvalidRequest("database_url names no database: postgresql://…/NAME")
    return url


def _check(connection: Connection, name: str) -> None:
    """Refuse a database whose texts would be others than ours."""
    encoding = connection.exec_driver_sql("SHOW server_encoding").scalar_one()
    if encoding != "UTF8":
        raise InvalidRequest(
            f"{name} has the encoding {encoding}; make one with UTF8: "
            "CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0"
        )
    found = "SELECT count(*) FROM pg_collation WHERE collname = 'und-x-icu'"
    if not connection.exec_driver_sql(found).scalar_one():
        raise InvalidRequest(f"{name} is of a server without ICU, by which ILIKE compares letters")


def _still_ours(connection: Connection, name: str) -> None:
    """Refuse to write to a database that a newer program has changed meanwhile."""
    found = connection.execute(select(schema_version.c.version)).scalar_one()
    if found != SCHEMA_VERSION:
        raise TemporaryError(
            f"{name} has schema {found} now and this process knows {SCHEMA_VERSION}: start it anew "
            "with the runyard-server that the other processes have"
        )


def _one_at_a_time(connection: Connection) -> None:
    """Have one process at a time look at the schema and change it."""
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_SCHEMA})")


def _drop(connection: Connection) -> None:
    """Close a connection of its own, which may be broken."""
    with suppress(Exception):
        driver: Any = connection.connection.dbapi_connection
        driver.close()
    with suppress(Exception):
        connection.invalidate()
    with suppress(Exception):
        connection.close()


def _told(name: str, error: DBAPIError) -> Exception:
    """What one of the driver's errors means to who asked; itself where it is a fault of ours."""
    state = getattr(error.orig, "sqlstate", None)
    if state in _FULL:
        return StorageFull(f"no space is left for {name}; free some and try again")
    if state in _TOO_LONG:
        return InvalidRequest(f"a name or path is too long for {name}: {error.orig}")
    if state == _TOO_LARGE:
        return InvalidRequest("a number is too large: 64 bits are the limit")
    # One that breaks off says nothing; of a value or a statement that makes no sense, which no
    # second try mends, the driver tells before the server does.
    has_gone = state is None and not isinstance(error, _OURS)
    if has_gone or (state or "")[:2] in _PASSING or state in _ENDED:
        return _gone(name, error.orig)
    if state in _DAMAGED:
        return InternalError(
            f"the server of {name} cannot read or write its files ({_first_line(error.orig)}): "
            "look at its log and its disk"
        )
    return error


def _gone(name: str, reason: object) -> RunyardError:
    return TemporaryError(f"{name} cannot be reached now ({_first_line(reason)}); try again")


def _why(error: SQLAlchemyError) -> str:
    """Why a database cannot be used, and what helps."""
    cause = getattr(error, "orig", None) or error
    if getattr(cause, "sqlstate", None) in _NOT_ALLOWED:
        return (
            f"{_first_line(cause)}; the tables are made by the user of database_url, who must own "
            "the database, or may create in its schema: GRANT USAGE, CREATE ON SCHEMA public TO …"
        )
    if _NO_DATABASE.search(str(cause)):
        return (
            f"{_first_line(cause)}; make it: CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0"
        )
    return str(cause).strip()


def _first_line(reason: object) -> str:
    """What the driver says, without the statement below it."""
    return str(reason).strip().split("\n")[0]
