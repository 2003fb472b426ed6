"""Another place in a queue, for whoever asks: by a priority, or right before or after another run.

A place is a number among the runs of one priority (`store.queues.place`): that of a run that nobody
has moved follows from its age, and those of two neighbours are so far apart that others fit between
them. So a move changes the run that is moved and no other.
"""

from runyard.protocol import events as kinds
from runyard.protocol import runs as states
from runyard.protocol.errors import InvalidRequest, WrongState
from runyard.protocol.pipelines import DRIVEN_TYPES
from runyard.protocol.queue import Prioritize
from runyard.protocol.runs import QUEUED
from runyard_server.core.events import EventDraft
from runyard_server.core.lifecycle import append_events, wake_scheduler
from runyard_server.core.lookups import run_row
from runyard_server.core.work import Work
from runyard_server.execution.placement import queue_of, target_of
from runyard_server.execution.queueing import LONGEST
from runyard_server.store import job_nodes, runs
from runyard_server.store.queues import place
from runyard_server.store.runs import RunRow
from runyard_server.store.schema import PLACES_APART

_WAITING = (states.NOT_STARTED, states.STARTING, states.PREPARING, states.QUEUED)


def change(work: Work, row: RunRow, wanted: Prioritize) -> RunRow:
    """Change the priority of a run, or its place in the queue.

    Args:
        work: The unit of work.
        row: The run as read in this write.
        wanted: What is asked for.

    Raises:
        RunNotFound: There is no such other run.
        InvalidRequest: Not exactly one change is asked for.
        WrongState: The run waits for nothing, or the other one does not wait in the same queue.
    """
    given = [each for each in (wanted.priority, wanted.before, wanted.after) if each is not None]
    if len(given) != 1:
        raise InvalidRequest("give one of priority, before and after: each is a place by itself")
    _check_waits(work, row)
    if wanted.priority is not None:
        return _changed(work, row, wanted.priority, None, f"priority {wanted.priority}")
    if row.run_type in DRIVEN_TYPES:
        raise InvalidRequest(
            f"run {row.id} is a sweep or a pipeline: give what is below it a priority, or move one"
        )
    name = wanted.before or wanted.after or ""
    other = run_row(work, row.workspace, name)
    found = _place_beside(work, row, other, first=wanted.before is not None)
    side = "before" if wanted.before is not None else "after"
    told = f"moved {side} {other.experiment} {other.number}"
    return _changed(work, row, other.priority, found, told)


def _changed(work: Work, row: RunRow, priority: int, place_: int | None, told: str) -> RunRow:
    if (priority, place_) == (row.priority, row.place):
        return row
    draft = EventDraft(kinds.CHANGED, told, data={"priority": str(priority)})
    work.add_detail(told)
    changed = append_events(work, row, [draft], priority=priority, place=place_)
    if row.run_type in DRIVEN_TYPES:
        runs.prioritize_below(work.connection, row, priority, _WAITING)
    # It may be first now, and then says what it waits for; or there is room for it.
    wake_scheduler(work, changed)
    return changed


def _check_waits(work: Work, row: RunRow) -> None:
    if row.run_type in DRIVEN_TYPES and row.active:
        return
    if row.status not in _WAITING:
        raise WrongState(f"run {row.id} is {row.status}: only what waits has a place in a queue")
    if job_nodes.of_run(work.connection, row.key):
        raise WrongState(f"run {row.id} has its nodes already: it waits in no queue any more")


def _place_beside(work: Work, row: RunRow, other: RunRow, *, first: bool) -> int:
    """The number between another run and its neighbour on one side.

    Args:
        work: The unit of work.
        row: The run that is moved.
        other: The other run.
        first: It goes before the other one, not after it.
    """
    queue = queue_of(target_of(row)).first(work.connection, LONGEST)
    order = [each for each in queue if each.key != row.key]
    at = next((index for index, each in enumerate(order) if each.key == other.key), None)
    if row.status != QUEUED or at is None or len(order) == len(queue):
        raise WrongState(
            f"{row.id} and {other.id} are not both among the next {LONGEST} runs that wait for "
            f"{row.target!r}; give a priority in place of a neighbour"
        )
    beside = at - 1 if first else at + 1
    neighbour = order[beside] if 0 <= beside < len(order) else None
    if neighbour is None or neighbour.priority != other.priority:
        # Half a step, so that it is not where a run is that nobody has moved.
        return place(other) + (-PLACES_APART if first else PLACES_APART) // 2
    between = (place(other) + place(neighbour)) // 2
    if between in (place(other), place(neighbour)):
        raise WrongState(
            f"so many runs were moved between {neighbour.id} and {other.id} that no more fit; "
            "move it beside another run, or give it a priority"
        )
    return between
