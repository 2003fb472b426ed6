"""Jobs: what an agent is told, and what becomes of what it says.

The scheduler builds a job for each placed node; the agent beats, and says its last word once all
else is delivered. Reports may come twice and after the run has ended: they change nothing then.
Few writes: a beat is written only when the state changes or the last one is some seconds old.
"""

from dataclasses import replace

import msgspec

from runyard.protocol import events as kinds
from runyard.protocol import jobs as protocol
from runyard.protocol import runs as states
from runyard.protocol.errors import NotFound
from runyard.protocol.jobs import (
    AgentReply,
    AgentReport,
    FinishReport,
    JobData,
    JobEnvironment,
    JobSpec,
)
from runyard.protocol.route import Nothing
from runyard.protocol.runs import LOCAL_TARGET, RunError, RunSpec
from runyard.protocol.sizes import VmSize, resolve
from runyard.protocol.timeouts import HEARTBEAT_SECONDS
from runyard_server.compute.base import Job
from runyard_server.core.clock import iso
from runyard_server.core.lifecycle import News, announce, end, free_nodes, moved, record
from runyard_server.core.lookups import datastore_folder, run_row
from runyard_server.core.system import System
from runyard_server.core.tokens import run_token
from runyard_server.execution import attempts, gangs, ranks
from runyard_server.execution.gangs import CLEARED, LOST, SALVAGING, Verdict
from runyard_server.execution.sealing import seal
from runyard_server.execution.sites import environment_left, site_of
from runyard_server.store import compute, experiments, folders, job_nodes, snapshots, workspaces
from runyard_server.store import gangs as told
from runyard_server.store import runs as run_rows
from runyard_server.store.job_nodes import JobNodeRow
from runyard_server.store.records import Connection
from runyard_server.store.runs import RunRow

_BEAT_US = int((HEARTBEAT_SECONDS - 1) * 1_000_000)
_SPEC = msgspec.json.Decoder(RunSpec)
_BEFORE_RUNNING = (states.QUEUED,)
_BEFORE_FINALIZING = (states.QUEUED, states.RUNNING)
_OUTCOMES = {
    protocol.OUTCOME_COMPLETED: states.COMPLETED,
    protocol.OUTCOME_CANCELED: states.CANCELED,
    protocol.OUTCOME_STOPPED: states.COMPLETED,
}


def build(system: System, row: RunRow, node: JobNodeRow, environment: JobEnvironment) -> Job:
    """Make the job of one node of a placed run; its backend finds the places for it.

    Args:
        system: The service's parts.
        row: The run.
        node: The node it was given.
        environment: As it was realised for the node's site.
    """
    job = remains(system, row, node, environment)
    return replace(job, data=_data(system, row.workspace, job.spec))


def remains(system: System, row: RunRow, node: JobNodeRow, environment: JobEnvironment) -> Job:
    """Make the job as cleaning up after it needs it, whatever has become of its data since.

    Args:
        system: The service's parts.
        row: The run.
        node: The node whose agent was lost.
        environment: As it was realised for the node's site.
    """

    def read(connection: Connection) -> Job:
        workspace = workspaces.find(connection, row.workspace)
        experiment = experiments.find(connection, row.workspace, row.experiment)
        snapshot = snapshots.find(connection, row.workspace, row.snapshot or "")
        assert workspace is not None
        assert experiment is not None
        return Job(
            run=row.id,
            workspace=row.workspace,
            workspace_name=workspace.name,
            subscription_id=workspace.subscription_id,
            resource_group=workspace.resource_group,
            experiment_id=experiment.id,
            spec=_SPEC.decode(run_rows.spec(connection, row.key)),
            files=snapshot.files if snapshot else [],
            environment=environment,
            token=run_token(system.secret, row.workspace, row.id),
            node=node.node,
            node_name=node.node_id,
            size=_size(connection, row),
            attempt=node.attempt,
        )

    return system.records.read(read)


