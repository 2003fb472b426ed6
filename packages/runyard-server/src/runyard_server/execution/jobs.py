"""Jobs: what an agent is told, and what becomes of what it says.

The scheduler builds a job for each placed node; the agent beats, and says its last word once all
else is delivered. Reports may come twice and after the run has ended: they change nothing then.
Few writes: a beat is written only when the state changes or the last one is some seconds old.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from runyard.protocol import events as kinds
from runyard.protocol import jobs as protocol
from runyard.protocol import runs as states
from runyard.protocol.datasets import RunOutput
from runyard.protocol.errors import NotFound
from runyard.protocol.files import FileEntry
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
from runyard.protocol.timeouts import AGENT_LOST_SECONDS, HEARTBEAT_SECONDS
from runyard_server.compute.base import Job
from runyard_server.core import specs
from runyard_server.core.clock import SECOND, iso
from runyard_server.core.datastore_files import is_direct
from runyard_server.core.events import EventDraft
from runyard_server.core.lifecycle import (
    append_events,
    end,
    free_nodes,
    moved,
    wake_scheduler,
)
from runyard_server.core.lookups import datastore_row, folder_of_row, node_row
from runyard_server.core.system import System
from runyard_server.core.tokens import run_token
from runyard_server.core.work import Work
from runyard_server.execution import (
    attempts,
    engines,
    gangs,
    ranks,
    run_containers,
    run_data,
    sealing,
)
from runyard_server.execution.gangs import CLEARED, LOST, SALVAGING, Verdict
from runyard_server.execution.sealing import seal
from runyard_server.execution.sites import environment_left, site_of
from runyard_server.store import (
    compute,
    experiments,
    files,
    folders,
    job_nodes,
    snapshots,
    workspaces,
)
from runyard_server.store import gangs as told
from runyard_server.store import runs as run_rows
from runyard_server.store.files import FileRow
from runyard_server.store.job_nodes import JobNodeRow
from runyard_server.store.runs import RunRow

_OUTPUTS = "outputs/"
# A second less than the interval: beats come a little early at times, and would be passed over.
_BEAT_US = int((HEARTBEAT_SECONDS - 1) * SECOND)
# Of a run of one process a beat says only that it lives, which memory keeps: written at each, ten
# thousand such runs would be two thousand writes a second.
_QUIET_BEAT_US = int(AGENT_LOST_SECONDS * SECOND)
_BEFORE_RUNNING = (states.QUEUED,)
_BEFORE_FINALIZING = (states.QUEUED, states.RUNNING)
_OUTCOMES = {
    protocol.OUTCOME_COMPLETED: states.COMPLETED,
    protocol.OUTCOME_CANCELED: states.CANCELED,
    # Parameter servers never end by themselves: to be stopped is their good end.
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
    shared = site_of(system, row).backend.capabilities().shares_files
    return replace(
        job,
        data=_data(system, row, job.spec, shared=shared),
        inputs=run_data.inputs(system, row, job.spec, shared=shared),
        resumed=_resumed(system, row.workspace, job.spec),
    )


def remains(system: System, row: RunRow, node: JobNodeRow, environment: JobEnvironment) -> Job:
    """Make the job as cleaning up after it needs it, whatever has become of its data since.

    Args:
        system: The service's parts.
        row: The run.
        node: The node whose agent was lost.
        environment: As it was realised for the node's site.
    """

    def read(work: Work) -> Job:
        workspace = workspaces.find(work.connection, row.workspace)
        experiment = experiments.find(work.connection, row.workspace, row.experiment)
        snapshot = snapshots.find(work.connection, row.workspace, row.snapshot or "")
        assert workspace is not None
        assert experiment is not None
        return Job(
            run=row.id,
            workspace=row.workspace,
            workspace_name=workspace.name,
            subscription_id=workspace.subscription_id,
            resource_group=workspace.resource_group,
            experiment_id=experiment.id,
            spec=specs.of_run(work, row.key),
            files=snapshot.files if snapshot else [],
            environment=environment,
            token=run_token(system.secret, row.workspace, row.id),
            node=node.node,
            node_name=node.node_id,
            size=_size(work, row),
            attempt=node.attempt,
            system_metrics=system.settings.system_metrics,
        )

    return run_containers.contained(system, site_of(system, row), system.read(read))


def get(system: System, workspace: str, run: str, node: str) -> JobSpec:
    """The job of an agent, as it was handed to it.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        run: Id of the run.
        node: Number of the node within the run.

    Raises:
        RunNotFound: No such run in the workspace.
        NotFound: The run has no such node, or nothing was launched on it.
    """
    row, present = system.read(lambda work: node_row(work, workspace, run, node))
    if present.handle is None:
        raise NotFound(f"nothing was launched on node {node} of run {run}")
    job = build(system, row, present, environment_left(system, row))
    return site_of(system, row).backend.plan(job).job


def report(system: System, workspace: str, run: str, node: str, body: AgentReport) -> AgentReply:
    """Take an agent's beat; move the run where it tells of the next state.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        run: Id of the run.
        node: Number of the node within the run.
        body: What is asked for.

    Raises:
        RunNotFound: No such run in the workspace.
        NotFound: The run has no such node.
    """
    row, present = system.read(lambda work: node_row(work, workspace, run, node))
    # 0 is an agent that does not tell its attempt; any other is of one that is over.
    if body.attempt not in (0, present.attempt):
        return AgentReply(cancel=True)
    if present.finished_at is None:
        now = system.clock.now_us()
        system.last_seen.note(row.subject, present.node, now)
        # A beat without news is kept in memory: a write for each would sync the disk all day.
        if _tells_news(row, present, body, now) or _tells_of_tasks(system, present, body):
            return system.write(lambda work: _take(work, row.key, present.node, body))
    if row.node_count == 1:
        return gangs.reply(row, Verdict())
    return gangs.reply(row, system.read(lambda work: gangs.verdict(work, row.key, present.node)))


def finish(system: System, workspace: str, run: str, node: str, body: FinishReport) -> Nothing:
    """Take an agent's last word: close its node, seal what it delivered, end the run.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        run: Id of the run.
        node: Number of the node within the run.
        body: What is asked for.

    Raises:
        RunNotFound: No such run in the workspace.
        NotFound: The run has no such node.
    """
    row, present = system.read(lambda work: node_row(work, workspace, run, node))
    if _is_past(present, body):
        return Nothing()
    _close(system, row, present.node, engines.explained(system, row, present, body))
    return Nothing()


def launched(system: System, key: int, node: int, handle: str) -> bool:
    """Write down the handle of a launched agent.

    Args:
        system: The service's parts.
        key: The run's key.
        node: The node's number.
        handle: What its backend knows the agent by.

    Returns:
        Whether nobody wants the run any more.
    """

    def write(work: Work) -> bool:
        job_nodes.change(work.connection, key, node, handle=handle, launched_at=work.now)
        rows = run_rows.find_many(work.connection, [key])
        return any(row.cancel_requested or not row.active for row in rows)

    return system.write(write)


def delayed(system: System, key: int, node: int, cause: str) -> bool:
    """Write down why the agents of a run that has its nodes cannot be launched yet.

    Args:
        system: The service's parts.
        key: The run's key.
        node: The number of the node whose agent was to be launched.
        cause: Why not, and what would help.

    Returns:
        Whether that is news: a gang's other nodes often wait for the same.
    """

    def is_news(row: RunRow) -> bool:
        told = (row.reason or "").endswith(f": {cause}")
        return row.active and row.status == states.QUEUED and not told

    def write(work: Work) -> bool:
        news = list(filter(is_news, run_rows.find_many(work.connection, [key])))
        for row in news:
            reason = f"waiting for node {node}: {cause}"
            append_events(work, row, [EventDraft(kinds.REASON, reason)], reason=reason)
        return bool(news)

    # It is tried again every second, by each node of a gang: only what is new is worth a write.
    if any(map(is_news, system.read(lambda work: run_rows.find_many(work.connection, [key])))):
        return system.write(write)
    return False


def lost(system: System, key: int, node: int, reason: str) -> None:
    """Write down that an agent is gone without a last word.

    Args:
        system: The service's parts.
        key: The run's key.
        node: The node's number.
        reason: What is known of how it went.
    """

    def write(work: Work) -> None:
        present = job_nodes.find(work.connection, key, node)
        if present is None or present.finished_at is not None or present.state == SALVAGING:
            return
        job_nodes.change(work.connection, key, node, state=SALVAGING, handle=None, beat_at=work.now)
        for row in run_rows.find_many(work.connection, [key]):
            append_events(work, row, [EventDraft(kinds.STAGE, f"{reason}; saving what it left")])
            # The other nodes have failed with it.
            gangs.wake(work, row)

    system.write(write)


def lose(system: System, row: RunRow, node: int, reason: str) -> None:
    """Speak the last word for a node that nobody can reach; the others hear that it failed.

    Its agent, should it live, is told with its next beat that nobody waits for it any more.

    Args:
        system: The service's parts.
        row: The run.
        node: The node's number.
        reason: What is known of how it went.
    """

    def write(work: Work) -> int:
        present = job_nodes.find(work.connection, row.key, node)
        if present is None or present.finished_at is not None:
            return work.now
        # Of most beats the database knows nothing.
        heard = max(present.beat_at or 0, system.last_seen.last(row.subject, node))
        job_nodes.change(work.connection, row.key, node, state=LOST, beat_at=heard)
        for current in run_rows.find_many(work.connection, [row.key]):
            append_events(work, current, [EventDraft(kinds.STAGE, reason)])
        return work.now

    error = RunError("ServiceError", reason, iso(system.write(write)))
    _close(system, row, node, FinishReport(protocol.OUTCOME_FAILED, error=error))


def cleared(system: System, key: int, node: int, attempt: int) -> None:
    """Write down that nothing is left of the agent of a node that was given up.

    Args:
        system: The service's parts.
        key: Key of the run's row.
        node: Number of the node within the run.
        attempt: Which attempt of the run, from 1.
    """

    def write(work: Work) -> None:
        present = job_nodes.find(work.connection, key, node)
        if present is not None and (present.state, present.attempt) == (LOST, attempt):
            job_nodes.change(work.connection, key, node, state=CLEARED)

    system.write(write)


def abandon(system: System, key: int, reason: str) -> list[RunRow]:
    """End a run whose agent can say nothing any more: Failed, or Canceled if that was asked.

    Args:
        system: The service's parts.
        key: Key of the run's row.
        reason: Why, in words.
    """
    for row in system.read(lambda work: run_rows.find_many(work.connection, [key])):
        seal(system, row)

    def write(work: Work) -> list[RunRow]:
        error = RunError("ServiceError", reason, iso(work.now))
        rows = run_rows.find_many(work.connection, [key])
        job_nodes.close(work.connection, key, work.now)
        for row in rows:
            work.forget(row)
            # Of one that has ended before, the folder is still to be seen to.
            wake_scheduler(work, row)
        return [_end(work, row, states.FAILED, error) for row in rows]

    return system.write(write)


def _tells_news(row: RunRow, node: JobNodeRow, body: AgentReport, now: int) -> bool:
    if body.state == protocol.STATE_RUNNING and row.status in _BEFORE_RUNNING:
        return True
    if body.state == protocol.STATE_FINALIZING and row.status in _BEFORE_FINALIZING:
        return True
    if body.tasks is not None and body.state != node.state:
        return True
    if body.message or any(text not in row.warnings for text in body.warnings):
        return True
    pause = _QUIET_BEAT_US if body.tasks is None else _BEAT_US
    return now - (node.beat_at or 0) > pause


def _tells_of_tasks(system: System, node: JobNodeRow, body: AgentReport) -> bool:
    """Whether a beat tells more of a node's processes than what they use."""
    if body.tasks is None:
        return False
    known = system.read(lambda work: told.of_run(work.connection, node.run_key))
    return ranks.are_new(known, node.node, body.tasks)


