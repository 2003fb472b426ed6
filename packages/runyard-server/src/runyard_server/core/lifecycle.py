"""The states of a run, and the only way from one to the next.

    Starting -> Preparing -> Queued -> Running -> Finalizing -> Completed | Failed
        |           |          |          |            |
        +-----------+----------+----------+------------+--> CancelRequested -> Canceled
                               ^          |            |
                               +----------+------------+    another attempt

Steps of pipelines come into Starting from NotStarted, or end without ever having begun.

A move writes the row and its events together, so the history never says anything else than the
row. Several moves may share one write: each commit is a wait for the disk. Every function here
that takes a unit of work is given a row that was read in the same one, and sees to it that whoever
follows the run is woken once the write is on disk.

A run ends with its open interactive children: nobody else can say what became of them. Children
that were submitted are jobs of their own and go on.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

from runyard.protocol import events as kinds
from runyard.protocol import runs as states
from runyard.protocol.compute import IDLE
from runyard.protocol.endpoints import REPLICA_RUN
from runyard.protocol.errors import WrongState
from runyard.protocol.pipelines import DRIVEN_TYPES, PIPELINE_RUN, STEP_RUN
from runyard.protocol.runs import RunError
from runyard_server.core import events
from runyard_server.core.clock import SECOND, iso
from runyard_server.core.events import EventDraft
from runyard_server.core.notices import gang_topic, work_topic
from runyard_server.core.work import Work
from runyard_server.store import events as event_rows
from runyard_server.store import nodes, pipelines, runs
from runyard_server.store.runs import RunRow
from runyard_server.store.subjects import ENDPOINT, PIPELINE, SWEEP, Subject

_ENDS = frozenset(states.TERMINAL)
# From any state: v1's run.complete(), run.fail() and run.cancel() act on every run from outside.
_STOPS = _ENDS | {states.CANCEL_REQUESTED}
# That a trial has its environment, and that it has ended.
_TOLD_TO_SWEEPS = _ENDS | {states.QUEUED}
ALLOWED: dict[str, frozenset[str]] = {
    # A step of a pipeline: it begins when its time has come, or is a sweep and Running at once.
    states.NOT_STARTED: _STOPS | {states.STARTING, states.RUNNING},
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
# An expression in an f-string may hold no backslash before Python 3.12.
_LINE_END = "\n"


def moved(status: str, message: str = "") -> EventDraft:
    """The event that brings a run into `status`."""
    return EventDraft(kinds.STATUS, message, status)


def append_events(work: Work, row: RunRow, drafts: Sequence[EventDraft], **changes: Any) -> RunRow:
    """Append events to a run and set columns of it; status events move the run.

    Args:
        work: The unit of work.
        row: The run as read in this write.
        drafts: What happened, in order.
        changes: Columns of `runs` to set beside.

    Returns:
        The row as it is afterwards.

    Raises:
        WrongState: A move that is not allowed; nothing was written.
    """
    status = row.status
    # All are checked before the first is written: a refused move leaves no event.
    for draft in drafts:
        if draft.status is not None:
            _check(row, status, draft.status)
            status = draft.status
    values = _append(work, row, drafts)
    if status != row.status:
        values |= _entered(work, row, status)
    values |= changes
    runs.change(work.connection, row.key, **values)
    changed = replace(row, **values)
    if status != row.status and status in _STOPS:
        _announce_stop(work, changed)
        if status in _ENDS:
            work.finish(changed)
    if status != row.status and status in _TOLD_TO_SWEEPS:
        wake_sweep(work, changed)
    if row.run_type == STEP_RUN and row.parent is not None and status != row.status:
        if status in _ENDS:
            # With what it tells of: a turn of the pipeline reads what is noted, not all its steps.
            pipelines.note(work.connection, row.key)
        work.announce(work_topic(Subject(PIPELINE, row.workspace, row.parent)))
    if row.run_type == REPLICA_RUN and (status != row.status or "reason" in changes):
        # The ids of replicas begin with the endpoint's name, which has no underscore in it.
        endpoint = row.id.partition("_")[0]
        work.announce(work_topic(Subject(ENDPOINT, row.workspace, endpoint)))
    return changed


def begin(work: Work, row: RunRow, news: Sequence[EventDraft]) -> RunRow:
    """Write the first events of a new run, whose row counts them already: see `opening`.

    Args:
        work: The unit of work.
        row: The run, as `opening` made it.
        news: The events that it begins with.
    """
    _append(work, replace(row, last_event=0), [moved(row.status), *news])
    # A step of a pipeline is its pipeline's matter until it begins: of ten thousand at once there
    # is nothing to be looked at.
    if row.status != states.NOT_STARTED:
        wake_scheduler(work, row)
    return row


def opening(row: RunRow, news: Sequence[EventDraft]) -> RunRow:
    """The row of a new run that begins with its first status and `news`."""
    warnings = [item.message for item in news if item.kind == kinds.WARNING]
    return replace(row, last_event=1 + len(news), warnings=warnings)


def end(work: Work, row: RunRow, status: str, error: RunError | None = None) -> RunRow:
    """Bring a run to its end; an ended run stays as it is.

    Args:
        work: The unit of work.
        row: The run as read in this write.
        status: Completed, Failed or Canceled.
        error: Why it failed.
    """
    if not row.active:
        return row
    end_children(work, row, status, error)
    return _end_alone(work, row, status, error)


def end_children(work: Work, row: RunRow, status: str, error: RunError | None = None) -> None:
    """End the open interactive runs below a run, at any depth, as it ends itself.

    Args:
        work: The unit of work.
        row: The run.
        status: Completed, Failed or Canceled.
        error: Why the run failed.
    """
    for below in runs.open_below(work.connection, row, states.INTERACTIVE_TARGET):
        if below.run_type in (*DRIVEN_TYPES, STEP_RUN):
            # Other processes may go on making its trials, and a pipeline's steps are its own.
            continue
        why = _failed_above(row, below, work.now, error) if status == states.FAILED else None
        _end_alone(work, below, status, why)


def correct(
    work: Work,
    row: RunRow,
    status: str,
    error: RunError | None = None,
    told: str = "the process that was lost has been heard of again",
) -> RunRow:
    """Replace the end of a run that was given up by what its process says after all.

    Args:
        work: The unit of work.
        row: The run as read in this write; see `is_lost`.
        status: Completed, Failed or Canceled.
        error: Why it failed.
        told: What the history says of it.
    """
    # Not through `append_events`, which lets nothing leave an end.
    news = [moved(status, told)]
    end_children(work, row, status, error)
    values = {**_append(work, row, news), "status": status, "ended_at": work.now}
    runs.change(work.connection, row.key, error=error, **values)
    wake_scheduler(work, row)
    return replace(row, error=error, **values)


def reopen(work: Work, row: RunRow) -> RunRow:
    """Let a run go on that has ended; only one without a job, whose process says that it does.

    Args:
        work: The unit of work.
        row: The run as read in this write.
    """
    news = [moved(states.RUNNING, "taken up again")]
    values = {
        **_append(work, row, news),
        "status": states.RUNNING,
        "active": True,
        "ended_at": None,
        "error": None,
    }
    runs.change(work.connection, row.key, **values)
    wake_scheduler(work, row)
    return replace(row, **values)


def is_lost(row: RunRow) -> bool:
    """Whether a run was ended only because its process was not heard of."""
    code = row.error.code if row.error is not None else ""
    return row.status == states.FAILED and code == states.LOST_CONTACT


def wake_sweep(work: Work, row: RunRow) -> None:
    """Have the scheduler look at the sweep whose trial a run is, if it is one's."""
    if row.parent is not None and row.id.startswith(row.parent + "_"):
        work.announce(work_topic(Subject(SWEEP, row.workspace, row.parent)))