def get(system: System, workspace: str, run: str, node: str) -> JobSpec:
    """Give an agent its job, as it was handed to it.

    Raises:
        RunNotFound: No such run in the workspace.
        NotFound: The run has no such node, or nothing was launched on it.
    """
    row, present = system.records.read(lambda c: _node(c, workspace, run, node))
    if present.handle is None:
        raise NotFound(f"nothing was launched on node {node} of run {run}")
    job = build(system, row, present, environment_left(system, row))
    return site_of(system, row).backend.plan(job).job


def report(system: System, workspace: str, run: str, node: str, body: AgentReport) -> AgentReply:
    """Take an agent's beat; move the run where it tells of the next state.

    Raises:
        RunNotFound: No such run in the workspace.
        NotFound: The run has no such node.
    """
    row, present = system.records.read(lambda c: _node(c, workspace, run, node))
    if body.attempt not in (0, present.attempt):
        return AgentReply(cancel=True)
    now = system.clock.now_us()
    if present.finished_at is None:
        system.last_seen.note(row.key, present.node, now)
    fresh = body.tasks is not None and ranks.are_new(
        system.records.read(lambda c: told.of_run(c, row.key)), present.node, body.tasks
    )
    written = present.finished_at is None and (fresh or _tells_news(row, present, body, now))
    if written:
        row = system.records.write(lambda c: _take(c, row.key, present.node, body, now))
        announce(system, row, work=False)
    found = Verdict()
    if row.node_count > 1:
        found = system.records.read(lambda c: gangs.verdict(c, row.key, present.node, now))
        if written:
            gangs.tell(system, row, found, body.state)
    return gangs.reply(row, found)


def finish(system: System, workspace: str, run: str, node: str, body: FinishReport) -> Nothing:
    """Take an agent's last word: close its node, seal what it delivered, end the run.

    Raises:
        RunNotFound: No such run in the workspace.
        NotFound: The run has no such node.
    """
    row, present = system.records.read(lambda c: _node(c, workspace, run, node))
    if present.finished_at is not None or body.attempt not in (0, present.attempt):
        return Nothing()
    number = present.node
    now = system.clock.now_us()
    sealed = system.records.read(lambda c: _is_the_end(c, row.key, number, body, now))
    if sealed:
        seal(system, row)
        now = system.clock.now_us()
    ended = system.records.write(lambda c: _finish(c, row.key, number, body, now, sealed=sealed))
    if ended is None:
        # The last of the others has finished in between.
        return finish(system, workspace, run, node, body)
    if not ended.active or ended.status == states.QUEUED:
        system.last_seen.forget(ended.key)
    else:
        found = system.records.read(lambda c: gangs.verdict(c, row.key, number, now))
        if found.last or body.outcome not in gangs.WELL:
            gangs.wake(system, ended)
    announce(system, ended)
    return Nothing()


def launched(connection: Connection, key: int, node: int, handle: str, now: int) -> bool:
    """Write down the handle of a launched agent; say whether nobody wants the run any more."""
    job_nodes.change(connection, key, node, handle=handle, launched_at=now)
    rows = run_rows.find_many(connection, [key])
    return any(row.cancel_requested or not row.active for row in rows)


def lost(connection: Connection, key: int, node: int, reason: str, now: int) -> None:
    """Write down that an agent is gone without a last word.

    Args:
        connection: Of the present write.
        key: The run's key.
        node: The node's number.
        reason: What is known of how it went.
        now: Microseconds since 1970.
    """
    present = job_nodes.find(connection, key, node)
    if present is None or present.finished_at is not None or present.state == SALVAGING:
        return
    job_nodes.change(connection, key, node, state=SALVAGING, handle=None, beat_at=now)
    for row in run_rows.find_many(connection, [key]):
        record(connection, row, now, [News(kinds.STAGE, f"{reason}; saving what it left")])