def _take(work: Work, key: int, node: int, body: AgentReport) -> AgentReply:
    """Write down what a node has told, and work out what it is to do now."""
    row = run_rows.find_many(work.connection, [key])[0]
    present = job_nodes.find(work.connection, key, node)
    assert present is not None
    # A late beat of the agent that was given up must not bring it back.
    state = present.state if present.state in (SALVAGING, LOST) else body.state
    job_nodes.change(
        work.connection,
        key,
        node,
        state=state,
        pid=body.pid or None,
        host=body.host,
        beat_at=work.now,
    )
    news = []
    if body.tasks is not None:
        news += ranks.tell(work, key, present, body.tasks)
    news += [EventDraft(kinds.WARNING, text) for text in body.warnings if text not in row.warnings]
    changes = {}
    if body.message and row.status == states.FINALIZING:
        # It is delivering for so long that somebody may ask what it waits for.
        news.append(EventDraft(kinds.REASON, body.message))
        changes["reason"] = body.message
    elif body.message:
        news.append(EventDraft(kinds.STAGE, body.message))
    if body.state == protocol.STATE_RUNNING and row.status in _BEFORE_RUNNING:
        news.append(moved(states.RUNNING))
    if body.state == protocol.STATE_FINALIZING and row.status in _BEFORE_FINALIZING:
        news.append(moved(states.FINALIZING))
    if news:
        row = append_events(work, row, news, **changes)
    if row.node_count == 1:
        return gangs.reply(row, Verdict())
    found = gangs.verdict(work, key, node)
    gangs.tell(work, row, found, body.state)
    return gangs.reply(row, found)


