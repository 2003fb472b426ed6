"""Rows that remember the answers of creating requests for a day, by Idempotency-Key."""

from sqlalchemy import Connection, bindparam, delete, insert, select

from runyard_server.store.prepared import Prepared
from runyard_server.store.schema import idempotency

_OF_KEY = idempotency.c.key == bindparam("of_key")
_FIND = Prepared(
    select(idempotency.c.body, idempotency.c.answer).where(
        _OF_KEY, idempotency.c.created_at >= bindparam("since")
    )
)
_REMOVE, _ADD = Prepared(delete(idempotency).where(_OF_KEY)), Prepared(insert(idempotency))


def find(connection: Connection, key: str, since: int) -> tuple[str, str] | None:
    """(digest of the body, JSON of the answer) of a key kept at `since` or later, or None.

    Args:
        connection: The transaction's connection.
        key: The request's key.
        since: Microseconds since 1970 before which answers are outdated.
    """
    row = _FIND.row(connection, {"of_key": key, "since": since})
    return None if row is None else (str(row[0]), str(row[1]))


def keep(connection: Connection, key: str, body: str, answer: str, now: int) -> None:
    """Remember an answer, in place of an outdated one of the same key.

    Args:
        connection: The transaction's connection.
        key: The request's key.
        body: Digest of all that was asked for.
        answer: The answer, as JSON.
        now: Microseconds since 1970.
    """
    # One of that key may be left that is too old to count.
    _REMOVE.run(connection, {"of_key": key})
    _ADD.run(connection, {"key": key, "body": body, "answer": answer, "created_at": now})


def has_older(connection: Connection, before: int) -> bool:
    """Whether something was kept before a time (microseconds since 1970)."""
    found = select(idempotency.c.key).where(idempotency.c.created_at < before).limit(1)
    return connection.execute(found).first() is not None


def forget(connection: Connection, before: int) -> None:
    """Drop what was kept before a time (microseconds since 1970)."""
    connection.execute(delete(idempotency).where(idempotency.c.created_at < before))