def lose(system: System, row: RunRow, node: int, reason: str) -> None:
    """Speak the last word for a node that nobody can reach; the others hear that it failed.

    Its agent, should it live, is told with its next beat that nobody waits for it any more.

    Args:
        system: The service's parts.
        row: The run.
        node: The node's number.
        reason: What is known of how it went.
    """
    now = system.clock.now_us()

    def write(connection: Connection) -> None:
        present = job_nodes.find(connection, row.key, node)
        if present is None or present.finished_at is not None:
            return
        heard = max(present.beat_at or 0, system.last_seen.last(row.key, node))
        job_nodes.change(connection, row.key, node, state=LOST, beat_at=heard)
        for current in run_rows.find_many(connection, [row.key]):
            record(connection, current, now, [News(kinds.STAGE, reason)])

    system.records.write(write)
    error = RunError("ServiceError", reason, iso(now))
    word = FinishReport(protocol.OUTCOME_FAILED, error=error)
    finish(system, row.workspace, row.id, str(node), body=word)


def cleared(system: System, key: int, node: int, attempt: int) -> None:
    """Write down that nothing is left of the agent of a node that was given up."""

    def write(connection: Connection) -> None:
        present = job_nodes.find(connection, key, node)
        if present is not None and (present.state, present.attempt) == (LOST, attempt):
            job_nodes.change(connection, key, node, state=CLEARED)

    system.records.write(write)


def abandon(system: System, key: int, reason: str) -> list[RunRow]:
    """End a run whose agent can say nothing any more: Failed, or Canceled if that was asked."""
    for row in system.records.read(lambda c: run_rows.find_many(c, [key])):
        seal(system, row)
    now = system.clock.now_us()
    error = RunError("ServiceError", reason, iso(now))

    def write(connection: Connection) -> list[RunRow]:
        rows = run_rows.find_many(connection, [key])
        job_nodes.close(connection, key, now)
        return [_end(connection, row, now, states.FAILED, error) for row in rows]

    system.last_seen.forget(key)
    ended = system.records.write(write)
    for row in ended:
        announce(system, row)
    return ended


def _tells_news(row: RunRow, node: JobNodeRow, body: AgentReport, now: int) -> bool:
    if body.state == protocol.STATE_RUNNING and row.status in _BEFORE_RUNNING:
        return True
    if body.state == protocol.STATE_FINALIZING and row.status in _BEFORE_FINALIZING:
        return True
    if body.tasks is not None and body.state != node.state:
        return True
    if body.message or any(text not in row.warnings for text in body.warnings):
        return True
    return now - (node.beat_at or 0) > _BEAT_US


def _take(connection: Connection, key: int, node: int, body: AgentReport, now: int) -> RunRow:
    row = run_rows.find_many(connection, [key])[0]
    present = job_nodes.find(connection, key, node)
    assert present is not None
    state = present.state if present.state in (SALVAGING, LOST) else body.state
    job_nodes.change(
        connection, key, node, state=state, pid=body.pid or None, host=body.host, beat_at=now
    )
    news = []
    if body.tasks is not None:
        news += ranks.tell(connection, key, present, body.tasks, now)
    news += [News(kinds.WARNING, text) for text in body.warnings if text not in row.warnings]
    changes = {}
    if body.message and row.status == states.FINALIZING:
        # It is delivering for so long that somebody may ask what it waits for.
        news.append(News(kinds.REASON, body.message))
        changes["reason"] = body.message
    elif body.message:
        news.append(News(kinds.STAGE, body.message))
    if body.state == protocol.STATE_RUNNING and row.status in _BEFORE_RUNNING:
        news.append(moved(states.RUNNING))
    if body.state == protocol.STATE_FINALIZING and row.status in _BEFORE_FINALIZING:
        news.append(moved(states.FINALIZING))
    return record(connection, row, now, news, **changes) if news else row


def _others(
    connection: Connection, key: int, node: int, body: FinishReport, now: int
) -> list[JobNodeRow]:
    """Give the other nodes of a run whose last word is awaited; of a failed run, if they came."""
    present = job_nodes.of_run(connection, key)
    others = [row for row in present if row.node != node and row.finished_at is None]
    words = [body, *(row.finish for row in present if row.finish is not None)]
    if all(word.outcome != protocol.OUTCOME_FAILED for word in words):
        return others
    return [row for row in others if not gangs.is_silent(row, now)]