def _is_past(present: JobNodeRow, word: FinishReport) -> bool:
    """Whether a node has had its last word, or this one is of an attempt that is over."""
    return present.finished_at is not None or word.attempt not in (0, present.attempt)


def _is_the_end(work: Work, key: int, node: int, body: FinishReport) -> bool:
    """Whether a last word ends the run: it is the last, and no further attempt is due."""
    present = job_nodes.find(work.connection, key, node)
    # Meanwhile another node, for which this one was silent, may have begun the next attempt.
    if present is None or _is_past(present, body) or gangs.others(work, key, node, body):
        return False
    row = run_rows.find_many(work.connection, [key])[0]
    return not attempts.is_due(work, row, _together(work, row, node, body))


def _together(work: Work, row: RunRow, node: int, body: FinishReport) -> FinishReport:
    """Join the last words of all nodes, with that of `node` as the last."""
    rows = job_nodes.of_run(work.connection, row.key)
    # An attempt that is over has none left.
    if row.node_count == 1 or not rows:
        return body
    present = [
        replace(each, finished_at=work.now, finish=body) if each.node == node else each
        for each in rows
    ]
    return gangs.outcome(present, told.of_run(work.connection, row.key))


def _close(system: System, row: RunRow, node: int, word: FinishReport) -> None:
    """Close a node with its last word; what the run has delivered is sealed before it ends."""
    sealed = system.read(lambda work: _is_the_end(work, row.key, node, word))
    while not _closed(system, row, node, word, sealed=sealed):
        # The last of the others has finished in between: now this one is the last.
        sealed = True


