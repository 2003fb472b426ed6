"""The first part of a run's way: from Starting, through its environment, into the queue.

The scheduler does the slow work outside of any write, under a lease; what is written here counts
only if the lease is still its own and the run has not been canceled meanwhile. A run whose
environment exists already goes through in one write.
"""

from collections.abc import Mapping, Sequence

from runyard.protocol import compatibility
from runyard.protocol import events as kinds
from runyard.protocol import runs as states
from runyard.protocol.environments import LockRecord
from runyard.protocol.errors import RunyardError
from runyard.protocol.runs import RunError
from runyard_server.core import leases
from runyard_server.core.clock import iso
from runyard_server.core.events import EventDraft
from runyard_server.core.lifecycle import append_events, end, moved
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.execution.sealing import seal
from runyard_server.store import runs
from runyard_server.store.runs import RunRow
from runyard_server.store.subjects import Subject

_OPEN = (states.STARTING, states.PREPARING)


def begin(work: Work, keys: Sequence[int], token: str) -> list[RunRow]:
    """Lease runs whose environment must be made first; give those that were to be had.

    Args:
        work: The unit of work.
        keys: Keys of the runs' rows.
        token: Who makes the environments.
    """
    return [
        append_events(work, row, _preparing(row))
        for row in runs.find_many(work.connection, keys)
        if row.status in _OPEN and leases.take(work, row.subject, token)
    ]


def enqueue_ready(work: Work, locks: Mapping[int, LockRecord], token: str) -> list[RunRow]:
    """Bring runs whose environment exists into the queue.

    Args:
        work: The unit of work.
        locks: Each run's lock, by key; its notes become warnings of the run.
        token: The scheduler's.
    """
    held = leases.present(work)
    chosen = [
        row
        for row in runs.find_many(work.connection, locks)
        if row.status in _OPEN and leases.is_open_to(held.get(row.subject), token, work.now)
    ]
    leases.give_back(work, [row.subject for row in chosen if row.subject in held])
    return [_enqueue(work, row, locks[row.key]) for row in chosen]


def tell_built(system: System, run: Subject, token: str, why: str, seconds: float) -> None:
    """Write down that a leased run's environment was made, and why none was there.

    Args:
        system: The service's parts.
        run: The run.
        token: Who works on it.
        why: What differs from those made before.
        seconds: How long it took.
    """
    news = EventDraft(
        kinds.STAGE,
        f"environment built in {seconds:.1f} s: {why}",
        data={"stage": states.PREPARING, "environment": "built", "why": why},
    )

    def write(work: Work) -> None:
        row = _leased(work, run, token)
        if row is not None:
            append_events(work, row, [news])

    system.write(write)


def drop(system: System, run: Subject, token: str) -> None:
    """Release a leased run whose environment nobody wants any more.

    Args:
        system: The service's parts.
        run: The run.
        token: Who works on it.
    """

    def write(work: Work) -> None:
        if leases.holds(work, run, token):
            leases.give_back(work, [run])

    system.write(write)


def fail(system: System, run: Subject, token: str, error: Exception) -> None:
    """End a leased run whose environment cannot be made.

    Args:
        system: The service's parts.
        run: The run.
        token: Who works on it.
        error: Why not.
    """
    leased = system.read(lambda work: _leased(work, run, token))
    if leased is None:
        return
    seal(system, leased)

    def write(work: Work) -> None:
        # Again: sealing takes a while, and the run may have been canceled meanwhile.
        row = _leased(work, run, token)
        if row is not None:
            leases.give_back(work, [run])
            end(work, row, states.FAILED, _told(error, iso(work.now)))

    system.write(write)


def _leased(work: Work, run: Subject, token: str) -> RunRow | None:
    """The run if `token` still works on it and it has not ended, else None."""
    row = runs.find(work.connection, run.workspace, run.id)
    counts = row is not None and row.active and leases.holds(work, run, token)
    return row if counts else None


def _preparing(row: RunRow) -> list[EventDraft]:
    return [moved(states.PREPARING)] if row.status == states.STARTING else []


def _enqueue(work: Work, row: RunRow, lock: LockRecord) -> RunRow:
    told = [EventDraft(kinds.WARNING, note) for note in lock.notes if note not in row.warnings]
    news = [*_preparing(row), *told, moved(states.QUEUED)]
    stands_for = compatibility.told(lock.requirements)
    if stands_for:
        given = {compatibility.PROPERTY: stands_for}
        runs.set_properties(work.connection, row.key, given)
    return append_events(work, row, news, environment_lock=lock.digest)


def _told(error: Exception, time: str) -> RunError:
    if isinstance(error, RunyardError):
        code = "UserError" if error.status < 500 else "ServiceError"  # noqa: PLR2004 - HTTP's line
        return RunError(code, error.message, time)
    text = f"the environment could not be made: {type(error).__name__}: {error}"
    return RunError("ServiceError", text, time)
