"""Which of several service processes leads a shared database, and how they wake one another.

The table is beside the records' own: only a database that may be shared has it, and what stands
there is worth nothing once the process has gone.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    MetaData,
    String,
    Table,
    delete,
    insert,
    select,
)

metadata = MetaData()
leader = Table(
    "service_leader",
    metadata,
    Column("process", String, primary_key=True),
    Column("url", String, nullable=False),
    Column("since", BigInteger, nullable=False),
)
_CHANNEL = "runyard_notices"
# PostgreSQL takes payloads of less than 8,000 bytes.
_LARGEST = 7500
_LOOK_SECONDS = 1.0
# Who listens is idle by nature: an administrator's limit for forgotten sessions would end it again
# and again, as if the server had gone. PostgreSQL before 14 has none.
_MAY_BE_IDLE = (
    "SELECT set_config(name, '0', false) FROM pg_settings WHERE name = 'idle_session_timeout'"
)
_NOTIFY = "SELECT pg_notify(%s, %s)"


def put(connection: Connection, process: str, url: str, now: int) -> str:
    """Write down who leads now.

    Args:
        connection: The transaction's connection.
        process: The process.
        url: Where others reach it.
        now: Microseconds since 1970.

    Returns:
        The process that led last, "" where none ever did.
    """
    last = connection.execute(select(leader.c.process)).scalar()
    connection.execute(delete(leader))
    connection.execute(insert(leader), {"process": process, "url": url, "since": now})
    return str(last or "")


def url(connection: Connection) -> str:
    """Where the process was reached that led last, "" where none ever did."""
    return str(connection.execute(select(leader.c.url)).scalar() or "")


class Channel:
    """Notices between the processes of one PostgreSQL database; each method has one thread.

    Args:
        engine: Makes the connections.
        process: This process.
    """

    def __init__(self, engine: Engine, process: str) -> None:
        self._engine = engine
        self._process = process
        self._sends: Any = None

    def send(self, topics: Iterable[str]) -> None:
        """Have the other processes hear that these topics have changed.

        Raises:
            Exception: The database is not reached; what was not sent is lost.
        """
        try:
            for payload in _payloads(self._process, topics):
                self._send(payload)
        except BaseException:
            self.close()
            raise

    def hear(self, is_over: Callable[[], bool], begun: Callable[[], None]) -> Iterator[list[str]]:
        """What other processes say has changed, as it comes, until it is over.

        Args:
            is_over: Asked once a second.
            begun: Called once it listens: what was said before is not heard.

        Raises:
            Exception: The database is not reached any more.
        """
        session = self._session()
        try:
            session.execute(f"LISTEN {_CHANNEL}")
            begun()
            while not is_over():
                for said in session.notifies(timeout=_LOOK_SECONDS):
                    process, *topics = said.payload.split("\n")
                    if process != self._process:
                        yield topics
        finally:
            with suppress(Exception):
                session.close()

    def _send(self, payload: str) -> None:
        # A session that lay idle may have been ended meanwhile, which the next use of it finds out.
        if self._sends is not None:
            try:
                self._sends.execute(_NOTIFY, (_CHANNEL, payload))
            except Exception:  # noqa: BLE001 - whatever it is, a new session says it again
                self.close()
            else:
                return
        self._sends = self._session()
        self._sends.execute(_NOTIFY, (_CHANNEL, payload))

    def close(self) -> None:
        """End the session that sends."""
        session, self._sends = self._sends, None
        if session is not None:
            with suppress(Exception):
                session.close()

    def _session(self) -> Any:
        """A session of the driver's own, without transactions: notices come at once."""
        fairy = self._engine.raw_connection()
        driver: Any = fairy.dbapi_connection
        fairy.detach()
        try:
            driver.rollback()
            driver.autocommit = True
            driver.execute(_MAY_BE_IDLE)
        except BaseException:
            # The pool does not know it any more, and a server that goes just now must not leave it.
            driver.close()
            raise
        return driver


def _payloads(process: str, topics: Iterable[str]) -> Iterator[str]:
    """Topics in as few payloads as hold them."""
    lines, size = [process], len(process)
    for topic in topics:
        more = len(topic.encode()) + 1
        if size + more > _LARGEST:
            yield "\n".join(lines)
            lines, size = [process], len(process)
        lines.append(topic)
        size += more
    if len(lines) > 1:
        yield "\n".join(lines)
