"""Rows of the audit log: added, read and, once they are old, removed; never changed."""

from dataclasses import dataclass, fields

from sqlalchemy import Connection, delete, func, insert, select

from runyard_server.store.prepared import Prepared
from runyard_server.store.team_schema import audit

# Numbers and times grow together, but for a clock that is set back, by less than this.
CLOCK_US = 3_600_000_000
LOOKED_AT = 20_000
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


@dataclass(frozen=True, slots=True)
class Asked:
    """Which entries are wanted.

    Args:
        chosen: What their columns have: value by name.
        since: Not before this time, microseconds since 1970.
        until: Before this time.
    """

    chosen: dict[str, str]
    since: int | None = None
    until: int | None = None


_NAMES = [field.name for field in fields(AuditRow)]
_COLUMNS = [audit.c[name] for name in _NAMES]
_ADD = Prepared(insert(audit))


def add(connection: Connection, row: AuditRow) -> None:
    """Add an entry."""
    # Spelt out: each change of a person writes one.
    values = {
        "at": row.at,
        "person": row.person,
        "via": row.via,
        "address": row.address,
        "route": row.route,
        "workspace": row.workspace,
        "object": row.object,
        "outcome": row.outcome,
        "detail": row.detail,
        "count": row.count,
    }
    _ADD.run(connection, values)


def page(
    connection: Connection, asked: Asked, before: int | None, limit: int
) -> tuple[list[tuple[int, AuditRow]], int | None]:
    """Up to `limit` entries with their numbers, the newest first, and where the next page begins.

    An index costs each change a page of the database's log, so there is one for objects alone.
    Everything else is looked for among so many entries at a time: a page may be short, or empty,
    and not be the last.

    Args:
        connection: The transaction's connection.
        asked: Which entries.
        before: Only entries below this number.
        limit: The most that are wanted.
    """
    first, last = _bounds(connection)
    top = last + 1 if before is None else before
    if asked.until is not None:
        top = min(top, _at(connection, asked.until + CLOCK_US))
    if asked.since is not None:
        first = max(first, _at(connection, asked.since - CLOCK_US))
    low = first if "object" in asked.chosen else max(first, top - LOOKED_AT)
    found = select(audit.c.key, *_COLUMNS).where(audit.c.key >= low, audit.c.key < top)
    found = found.where(*(audit.c[name] == value for name, value in asked.chosen.items()))
    if asked.since is not None:
        found = found.where(audit.c.at >= asked.since)
    if asked.until is not None:
        found = found.where(audit.c.at < asked.until)
    rows = connection.execute(found.order_by(audit.c.key.desc()).limit(limit + 1)).all()
    items = [(int(key), AuditRow(*values)) for key, *values in rows[:limit]]
    if len(rows) > limit:
        return items, items[-1][0]
    return items, low if low > first else None


def has_older(connection: Connection, before: int) -> bool:
    """Whether the oldest entry was written before a time (microseconds since 1970)."""
    first, _ = _bounds(connection)
    found = select(audit.c.at).where(audit.c.key == first)
    at = connection.execute(found).scalar()
    return at is not None and at < before


def forget(connection: Connection, before: int) -> None:
    """Remove entries from before a time (microseconds since 1970), some thousand at a time."""
    first, _ = _bounds(connection)
    some = audit.c.key < first + _REMOVED_AT_ONCE
    connection.execute(delete(audit).where(some, audit.c.at < before))


def _bounds(connection: Connection) -> tuple[int, int]:
    """The smallest and the largest number there is; (1, 0) where there is none."""
    # Asked for together, the two would be looked for in all of the table.
    first = connection.execute(select(func.min(audit.c.key))).scalar()
    last = connection.execute(select(func.max(audit.c.key))).scalar()
    return (1, 0) if first is None or last is None else (first, last)


def _at(connection: Connection, time: int) -> int:
    """The number from which on entries are of that time or later, found by halving."""
    low, high = _bounds(connection)
    high += 1
    while low < high:
        middle = (low + high) // 2
        found = select(audit.c.at).where(audit.c.key >= middle).order_by(audit.c.key).limit(1)
        at = connection.execute(found).scalar()
        if at is not None and at < time:
            low = middle + 1
        else:
            high = middle
    return low
