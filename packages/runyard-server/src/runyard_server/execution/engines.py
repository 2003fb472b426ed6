"""What engines say of agents: what these wait for before they begin, and why they were ended."""

from dataclasses import replace

from runyard.protocol import events as kinds
from runyard.protocol import jobs as protocol
from runyard.protocol import runs as states
from runyard.protocol.compute import PREPARING, RUNNING
from runyard.protocol.jobs import FinishReport
from runyard.protocol.runs import RunError
from runyard_server.core.clock import iso
from runyard_server.core.events import EventDraft
from runyard_server.core.lifecycle import append_events
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.execution.sites import site_of
from runyard_server.store import job_nodes, nodes
from runyard_server.store import runs as run_rows
from runyard_server.store.job_nodes import JobNodeRow
from runyard_server.store.runs import RunRow

# What they send to whatever they end.
_STOPPING = ("SIGTERM", "SIGKILL")


def waits(system: System, key: int, node: int, reason: str) -> None:
    """Write down what an agent waits for before it begins, or that it waits no more.

    Args:
        system: The service's parts.
        key: The run's key.
        node: The node's number.
        reason: What it waits for, for people; "" where it waits no more.
    """

    def write(work: Work) -> None:
        present = job_nodes.find(work.connection, key, node)
        if present is None or present.finished_at is not None:
            return
        if not reason and present.handle is not None:
            # How long it may be silent counts from here: until now its engine had it wait.
            job_nodes.change(work.connection, key, node, launched_at=work.now)
        for row in run_rows.find_many(work.connection, [key]):
            state = PREPARING if reason else RUNNING
            of = row.workspace, row.target, [present.node_id]
            nodes.change(work.connection, *of, state=state)
            if row.status == states.QUEUED and row.reason != (reason or None):
                news = [EventDraft(kinds.REASON, reason)] if reason else []
                append_events(work, row, news, reason=reason or None)

    system.write(write)


def explained(system: System, row: RunRow, node: JobNodeRow, word: FinishReport) -> FinishReport:
    """A last word that tells of a stop, with the reason where it was the engine that stopped.

    Args:
        system: The service's parts.
        row: The run.
        node: The node.
        word: What its agent says.
    """
    stopped = word.outcome == protocol.OUTCOME_CANCELED or word.signal in _STOPPING
    if not stopped or row.cancel_requested or node.handle is None:
        return word
    why = site_of(system, row).backend.ended_by(node.handle)
    if not why:
        return word
    error = word.error or RunError("", "", iso(system.clock.now_us()))
    error = replace(error, code="ServiceError", message=why)
    return replace(word, outcome=protocol.OUTCOME_FAILED, error=error)
