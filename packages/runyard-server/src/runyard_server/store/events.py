"""Rows of events: the append-only histories of all subjects, in one table.

Each row has two numbers. `number` counts within its subject, from 1 and without gaps; `position`
grows with every event of the database, so the rows of one workspace in the order of it are the
workspace's feed. One thread writes, so positions become visible in order: whoever has read up to
one misses nothing by asking for what comes after it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    TextClause,
    bindparam,
    func,
    insert,
    or_,
    select,
)

from runyard.protocol.endpoints import REPLICAS_EXPERIMENT
from runyard_server.store.expressions import Unindexed
from runyard_server.store.prepared import Prepared
from runyard_server.store.schema import OF_NO_RUN, events, runs
from runyard_server.store.subjects import RUN, Subject

_OF_SUBJECT = (
    events.c.workspace == bindparam("of_workspace"),
    events.c.subject_kind == bindparam("of_kind"),
    events.c.subject == bindparam("of_subject"),
)
_SHOWN = (
    *(events.c.position, events.c.subject_kind, events.c.subject, events.c.number),
    *(events.c.kind, events.c.time, events.c.message, events.c.status, events.c.data),
)
# Made once: making a statement costs more than running it.
_APPEND = Prepared(insert(events))
_PAGE = Prepared(
    select(*_SHOWN)
    .where(*_OF_SUBJECT, events.c.number > bindparam("after"))
    .order_by(events.c.number)
    .limit(bindparam("most"))
)
_TOLD = Prepared(
    select(events.c.status, events.c.time, events.c.data)
    .where(*_OF_SUBJECT, events.c.kind == bindparam("of_event"))
    .order_by(events.c.number)
)
_LAST = Prepared(select(func.max(events.c.number)).where(*_OF_SUBJECT))
_NEWEST = Prepared(
    select(func.max(events.c.position)).where(events.c.workspace == bindparam("of_workspace"))
)
_DATA = msgspec.json.Decoder(dict[str, str])


@dataclass(frozen=True, slots=True)
class EventRow:
    """One event of a subject; `time` is microseconds since 1970 in UTC."""

    number: int
    kind: str
    time: int
    message: str = ""
    status: str | None = None
    data: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FeedRow:
    """One event at its position in the feed of its workspace."""

    position: int
    subject: Subject
    event: EventRow


@dataclass(frozen=True, slots=True)
class FeedFilter:
    """Which events of a feed: of subjects of one kind, of one of these; None matches all."""

    kind: str | None = None
    id: str | None = None


def append(connection: Connection, subject: Subject, rows: Sequence[EventRow]) -> None:
    """Add events to a subject; their numbers must follow its last one.

    Args:
        connection: The transaction's connection.
        subject: What they are about.
        rows: The events.
    """
    if rows:
        _APPEND.run_many(connection, [_values(subject, row) for row in rows])


def page(connection: Connection, subject: Subject, after: int, limit: int) -> list[EventRow]:
    """Up to `limit` events of a subject with numbers above `after`, in order.

    Args:
        connection: The transaction's connection.
        subject: What they are about.
        after: The number of the last one that is known.
        limit: The most that are wanted.
    """
    rows = _PAGE.rows(connection, {**_named(subject), "after": after, "most": limit})
    return [_event(row) for row in rows]


def came_into(
    connection: Connection, workspace: str, runs_: Sequence[str], status: str
) -> dict[str, int]:
    """When runs came into a state for the last time, by id.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        runs_: Ids of the runs.
        status: The state.
    """
    found = (
        select(events.c.subject, func.max(events.c.time))
        .where(
            events.c.workspace == workspace,
            events.c.subject_kind == RUN,
            events.c.subject.in_(runs_),
            events.c.status == status,
        )
        .group_by(events.c.subject)
    )
    return {str(run): int(time) for run, time in connection.execute(found)}


def last_number(connection: Connection, subject: Subject) -> int:
    """The number of a subject's last event, 0 before the first."""
    return _LAST.value(connection, _named(subject)) or 0


