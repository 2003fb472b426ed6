"""The first part of a run's way: from Starting, through its environment, into the queue.

The scheduler does the slow work outside of any write, under a lease; what is written here counts
only if the lease is still its own and the run has not been canceled meanwhile. A run whose
environment exists already goes through in one write.
"""

from collections.abc import Mapping, Sequence

from runyard.protocol import events as kinds
from runyard.protocol import runs as states
from runyard.protocol.environments import LockRecord
from runyard.protocol.errors import RunyardError
from runyard.protocol.runs import RunError
from runyard_server.core import leases
from runyard_server.core.clock import iso
from runyard_server.core.lifecycle import News, announce, end, moved, record
from runyard_server.core.system import System
from runyard_server.execution.sealing import seal
from runyard_server.store import runs
from runyard_server.store.records import Connection
from runyard_server.store.runs import RunRow
from runyard_server.store.subjects import Subject

_OPEN = (states.STARTING, states.PREPARING)


def begin(connection: Connection, keys: Sequence[int], token: str, now: int) -> list[RunRow]:
    """Lease runs whose environment must be made first; give those that were to be had."""
    return [
        record(connection, row, now, _preparing(row))
        for row in runs.find_many(connection, keys)
        if row.status in _OPEN and leases.take(connection, row.subject, token, now)
    ]


def enqueue_ready(
    connection: Connection, locks: Mapping[int, LockRecord], token: str, now: int
) -> list[RunRow]:
    """Bring runs whose environment exists into the queue.

    Args:
        connection: Of the present write.
        locks: Each run's lock, by key; its notes become warnings of the run.
        token: The scheduler's.
        now: Microseconds since 1970.
    """
    held = leases.present(connection)
    chosen = [
        row
        for row in runs.find_many(connection, locks)
        if row.status in _OPEN and leases.is_open_to(held.get(row.subject), token, now)
    ]
    leases.give_back(connection, [row.subject for row in chosen if row.subject in held])
    return [_enqueue(connection, row, locks[row.key], now) for row in chosen]


def drop(system: System, run: Subject, token: str) -> None:
    """Give back a leased run whose environment nobody wants any more."""

    def write(connection: Connection) -> None:
        if leases.holds(connection, run, token):
            leases.give_back(connection, [run])

    system.records.write(write)


def fail(system: System, run: Subject, token: str, error: Exception) -> None:
    """End a leased run whose environment cannot be made."""
    leased = system.records.read(lambda c: _leased(c, run, token))
    if leased is None:
        return
    seal(system, leased)
    now = system.clock.now_us()

    def write(connection: Connection) -> RunRow | None:
        row = _leased(connection, run, token)
        if row is None:
            return None
        leases.give_back(connection, [run])
        return end(connection, row, now, states.FAILED, _told(error, iso(now)))

    row = system.records.write(write)
    if row is not None:
        announce(system, row)


def _leased(connection: Connection, run: Subject, token: str) -> RunRow | None:
    """Give the run if `token` still works on it and it has not ended, else None."""
    row = runs.find(connection, run.workspace, run.id)
    counts = row is not None and row.active and leases.holds(connection, run, token)
    return row if counts else None


def _preparing(row: RunRow) -> list[News]:
    return [moved(states.PREPARING)] if row.status == states.STARTING else []


def _enqueue(connection: Connection, row: RunRow, lock: LockRecord, now: int) -> RunRow:
    told = [News(kinds.WARNING, note) for note in lock.notes if note not in row.warnings]
    news = [*_preparing(row), *told, moved(states.QUEUED)]
    return record(connection, row, now, news, environment_lock=lock.digest)


def _told(error: Exception, time: str) -> RunError:
    if isinstance(error, RunyardError):
        code = "UserError" if error.status < 500 else "ServiceError"  # noqa: PLR2004 - HTTP's line
        return RunError(code, error.message, time)
    text = f"the environment could not be made: {type(error).__name__}: {error}"
    return RunError("ServiceError", text, time)
