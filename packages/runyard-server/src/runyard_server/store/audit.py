"""Rows of the audit log: added, read and, once they are old, removed; never changed."""

from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from runyard_server.store.prepared import Prepared
from runyard_server.store.team_schema import audit

# By time and number nothing is in order that a clock set back has torn apart by more than this.
CLOCK_US = 3_600_000_000
_REMOVED_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One entry that is to be added; `at` is microseconds since 1970."""

    at: int
    person: str
    via: str
    address: str
    route: str
    workspace: str
    object: str
    outcome: str
    detail: str = ""
    count: int = 1


_NAMES = [field.name for field in fields(AuditRow)]
_COLUMNS = [audit.c[name] for name in _NAMES]
_ADD = Prepared(insert(audit))


def add(connection: Connection, row: AuditRow) -> None:
    """Add an entry."""
    _ADD.run(connection, {name: getattr(row, name) for name in _NAMES})


def page(
    connection: Connection,
    chosen: dict[str, str],
    times: tuple[int | None, int | None],
    before: int | None,
    limit: int,
) -> list[tuple[int, AuditRow]]:
    """Up to `limit` entries with their numbers, the newest first.

    Args:
        connection: The transaction's connection.
        chosen: What the columns of those that are wanted have: value by name.
        times: Not before the one and before the other, microseconds since 1970.
        before: Only entries below this number.
        limit: The most that are wanted.
    """
    found = select(audit.c.key, *_COLUMNS).where(
        *(audit.c[name] == chosen[name] for name in chosen)
    )
    since, until = times
    if before is not None:
        found = found.where(audit.c.key < before)
    if since is not None:
        found = found.where(audit.c.at >= since)
        # Or a page that is not filled would be looked for down to the first entry there is.
        floor = _newest(connection, since - CLOCK_US)
        found = found if floor is None else found.where(audit.c.key > floor)
    if until is not None:
        found = found.where(audit.c.at < until)
        ceiling = _newest(connection, until + CLOCK_US)
        found = found.where(audit.c.key <= (ceiling or 0))
    rows = connection.execute(found.order_by(audit.c.key.desc()).limit(limit))
    return [(int(key), AuditRow(*values)) for key, *values in rows]


def has_older(connection: Connection, before: int) -> bool:
    """Whether an entry was written before a time (microseconds since 1970)."""
    found = select(audit.c.key).where(audit.c.at < before).order_by(audit.c.at).limit(1)
    return connection.execute(found).first() is not None


def forget(connection: Connection, before: int) -> None:
    """Remove entries from before a time (microseconds since 1970), some thousand at a time."""
    old = select(audit.c.key).where(audit.c.at < before).order_by(audit.c.at)
    connection.execute(delete(audit).where(audit.c.key.in_(old.limit(_REMOVED_AT_ONCE))))


def _newest(connection: Connection, before: int) -> Any:
    found = select(audit.c.key).where(audit.c.at < before).order_by(audit.c.at.desc()).limit(1)
    return connection.execute(found).scalar()