def free_nodes(work: Work, row: RunRow) -> None:
    """Return the nodes of a run to its cluster."""
    # Places on this machine are counted from the rows of jobs: nothing is held there.
    if row.target != states.LOCAL_TARGET:
        nodes.free(work.connection, row.workspace, row.id, IDLE, work.now)


def wake_scheduler(work: Work, row: RunRow) -> None:
    """Have the scheduler look at a run, once this is on disk."""
    work.announce(work_topic(row.subject))


def _announce_stop(work: Work, row: RunRow) -> None:
    """Wake the scheduler and the run's nodes, for which there is nothing more to do."""
    wake_scheduler(work, row)
    if row.run_type in DRIVEN_TYPES:
        kind = PIPELINE if row.run_type == PIPELINE_RUN else SWEEP
        work.announce(work_topic(Subject(kind, row.workspace, row.id)))
    if row.node_count > 1:
        work.announce(gang_topic(row.workspace, row.id))
    if not row.active and row.target == states.INTERACTIVE_TARGET:
        work.forget(row)


def _end_alone(work: Work, row: RunRow, status: str, error: RunError | None) -> RunRow:
    if error is None:
        return append_events(work, row, [moved(status)])
    news = [EventDraft(kinds.ERROR, error.message), moved(status, error.message)]
    return append_events(work, row, news, error=error)


def _failed_above(row: RunRow, below: RunRow, now: int, error: RunError | None) -> RunError:
    """The error of a run that was still open when `row`, somewhere above it, failed."""
    above = "its parent" if below.parent == row.id else "above it"
    text, code = f"{above}, run {row.id}, failed", "UserError"
    if error is not None:
        text, code = f"{text}: {error.message.partition(_LINE_END)[0]}", error.code
    return RunError(code, text, iso(now))


def _append(work: Work, row: RunRow, news: Sequence[EventDraft]) -> dict[str, Any]:
    """Write events with the next numbers; the columns that follow from them."""
    last = events.append(work, row.subject, news, row.last_event)
    values: dict[str, Any] = {"last_event": last}
    warnings = [item.message for item in news if item.kind == kinds.WARNING]
    if warnings:
        values["warnings"] = [*row.warnings, *warnings]
    return values


def _check(row: RunRow, status: str, wanted: str) -> None:
    if wanted not in ALLOWED.get(status, frozenset()):
        raise WrongState(f"run {row.id} is {status} and cannot become {wanted}")


def _entered(work: Work, row: RunRow, status: str) -> dict[str, Any]:
    """The columns that change because the run came into another status."""
    values: dict[str, Any] = {"status": status}
    # Of a canceled run it says why it was.
    if status != states.QUEUED and row.status != states.CANCEL_REQUESTED:
        values["reason"] = None
    # A script may be over before the beat that tells of its start was taken.
    if status in (states.RUNNING, states.FINALIZING) and row.started_at is None:
        values["started_at"] = work.now
    if status == states.CANCEL_REQUESTED:
        values["cancel_requested"] = True
    if status in states.TERMINAL:
        values |= {"active": False, "ended_at": work.now}
        values["stage_seconds"] = _stage_seconds(work, row.subject)
    return values


def _stage_seconds(work: Work, run: Subject) -> dict[str, float]:
    """How long a run was in each stage, from its status events."""
    times = [*event_rows.times_of(work.connection, run, kinds.STATUS), ("", work.now)]
    seconds: dict[str, float] = {}
    for (status, since), (_, until) in pairwise(times):
        if status in STAGES:
            seconds[status] = round(seconds.get(status, 0.0) + (until - since) / SECOND, 6)
    return seconds