def _closed(system: System, row: RunRow, node: int, word: FinishReport, *, sealed: bool) -> bool:
    logs = None
    if sealed:
        word = _with_outputs(system, row, node, word)
        sealing.merge_metrics(system, row.key)
        # Looked for here and written with the end: one commit less for each run.
        logs = sealing.logs_of(system, row.workspace, row.id)
    return system.write(lambda work: _write_down(work, row.key, node, word, logs))


def _with_outputs(system: System, row: RunRow, node: int, word: FinishReport) -> FinishReport:
    """Write down what a run that completes has made; give the last word with what is to be told."""

    def read(work: Work) -> list[RunOutput]:
        together = _together(work, row, node, word)
        well = _OUTCOMES.get(together.outcome) == states.COMPLETED
        return specs.of_run(work, row.key).outputs if well else []

    warnings = run_data.note_outputs(system, row, system.read(read))
    return replace(word, warnings=[*word.warnings, *warnings]) if warnings else word


def _write_down(
    work: Work, key: int, node: int, word: FinishReport, logs: Sequence[FileRow] | None
) -> bool:
    """Write a last word down, unless it ends a run that is not sealed yet.

    Args:
        work: The unit of work.
        key: Key of the run's row.
        node: Number of the node within the run.
        word: The last word.
        logs: The logs of a run that is sealed but for them; None where nothing is yet.

    Returns:
        Whether it was written, or need not be.
    """
    present = job_nodes.find(work.connection, key, node)
    if present is None or _is_past(present, word):
        return True
    # Sealing reads and writes files, which takes too long for the one writer: it comes before.
    if logs is None and _is_the_end(work, key, node, word):
        return False
    if logs:
        sealing.write_logs(work, key, logs)
    others = gangs.others(work, key, node, word)
    job_nodes.change(work.connection, key, node, finished_at=work.now, finish=word)
    row = run_rows.find_many(work.connection, [key])[0]
    fresh = [EventDraft(kinds.WARNING, text) for text in word.warnings if text not in row.warnings]
    if fresh:
        row = append_events(work, row, fresh)
    if not others:
        row = _part(work, row, node, word)
    elif word.outcome not in gangs.WELL or gangs.verdict(work, key, node).last:
        gangs.wake(work, row)
    wake_scheduler(work, row)
    return True


