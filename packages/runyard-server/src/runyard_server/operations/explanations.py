"""Why a run is in its state, in sentences."""

from runyard.protocol import runs as states
from runyard.protocol.endpoints import REPLICA_RUN
from runyard.protocol.queue import QueuedRun, RunExplanation
from runyard_server.core.clock import SECOND, iso
from runyard_server.core.lookups import run_row
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.execution import queueing
from runyard_server.execution.queueing import Likes, span
from runyard_server.store import events
from runyard_server.store.runs import RunRow

_CANCEL = "runyard runs cancel {run}"


def explain(system: System, workspace: str, run: str) -> RunExplanation:
    """Explain why a run is in its state.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        run: Its id.

    Raises:
        RunNotFound: There is no such run.
    """
    most = queueing.places(system)

    def read(work: Work) -> RunExplanation:
        row = run_row(work, workspace, run)
        times = events.came_into(work.connection, workspace, [row.id], row.status)
        waiting = None if row.run_type == REPLICA_RUN else queueing.of_run(work, row, most)
        message, advice = _told(work, row, waiting)
        since = iso(times.get(row.id, row.created_at))
        return RunExplanation(row.id, row.status, since, message, advice, waiting)

    return system.read(read)


def _told(work: Work, row: RunRow, waiting: QueuedRun | None) -> tuple[str, str]:
    if row.status == states.QUEUED:
        if waiting is None:
            return row.reason or "has its nodes, and its agent starts", ""
        return waiting.message, _freed(waiting)
    if row.status == states.RUNNING:
        return _running(row, Likes(work).usual(row), work.now), ""
    if row.status == states.FAILED:
        return _failed(row), f"runyard runs logs {row.id}"
    if row.status == states.CANCEL_REQUESTED:
        return "was asked to stop; it ends once its processes have", ""
    return _MESSAGES.get(row.status, row.status), ""


_MESSAGES = {
    states.STARTING: "was submitted; its environment is looked for",
    states.PREPARING: "its environment is made, or waited for; the build log tells how far it is",
    states.FINALIZING: "its script has ended, and its outputs are delivered",
    states.COMPLETED: "its script has ended without an error",
    states.CANCELED: "was canceled",
}


def _freed(waiting: QueuedRun) -> str:
    if not waiting.holders or waiting.free_nodes >= waiting.node_count:
        return ""
    if waiting.node_count > waiting.nodes:
        return f"raise max_nodes of {waiting.target}: it can have {waiting.nodes} nodes"
    return _CANCEL.format(run=waiting.holders[0].run) + " would free nodes first"


def _running(row: RunRow, usual: float | None, now: int) -> str:
    took = (now - (row.started_at or now)) / SECOND
    if usual is None:
        return f"runs for {span(took)}; no run like it has completed yet"
    late = "longer than" if took > usual else "of"
    return f"runs for {span(took)}, {late} the usual {span(usual)}"


def _failed(row: RunRow) -> str:
    if row.error is None:
        return "failed, and nobody said why"
    return f"failed: {row.error.message}"