def _is_the_end(connection: Connection, key: int, node: int, body: FinishReport, now: int) -> bool:
    """Whether a last word ends the run: it is the last, and no further attempt is due."""
    if _others(connection, key, node, body, now):
        return False
    row = run_rows.find_many(connection, [key])[0]
    return not attempts.is_due(connection, row, _together(connection, row, node, body, now))


def _together(
    connection: Connection, row: RunRow, node: int, body: FinishReport, now: int
) -> FinishReport:
    """Join the last words of all nodes, with that of `node` as the last."""
    if row.node_count == 1:
        return body
    present = [
        replace(each, finished_at=now, finish=body) if each.node == node else each
        for each in job_nodes.of_run(connection, row.key)
    ]
    return gangs.outcome(present, told.of_run(connection, row.key))


def _finish(
    connection: Connection, key: int, node: int, body: FinishReport, now: int, *, sealed: bool
) -> RunRow | None:
    """Write a last word down; the last node's ends the run. None: seal first, then again."""
    others = _others(connection, key, node, body, now)
    if not others and not sealed and _is_the_end(connection, key, node, body, now):
        return None
    job_nodes.change(connection, key, node, finished_at=now, finish=body)
    row = run_rows.find_many(connection, [key])[0]
    fresh = [News(kinds.WARNING, text) for text in body.warnings if text not in row.warnings]
    if fresh:
        row = record(connection, row, now, fresh)
    if others:
        return row
    body = _together(connection, row, node, body, now)
    if attempts.is_due(connection, row, body):
        return attempts.begin(connection, row, body, now)
    job_nodes.close(connection, key, now)
    status = _OUTCOMES.get(body.outcome, states.FAILED)
    error = None
    if status == states.FAILED:
        given = body.error or RunError("UserError", _how_it_ended(body))
        error = given if given.time else replace(given, time=iso(now))
    return _end(connection, row, now, status, error)


def _end(
    connection: Connection, row: RunRow, now: int, status: str, error: RunError | None
) -> RunRow:
    """End a run and free its nodes; what failed after a cancel was asked for is canceled."""
    if status == states.FAILED and row.cancel_requested:
        status, error = states.CANCELED, None
    free_nodes(connection, row, now)
    return end(connection, row, now, status, error)


def _how_it_ended(body: FinishReport) -> str:
    if body.signal:
        return f"the script was killed by {body.signal}"
    if body.exit_code is not None:
        return f"the script ended with exit code {body.exit_code}"
    return "the job failed"


def _node(connection: Connection, workspace: str, run: str, node: str) -> tuple[RunRow, JobNodeRow]:
    row = run_row(connection, workspace, run)
    number = int(node) if node.isascii() and node.isdigit() else -1
    present = job_nodes.find(connection, row.key, number)
    if present is None:
        raise NotFound(f"run {run} has no node {node[:20]!r}")
    return row, present


def _size(connection: Connection, row: RunRow) -> VmSize | None:
    """What a node of the run's target shall have; None: whatever there is."""
    if row.target == LOCAL_TARGET:
        return None
    cluster = compute.find(connection, row.workspace, row.target)
    size, _ = resolve(cluster.vm_size if cluster else "")
    return size


def _data(system: System, workspace: str, spec: RunSpec) -> list[JobData]:
    found = []
    for reference in spec.data:
        root = datastore_folder(system, workspace, reference.datastore)
        path = reference.path.strip("/")
        source = root if path in ("", ".") else folders.inside(root, path)
        to_make = reference.path.endswith("/") and not source.exists()
        found.append(
            JobData(
                name=reference.name,
                mode=reference.mode,
                source=f"{source}/" if to_make else str(source),
                path_on_compute=reference.path_on_compute,
                overwrite=reference.overwrite,
            )
        )
    return found