def _part(work: Work, row: RunRow, node: int, word: FinishReport) -> RunRow:
    """Bring a run, all of whose nodes have had their last word, to its end or to a new attempt."""
    work.forget(row)
    word = _together(work, row, node, word)
    if attempts.is_due(work, row, word):
        return attempts.begin(work, row, word)
    job_nodes.close(work.connection, row.key, work.now)
    status = _OUTCOMES.get(word.outcome, states.FAILED)
    error = None
    if status == states.FAILED:
        given = word.error or RunError("UserError", _how_it_ended(word))
        error = given if given.time else replace(given, time=iso(work.now))
    return _end(work, row, status, error)


def _end(work: Work, row: RunRow, status: str, error: RunError | None) -> RunRow:
    """End a run and free its nodes; what failed after a cancel was asked for is canceled."""
    if status == states.FAILED and row.cancel_requested:
        status, error = states.CANCELED, None
    free_nodes(work, row)
    return end(work, row, status, error)


def _how_it_ended(body: FinishReport) -> str:
    if body.signal:
        return f"the script was killed by {body.signal}"
    if body.exit_code is not None:
        return f"the script ended with exit code {body.exit_code}"
    return "the job failed"


def _size(work: Work, row: RunRow) -> VmSize | None:
    """What a node of the run's target shall have; None: whatever there is."""
    if row.target == LOCAL_TARGET:
        return None
    cluster = compute.find(work.connection, row.workspace, row.target)
    size, _ = resolve(cluster.vm_size if cluster else "")
    return size


def _resumed(system: System, workspace: str, spec: RunSpec) -> list[FileEntry]:
    """What an earlier run has left below its outputs; of one that is gone, nothing."""

    def read(work: Work) -> list[FileEntry]:
        row = run_rows.find(work.connection, workspace, spec.resumes or "")
        found = [] if row is None else files.all_below(work.connection, row.key, _OUTPUTS)
        return [
            FileEntry(each.path[len(_OUTPUTS) :], each.digest, each.size, each.executable)
            for each in found
            if each.digest is not None
        ]

    return [] if spec.resumes is None else system.read(read)


def _data(system: System, row: RunRow, spec: RunSpec, *, shared: bool) -> list[JobData]:
    found = []
    for reference in [*spec.data, *run_data.references(spec, row.id)]:
        store = system.read(
            partial(datastore_row, workspace=row.workspace, name=reference.datastore)
        )
        root = folder_of_row(system, store)
        found.append(
            JobData(
                name=reference.name,
                mode=reference.mode,
                # Without one the agent makes a copy, and asks the service for the files.
                source="" if root is None or not shared else _source(root, reference.path),
                path_on_compute=reference.path_on_compute,
                overwrite=reference.overwrite,
                datastore=reference.datastore,
                path=reference.path,
                direct=root is None and is_direct(system, store),
            )
        )
    return found


def _source(root: Path, path: str) -> str:
    stripped = path.strip("/")
    source = root if stripped in ("", ".") else folders.inside(root, stripped)
    # v1 scripts write to mounted paths that are not there; the slash has the agent make a folder.
    return f"{source}/" if path.endswith("/") and not source.exists() else str(source)
