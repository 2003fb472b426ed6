"""Rows of events: the numbered, append-only history of each run."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec
from sqlalchemy import Connection, bindparam, insert, select

from runyard_server.store.schema import events

_APPEND = insert(events)
_TIMES = select(events.c.status, events.c.time).where(
    events.c.run_key == bindparam("of_run"), events.c.kind == bindparam("of_kind")
)
_TIMES = _TIMES.order_by(events.c.number)


@dataclass(frozen=True, slots=True)
class EventRow:
    """One event of a run; `time` is microseconds since 1970 in UTC."""

    number: int
    kind: str
    time: int
    message: str = ""
    status: str | None = None
    data: dict[str, str] = field(default_factory=dict)


def append(connection: Connection, run_key: int, rows: Sequence[EventRow]) -> None:
    """Add events to a run; their numbers must follow its last one."""
    if rows:
        connection.execute(_APPEND, [_values(run_key, row) for row in rows])


def page(connection: Connection, run_key: int, after: int, limit: int) -> list[EventRow]:
    """Give up to `limit` events of a run with numbers above `after`, in order."""
    found = select(events).where(events.c.run_key == run_key, events.c.number > after)
    rows = connection.execute(found.order_by(events.c.number).limit(limit))
    return [
        EventRow(
            number=row.number,
            kind=row.kind,
            time=row.time,
            message=row.message,
            status=row.status,
            data=msgspec.json.decode(row.data, type=dict[str, str]),
        )
        for row in rows
    ]


def times_of(connection: Connection, run_key: int, kind: str) -> list[tuple[str, int]]:
    """Give (status, time) of a run's events of one kind, in order."""
    rows = connection.execute(_TIMES, {"of_run": run_key, "of_kind": kind})
    return [(str(row.status), int(row.time)) for row in rows]


def data_of(connection: Connection, run_key: int, kind: str) -> list[dict[str, str]]:
    """Give what a run's events of one kind say beside their message, in order."""
    found = select(events.c.data).where(events.c.run_key == run_key, events.c.kind == kind)
    rows = connection.execute(found.order_by(events.c.number))
    return [msgspec.json.decode(row.data, type=dict[str, str]) for row in rows]


def _values(run_key: int, row: EventRow) -> dict[str, object]:
    return {
        "run_key": run_key,
        "number": row.number,
        "kind": row.kind,
        "time": row.time,
        "message": row.message,
        "status": row.status,
        "data": msgspec.json.encode(row.data).decode() if row.data else "{}",
    }