def feed(
    connection: Connection, workspace: str, chosen: FeedFilter, after: int, limit: int
) -> list[FeedRow]:
    """Up to `limit` events of a workspace with positions above `after`, in order.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        chosen: Which of them are wanted.
        after: The position of the last one that is known.
        limit: The most that are wanted.
    """
    # One subject's are found by number: by position, all others would be read to find them.
    place = events.c.position if chosen.id is None else events.c.position + 0
    found = select(*_SHOWN).where(*_inside(workspace, chosen), place > after)
    rows = connection.execute(found.order_by(_order(chosen)).limit(limit))
    return [_feed_row(workspace, row) for row in rows]


def newest(connection: Connection, workspace: str, chosen: FeedFilter, limit: int) -> list[FeedRow]:
    """The last `limit` events of a workspace, in order.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        chosen: Which of them are wanted.
        limit: The most that are wanted.
    """
    found = select(*_SHOWN).where(*_inside(workspace, chosen))
    rows = connection.execute(found.order_by(_order(chosen).desc()).limit(limit))
    return [_feed_row(workspace, row) for row in rows][::-1]


def position(connection: Connection, workspace: str) -> int:
    """The position of a workspace's last event, 0 before the first."""
    return _NEWEST.value(connection, {"of_workspace": workspace}) or 0


def times_of(connection: Connection, subject: Subject, kind: str) -> list[tuple[str, int]]:
    """(status, time) of a subject's events of one kind, in order.

    Args:
        connection: The transaction's connection.
        subject: What they are about.
        kind: Which kind.
    """
    rows = _TOLD.rows(connection, {**_named(subject), "of_event": kind})
    return [(str(status), int(time)) for status, time, _ in rows]


def data_of(connection: Connection, subject: Subject, kind: str) -> list[dict[str, str]]:
    """What a subject's events of one kind say beside their message, in order.

    Args:
        connection: The transaction's connection.
        subject: What they are about.
        kind: Which kind.
    """
    rows = _TOLD.rows(connection, {**_named(subject), "of_event": kind})
    return [_DATA.decode(data) for _, _, data in rows]


def _named(subject: Subject) -> dict[str, Any]:
    return {
        "of_workspace": subject.workspace,
        "of_kind": subject.kind,
        "of_subject": subject.id,
    }


def _values(subject: Subject, row: EventRow) -> dict[str, object]:
    return {
        "workspace": subject.workspace,
        "subject_kind": subject.kind,
        "subject": subject.id,
        "number": row.number,
        "kind": row.kind,
        "time": row.time,
        "message": row.message,
        "status": row.status,
        "data": msgspec.json.encode(row.data).decode() if row.data else "{}",
    }


def _inside(workspace: str, chosen: FeedFilter) -> list[ColumnElement[bool] | TextClause]:
    inside: list[ColumnElement[bool] | TextClause] = [events.c.workspace == workspace]
    if chosen.kind in (None, RUN) and chosen.id is None:
        # What the service runs for itself: found by an index, which is empty where there is none.
        hidden = select(runs.c.id).where(
            runs.c.workspace == workspace, runs.c.experiment == REPLICAS_EXPERIMENT
        )
        inside.append(or_(events.c.subject_kind != RUN, events.c.subject.not_in(hidden)))
    if chosen.kind == RUN and chosen.id is None:
        # Nearly all events are: without fresh statistics PostgreSQL would take this for the way to
        # them, and sort all of a workspace's for each page.
        inside.append(Unindexed(events.c.subject_kind) == RUN)
    elif chosen.kind is not None:
        inside.append(events.c.subject_kind == chosen.kind)
        if chosen.kind != RUN:
            # Literally as in the index of the others, or the planner passes it over.
            inside.append(OF_NO_RUN)
    if chosen.id is not None:
        inside.append(events.c.subject == chosen.id)
    return inside


def _order(chosen: FeedFilter) -> Column[int]:
    return events.c.position if chosen.id is None else events.c.number


def _feed_row(workspace: str, row: Sequence[Any]) -> FeedRow:
    position, kind, subject, *_ = row
    return FeedRow(position, Subject(kind, workspace, subject), _event(row))


def _event(row: Sequence[Any]) -> EventRow:
    *_, number, kind, time, message, status, data = row
    return EventRow(number, kind, time, message, status, {} if data == "{}" else _DATA.decode(data))
