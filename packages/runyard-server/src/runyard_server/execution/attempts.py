"""Further attempts of a run that has failed.

    may      the spec says how often (`max_retries`); what no attempt can mend is not tried again
    ports    a process that did not get the port kept for it costs the run nothing: a few more
             attempts, with other ports, are free
    again    every agent has had its last word; nodes, ranks and collected outputs are forgotten,
             the run goes back into the queue, in its old place

Logs and metrics go on where they were. What is known of former attempts is in the events.
"""

import msgspec

from runyard.protocol import events as kinds
from runyard.protocol import jobs as protocol
from runyard.protocol import runs as states
from runyard.protocol.jobs import FinishReport
from runyard.protocol.runs import RunSpec
from runyard_server.core.lifecycle import (
    News,
    end_children,
    free_nodes,
    moved,
    record,
)
from runyard_server.store import events, files, gangs, job_nodes
from runyard_server.store import runs as run_rows
from runyard_server.store.records import Connection
from runyard_server.store.runs import RunRow
from runyard_server.store.subjects import Subject

FREE_ATTEMPTS = 3
OUTPUTS = "outputs/"
_CAUSE = "retry"
_SPEC = msgspec.json.Decoder(RunSpec)


def is_due(connection: Connection, row: RunRow, last: FinishReport) -> bool:
    """Say whether a run that came to this end is to begin anew.

    Args:
        connection: Of the present read or write.
        row: The run.
        last: How the attempt ended, of all nodes together.
    """
    if last.outcome != protocol.OUTCOME_FAILED or row.cancel_requested or not row.active:
        return False
    if last.cause == protocol.CAUSE_DEFINITE:
        return False
    return _used(connection, row.subject, last.cause) < _allowed(connection, row.key, last.cause)


def begin(connection: Connection, row: RunRow, last: FinishReport, now: int) -> RunRow:
    """Put a run, all of whose agents have had their last word, into the queue again.

    Args:
        connection: Of the present write.
        row: The run as read in this write.
        last: How the former attempt ended.
        now: Microseconds since 1970.
    """
    message = _message(connection, row, last)
    job_nodes.remove(connection, row.key)
    gangs.remove(connection, row.key)
    files.remove(connection, row.key, OUTPUTS)
    free_nodes(connection, row, now)
    end_children(connection, row, now, states.FAILED, last.error)
    news = [News(kinds.STAGE, message, data={_CAUSE: _kind(last.cause)})]
    if row.status != states.QUEUED:
        news.append(moved(states.QUEUED))
    return record(connection, row, now, news)


def _message(connection: Connection, row: RunRow, last: FinishReport) -> str:
    count = _used(connection, row.subject, last.cause) + 1
    allowed = _allowed(connection, row.key, last.cause)
    why = last.error.message if last.error else "it failed"
    if last.cause == protocol.CAUSE_PORT:
        return f"attempt {row.attempt + 1}, with other ports ({count} of {allowed}): {why}"
    return f"attempt {row.attempt + 1} (retry {count} of {allowed}): {why}"


def _kind(cause: str) -> str:
    return protocol.CAUSE_PORT if cause == protocol.CAUSE_PORT else "failure"


def _allowed(connection: Connection, key: int, cause: str) -> int:
    if cause == protocol.CAUSE_PORT:
        return FREE_ATTEMPTS
    return _SPEC.decode(run_rows.spec(connection, key)).max_retries


def _used(connection: Connection, run: Subject, cause: str) -> int:
    told = events.data_of(connection, run, kinds.STAGE)
    return sum(1 for data in told if data.get(_CAUSE) == _kind(cause))
