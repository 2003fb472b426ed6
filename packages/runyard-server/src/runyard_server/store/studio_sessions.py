"""Rows of sessions: browsers that are signed in to the studio."""

from dataclasses import dataclass, fields

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from runyard_server.store.studio_schema import studio_sessions


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A browser that is signed in; times are microseconds since 1970, `token` a token's hash."""

    id: str
    person: str
    token: str
    client: str
    made_at: int
    used_at: int
    ends_at: int


_COLUMNS = [studio_sessions.c[field.name] for field in fields(SessionRow)]


def living(connection: Connection, now: int) -> list[SessionRow]:
    """The sessions that have not ended, the last used first."""
    found = select(*_COLUMNS).where(studio_sessions.c.ends_at > now)
    ordered = found.order_by(studio_sessions.c.used_at.desc(), studio_sessions.c.id)
    return [SessionRow(*row) for row in connection.execute(ordered)]


def add(connection: Connection, row: SessionRow) -> None:
    """Add a session; those that have ended go."""
    connection.execute(delete(studio_sessions).where(studio_sessions.c.ends_at <= row.made_at))
    values = {field.name: getattr(row, field.name) for field in fields(SessionRow)}
    connection.execute(insert(studio_sessions).values(values))


def renew(connection: Connection, session: str, used_at: int, ends_at: int) -> bool:
    """Note that a session is in use, and when it ends now; False if there is none.

    Args:
        connection: The transaction's connection.
        session: Its id.
        used_at: Now.
        ends_at: When it ends.
    """
    changed = update(studio_sessions).where(studio_sessions.c.id == session)
    return connection.execute(changed.values(used_at=used_at, ends_at=ends_at)).rowcount > 0


def remove(connection: Connection, session: str) -> bool:
    """Remove a session; False if there is none."""
    gone = delete(studio_sessions).where(studio_sessions.c.id == session)
    return connection.execute(gone).rowcount > 0


def remove_of(connection: Connection, person: str) -> list[str]:
    """Remove all sessions of a person; give their ids.

    Args:
        connection: The transaction's connection.
        person: The person.
    """
    return _remove(connection, studio_sessions.c.person == person)


def remove_of_token(connection: Connection, token: str) -> list[str]:
    """Remove all sessions that a token has begun; give their ids.

    Args:
        connection: The transaction's connection.
        token: The token's hash.
    """
    return _remove(connection, studio_sessions.c.token == token)


def _remove(connection: Connection, chosen: ColumnElement[bool]) -> list[str]:
    found = list(connection.execute(select(studio_sessions.c.id).where(chosen)).scalars())
    connection.execute(delete(studio_sessions).where(chosen))
    return found
