"""Further attempts of a run that has failed.

    may      the spec says how often (`max_retries`); what no attempt can mend is not tried again
    ports    a process that did not get the port kept for it costs the run nothing: a few more
             attempts, with other ports, are free
    again    every agent has had its last word; nodes, ranks and collected outputs are forgotten,
             the run goes back into the queue, in its old place

Logs and metrics go on where they were. What is known of former attempts is in the events.
"""

from runyard.protocol import events as kinds
from runyard.protocol import jobs as protocol
from runyard.protocol import runs as states
from runyard.protocol.jobs import FinishReport
from runyard_server.core import specs
from runyard_server.core.events import EventDraft
from runyard_server.core.lifecycle import (
    append_events,
    end_children,
    free_nodes,
    moved,
)
from runyard_server.core.work import Work
from runyard_server.store import events, files, gangs, job_nodes
from runyard_server.store.runs import RunRow
from runyard_server.store.subjects import Subject

FREE_ATTEMPTS = 3
OUTPUTS = "outputs/"
_CAUSE = "retry"


def is_due(work: Work, row: RunRow, last: FinishReport) -> bool:
    """Whether a run that came to this end is to begin anew.

    Args:
        work: The unit of work.
        row: The run.
        last: How the attempt ended, of all nodes together.
    """
    if last.outcome != protocol.OUTCOME_FAILED or row.cancel_requested or not row.active:
        return False
    if last.cause == protocol.CAUSE_DEFINITE:
        return False
    return _used(work, row.subject, last.cause) < _allowed(work, row.key, last.cause)


def begin(work: Work, row: RunRow, last: FinishReport) -> RunRow:
    """Put a run, all of whose agents have had their last word, into the queue again.

    Args:
        work: The unit of work.
        row: The run as read in this write.
        last: How the former attempt ended.
    """
    message = _message(work, row, last)
    job_nodes.remove(work.connection, row.key)
    gangs.remove(work.connection, row.key)
    # Or a file that only the former attempt has written would pass for this one's.
    files.remove(work.connection, row.key, OUTPUTS)
    # The other nodes too: in the queue it stands in its old place, so it is the first to get some
    # again.
    free_nodes(work, row)
    end_children(work, row, states.FAILED, last.error)
    news = [EventDraft(kinds.STAGE, message, data={_CAUSE: _kind(last.cause)})]
    if row.status != states.QUEUED:
        news.append(moved(states.QUEUED))
    return append_events(work, row, news)


def _message(work: Work, row: RunRow, last: FinishReport) -> str:
    count = _used(work, row.subject, last.cause) + 1
    allowed = _allowed(work, row.key, last.cause)
    why = last.error.message if last.error else "it failed"
    if last.cause == protocol.CAUSE_PORT:
        return f"attempt {row.attempt + 1}, with other ports ({count} of {allowed}): {why}"
    return f"attempt {row.attempt + 1} (retry {count} of {allowed}): {why}"


def _kind(cause: str) -> str:
    return protocol.CAUSE_PORT if cause == protocol.CAUSE_PORT else "failure"


def _allowed(work: Work, key: int, cause: str) -> int:
    if cause == protocol.CAUSE_PORT:
        return FREE_ATTEMPTS
    return specs.of_run(work, key).max_retries


def _used(work: Work, run: Subject, cause: str) -> int:
    told = events.data_of(work.connection, run, kinds.STAGE)
    return sum(1 for data in told if data.get(_CAUSE) == _kind(cause))
