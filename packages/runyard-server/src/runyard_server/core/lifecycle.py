"""The states of a run, and the only way from one to the next.

    Starting -> Preparing -> Queued -> Running -> Finalizing -> Completed | Failed
        |           |          |          |            |
        +-----------+----------+----------+------------+--> CancelRequested -> Canceled
                               ^          |            |
                               +----------+------------+    another attempt

A move writes the row and its events together, so the history never says anything else than the
row. Several moves may share one write: each commit is a wait for the disk. Every function here
that takes a connection is called inside a write, with a row that was read inside the same one.

A run ends with its open interactive children: nobody else can say what became of them. Children
that were submitted are jobs of their own and go on.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from runyard.protocol import events as kinds
from runyard.protocol import runs as states
from runyard.protocol.compute import IDLE
from runyard.protocol.errors import WrongState
from runyard.protocol.runs import RunError
from runyard_server.core.clock import iso
from runyard_server.core.notices import feed_topic, gang_topic, run_topic, work_topic
from runyard_server.core.system import System
from runyard_server.store import events, nodes, runs
from runyard_server.store.events import EventRow
from runyard_server.store.records import Connection
from runyard_server.store.runs import RunRow
from runyard_server.store.subjects import Subject

_ENDS = frozenset(states.TERMINAL)
_STOPS = _ENDS | {states.CANCEL_REQUESTED}
ALLOWED: dict[str, frozenset[str]] = {
    states.STARTING: _STOPS | {states.PREPARING},
    states.PREPARING: _STOPS | {states.QUEUED},
    states.QUEUED: _STOPS | {states.RUNNING, states.FINALIZING},
    # Back into the queue: another attempt.
    states.RUNNING: _STOPS | {states.FINALIZING, states.QUEUED},
    states.FINALIZING: _STOPS | {states.QUEUED},
    states.CANCEL_REQUESTED: _ENDS,
    states.COMPLETED: frozenset(),
    states.FAILED: frozenset(),
    states.CANCELED: frozenset(),
}
STAGES = (states.PREPARING, states.QUEUED, states.RUNNING, states.FINALIZING)
_SECOND = 1_000_000
_LINE_END = "\n"


@dataclass(frozen=True, slots=True)
class News:
    """An event before it has its number."""

    kind: str
    message: str = ""
    status: str | None = None
    data: dict[str, str] = field(default_factory=dict)


def moved(status: str, message: str = "") -> News:
    """Tell that a run comes into `status`."""
    return News(kinds.STATUS, message, status)


def record(
    connection: Connection, row: RunRow, now: int, news: Sequence[News], **changes: Any
) -> RunRow:
    """Append events to a run and set columns of it; status events move the run.

    Args:
        connection: Of the present write.
        row: The run as read in this write.
        now: Microseconds since 1970.
        news: What happened, in order.
        changes: Columns of `runs` to set beside.

    Returns:
        The row as it is afterwards.

    Raises:
        WrongState: A move that is not allowed; nothing was written.
    """
    status = row.status
    for item in news:
        if item.status is not None:
            _check(row, status, item.status)
            status = item.status
    values = {**changes, **_append(connection, row, now, news)}
    if status != row.status:
        values |= _entered(connection, row, status, now)
    runs.change(connection, row.key, **values)
    return replace(row, **values)


def begin(connection: Connection, row: RunRow, now: int, news: Sequence[News]) -> RunRow:
    """Write the first events of a new run, whose row counts them already: see `opening`."""
    _append(connection, replace(row, last_event=0), now, [moved(row.status), *news])
    return row


def opening(row: RunRow, news: Sequence[News]) -> RunRow:
    """Give the row of a new run that begins with its first status and `news`."""
    warnings = [item.message for item in news if item.kind == kinds.WARNING]
    return replace(row, last_event=1 + len(news), warnings=warnings)


def end(
    connection: Connection, row: RunRow, now: int, status: str, error: RunError | None = None
) -> RunRow:
    """Bring a run to its end; an ended run stays as it is.

    Args:
        connection: Of the present write.
        row: The run as read in this write.
        now: Microseconds since 1970.
        status: Completed, Failed or Canceled.
        error: Why it failed.
    """
    if not row.active:
        return row
    end_children(connection, row, now, status, error)
    return _end_alone(connection, row, now, status, error)


def end_children(
    connection: Connection, row: RunRow, now: int, status: str, error: RunError | None = None
) -> None:
    """End the open interactive runs below a run, at any depth, as it ends itself.

    Args:
        connection: Of the present write.
        row: The run.
        now: Microseconds since 1970.
        status: Completed, Failed or Canceled.
        error: Why the run failed.
    """
    for below in runs.open_below(connection, row, states.INTERACTIVE_TARGET):
        why = _failed_above(row, below, now, error) if status == states.FAILED else None
        _end_alone(connection, below, now, status, why)


def correct(
    connection: Connection, row: RunRow, now: int, status: str, error: RunError | None = None
) -> RunRow:
    """Replace the end of a run that was given up by what its process says after all.

    Args:
        connection: Of the present write.
        row: The run as read in this write; see `is_lost`.
        now: Microseconds since 1970.
        status: Completed, Failed or Canceled.
        error: Why it failed.
    """
    news = [moved(status, "the process that was lost has been heard of again")]
    end_children(connection, row, now, status, error)
    values = {**_append(connection, row, now, news), "status": status, "ended_at": now}
    runs.change(connection, row.key, error=error, **values)
    return replace(row, error=error, **values)


def is_lost(row: RunRow) -> bool:
    """Whether a run was ended only because its process was not heard of."""
    code = row.error.code if row.error is not None else ""
    return row.status == states.FAILED and code == states.LOST_CONTACT


def free_nodes(connection: Connection, row: RunRow, now: int) -> None:
    """Give the nodes of a run back to its cluster."""
    if row.target != states.LOCAL_TARGET:
        nodes.free(connection, row.workspace, row.id, IDLE, now)


def announce(system: System, row: RunRow, *, work: bool = True) -> None:
    """Wake who follows the run and, with `work`, the scheduler; call it after the write."""
    system.notices.changed(run_topic(row.workspace, row.id))
    system.notices.changed(feed_topic(row.workspace))
    if not row.active:
        system.beating.forget(row.key)
        for below in system.records.read(_ended_below(row)):
            system.notices.changed(run_topic(row.workspace, below.id))
            system.beating.forget(below.key)
    if row.node_count > 1 and (row.cancel_requested or not row.active):
        system.notices.changed(gang_topic(row.workspace, row.id))
    if work:
        system.notices.changed(work_topic(row.subject))


def _ended_below(row: RunRow) -> Callable[[Connection], list[RunRow]]:
    return lambda connection: runs.ended_since(connection, row, states.INTERACTIVE_TARGET)


def _end_alone(
    connection: Connection, row: RunRow, now: int, status: str, error: RunError | None
) -> RunRow:
    if error is None:
        return record(connection, row, now, [moved(status)])
    news = [News(kinds.ERROR, error.message), moved(status, error.message)]
    return record(connection, row, now, news, error=error)


def _failed_above(row: RunRow, below: RunRow, now: int, error: RunError | None) -> RunError:
    """Say of a run that it was open when `row`, somewhere above it, failed."""
    above = "its parent" if below.parent == row.id else "above it"
    text, code = f"{above}, run {row.id}, failed", "UserError"
    if error is not None:
        text, code = f"{text}: {error.message.partition(_LINE_END)[0]}", error.code
    return RunError(code, text, iso(now))


def _append(connection: Connection, row: RunRow, now: int, news: Sequence[News]) -> dict[str, Any]:
    """Write events with the next numbers; give the columns that follow from them."""
    numbered = [
        EventRow(row.last_event + number, n.kind, now, n.message, n.status, n.data)
        for number, n in enumerate(news, start=1)
    ]
    events.append(connection, row.subject, numbered)
    values: dict[str, Any] = {"last_event": row.last_event + len(numbered)}
    warnings = [item.message for item in news if item.kind == kinds.WARNING]
    if warnings:
        values["warnings"] = [*row.warnings, *warnings]
    return values


def _check(row: RunRow, status: str, wanted: str) -> None:
    if wanted not in ALLOWED.get(status, frozenset()):
        raise WrongState(f"run {row.id} is {status} and cannot become {wanted}")


def _entered(connection: Connection, row: RunRow, status: str, now: int) -> dict[str, Any]:
    """Give the columns that change because the run came into another status."""
    values: dict[str, Any] = {"status": status}
    if status != states.QUEUED:
        values["reason"] = None
    if status in (states.RUNNING, states.FINALIZING) and row.started_at is None:
        values["started_at"] = now
    if status == states.CANCEL_REQUESTED:
        values["cancel_requested"] = True
    if status in states.TERMINAL:
        values |= {"active": False, "ended_at": now}
        values["stage_seconds"] = _stage_seconds(connection, row.subject, now)
    return values


def _stage_seconds(connection: Connection, run: Subject, now: int) -> dict[str, float]:
    """Say how long a run was in each stage, from its status events."""
    times = [*events.times_of(connection, run, kinds.STATUS), ("", now)]
    seconds: dict[str, float] = {}
    for (status, since), (_, until) in pairwise(times):
        if status in STAGES:
            seconds[status] = round(seconds.get(status, 0.0) + (until - since) / _SECOND, 6)
    return seconds
