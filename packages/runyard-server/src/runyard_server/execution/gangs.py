"""Gangs: the nodes of a run that works on several, from meeting to parting.

    join     each agent says where it is; the rank table is complete once all have
    beats    each agent tells how its processes are, and is told when to stop
    verdict  the run is over when all that decides has ended, or when one process has failed

Nothing is kept but rows: what follows from them is worked out at each question, so a restart of
the service changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from runyard.protocol import jobs as protocol
from runyard.protocol import timeouts
from runyard.protocol.jobs import (
    AgentReply,
    FinishReport,
    GangNode,
    GangTable,
    JoinGang,
    OrdersQuery,
    RankPage,
    RankRecord,
    TaskReport,
)
from runyard.protocol.runs import LauncherSpec
from runyard_server.core import specs
from runyard_server.core.awaiting import awaitable
from runyard_server.core.clock import SECOND
from runyard_server.core.lookups import node_row, run_row
from runyard_server.core.notices import gang_topic
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.execution import ranks as processes
from runyard_server.store import gangs, job_nodes, schema
from runyard_server.store.gangs import GangRow
from runyard_server.store.job_nodes import JobNodeRow
from runyard_server.store.runs import RunRow

SALVAGING = "salvaging"
LOST = schema.LOST
# Ends of a node that change nothing for the others.
WELL = (protocol.OUTCOME_COMPLETED, protocol.OUTCOME_STOPPED)
# The same, and what its agent left has been cleaned up since.
CLEARED = "cleared"
_Members = tuple[list[JobNodeRow], dict[int, GangRow]]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one node of a gang is to do; see AgentReply.

    `last`: at most one node is still busy, which may want to know. `first`: see AgentReply.
    """

    stop: bool = False
    others: bool = False
    reason: str = ""
    hung: bool = False
    last: bool = False
    first: bool = False


def agents_of(work: Work, key: int, node_count: int) -> int:
    """How many agents a run needs: one for each node, unless it is one process.

    Args:
        work: The unit of work.
        key: Key of the run's row.
        node_count: How many nodes the run has.
    """
    if node_count == 1:
        return 1
    spec = specs.of_run(work, key)
    return 1 if spec.launcher.kind == LauncherSpec().kind else node_count


def is_settled(_query: object, table: GangTable) -> bool:
    """Whether a rank table is what a joining node waits for, or the news that it is not to be."""
    return table.complete or table.stop or bool(table.failed)


def is_news(query: OrdersQuery, answer: AgentReply) -> bool:
    """Whether an answer tells a node something else than it knows."""
    return answer.cancel or (answer.stop, answer.others) != (query.stop, query.others)


def _topic(workspace: str, run: str, _node: str) -> str:
    return gang_topic(workspace, run)


@awaitable(_topic, is_settled)
def join(system: System, workspace: str, run: str, node: str, body: JoinGang) -> GangTable:
    """Take note of where a node is; give the rank table, complete once all have come.

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

    def read(work: Work) -> tuple[RunRow, JobNodeRow, _Members]:
        row, mine = node_row(work, workspace, run, node)
        return row, mine, _members(work, row.key)

    row, mine, members = system.read(read)
    given_up = mine.finished_at is not None or mine.state == LOST
    if given_up or not row.active or body.attempt not in (0, mine.attempt):
        # Or the run is over, or tried anew: nothing must begin any more.
        return GangTable(complete=False, failed=f"run {run} does not wait for it", stop=True)
    now = system.clock.now_us()
    system.last_seen.note(row.subject, mine.node, now)
    present, told = members
    # Nodes ask again while others are missing: only what is new is worth a write.
    if mine.node not in told or told[mine.node].joined != body:
        told = system.write(lambda work: _joined(work, row, mine.node, body))
    return _table(present, told, mine.node, now)


@awaitable(_topic, is_news)
def orders(system: System, workspace: str, run: str, node: str, query: OrdersQuery) -> AgentReply:
    """What a node of a gang is to do because of the others.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        run: Id of the run.
        node: Number of the node within the run.
        query: What is asked for.

    Raises:
        RunNotFound: No such run in the workspace.
        NotFound: The run has no such node.
    """
    del query

    def read(work: Work) -> AgentReply:
        row, mine = node_row(work, workspace, run, node)
        return reply(row, verdict(work, row.key, mine.node))

    return system.read(read)


def reply(row: RunRow, found: Verdict) -> AgentReply:
    """The answer to a beat or a question of a node."""
    return AgentReply(
        cancel=row.cancel_requested or not row.active,
        stop=found.stop,
        others=found.others,
        reason=found.reason,
        hung=found.hung,
        first=found.first,
    )


def tell(work: Work, row: RunRow, found: Verdict, state: str) -> None:
    """Wake the nodes of a gang after one has told its state, if that changes what they are to do.

    Args:
        work: The unit of work in which it has told it.
        row: The run.
        found: What follows now.
        state: What the node has told.
    """
    ending = state == protocol.STATE_FINALIZING
    # Not at each beat: that would wake all nodes of a large gang as often as it has nodes.
    if found.last if ending else found.stop:
        wake(work, row)


def wake(work: Work, row: RunRow) -> None:
    """Have the nodes of a run that wait for orders look again."""
    work.announce(gang_topic(row.workspace, row.id))


def ranks(system: System, workspace: str, run: str) -> RankPage:
    """The processes of a run, by rank.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        run: Id of the run.

    Raises:
        RunNotFound: No such run in the workspace.
    """

    def read(work: Work) -> list[RankRecord]:
        row = run_row(work, workspace, run)
        told = gangs.of_run(work.connection, row.key)
        return [
            _rank(task, node, told[node.node])
            for node in job_nodes.of_run(work.connection, row.key)
            if node.node in told
            for task in told[node.node].tasks or []
        ]

    return RankPage(sorted(system.read(read), key=lambda record: record.rank))


def verdict(work: Work, key: int, node: int) -> Verdict:
    """What a node of a gang is to do now.

    Args:
        work: The unit of work.
        key: Key of the run's row.
        node: Number of the node within the run.
    """
    present = job_nodes.of_run(work.connection, key)
    if len(present) == 1:
        return Verdict()
    told = gangs.of_run(work.connection, key)
    busy = [other.node for other in present if _is_busy(other, work.now)]
    others = any(other != node for other in busy)
    failed = _failure(present, told)
    last = len(busy) <= 1
    first = present[0].finished_at is not None or present[0].state in (SALVAGING, LOST)
    # Before what hangs: after a failure the others hang because of it.
    if failed:
        return Verdict(stop=True, others=others, reason=failed, last=last, first=first)
    hanging, nodes = _hanging(work, key, present, told)
    if hanging:
        here = node in nodes
        stopped = Verdict(stop=True, others=others, reason=hanging, last=last, first=first)
        return replace(stopped, hung=here)
    return Verdict(stop=_is_over(present, told), others=others, last=last, first=first)


def is_silent(row: JobNodeRow, now: int) -> bool:
    """Whether a node has not been heard of for so long that it is missing."""
    heard = max(row.beat_at or 0, row.launched_at or 0)
    return row.finished_at is None and now - heard > timeouts.RENDEZVOUS_SECONDS * SECOND


def others(work: Work, key: int, node: int, word: FinishReport) -> list[JobNodeRow]:
    """The other nodes of a run whose last word is awaited; of a failed run, if they came.

    Args:
        work: The unit of work.
        key: Key of the run's row.
        node: Number of the node that has had its last word.
        word: That word.
    """
    present = job_nodes.of_run(work.connection, key)
    awaited = [row for row in present if row.node != node and row.finished_at is None]
    words = [word, *(row.finish for row in present if row.finish is not None)]
    if all(each.outcome != protocol.OUTCOME_FAILED for each in words):
        return awaited
    return [row for row in awaited if not is_silent(row, work.now)]


def outcome(present: Sequence[JobNodeRow], told: dict[int, GangRow]) -> FinishReport:
    """Join the last words of all nodes: the first failure counts, then a cancel."""
    finishes = [(row, row.finish) for row in present if row.finish is not None]
    failed = [(row, last) for row, last in finishes if last.outcome == protocol.OUTCOME_FAILED]
    # Of a port that was taken the other failures are but consequences.
    failed = [one for one in failed if one[1].cause == protocol.CAUSE_PORT] or failed
    if failed:
        failed.sort(key=lambda pair: _when_failed(pair[0], told))
        return _with_rest([last for _, last in failed]) if _is_lost(failed[0][0]) else failed[0][1]
    canceled = [last for _, last in finishes if last.outcome == protocol.OUTCOME_CANCELED]
    if canceled:
        return canceled[0]
    return finishes[0][1]


def _table(
    present: Sequence[JobNodeRow], told: dict[int, GangRow], asking: int, now: int
) -> GangTable:
    nodes = [_line(row, told.get(row.node)) for row in present]
    awaited = [row for row in present if not _has_come(row, told)]
    ended = [row for row in present if row.node != asking and _has_left(row)] if awaited else []
    silent = [row for row in awaited if is_silent(row, now)]
    failed = ""
    if ended:
        failed = f"node {ended[0].node} ({ended[0].node_id}) ended before all nodes were there"
    elif silent:
        names = ", ".join(row.node_id for row in silent)
        failed = (
            f"{len(silent)} of {len(present)} nodes did not come within "
            f"{timeouts.RENDEZVOUS_SECONDS:.0f} s: {names}"
        )
    missing = [row.node_id for row in awaited]
    return GangTable(not missing, nodes, missing, failed, stop=bool(ended))


def _members(work: Work, key: int) -> _Members:
    return job_nodes.of_run(work.connection, key), gangs.of_run(work.connection, key)


def _joined(work: Work, row: RunRow, node: int, body: JoinGang) -> dict[int, GangRow]:
    gangs.join(work.connection, row.key, node, body)
    # Read again: others may have come since.
    present, told = _members(work, row.key)
    if _is_complete(present, told):
        wake(work, row)
    return told


def _is_complete(present: Sequence[JobNodeRow], told: dict[int, GangRow]) -> bool:
    return all(_has_come(row, told) for row in present)


def _has_come(row: JobNodeRow, told: dict[int, GangRow]) -> bool:
    return row.node in told and told[row.node].joined is not None


def _line(row: JobNodeRow, told: GangRow | None) -> GangNode:
    if told is None or told.joined is None:
        return GangNode(row.node, row.node_id)
    joined = told.joined
    return GangNode(row.node, row.node_id, joined.host, joined.address, joined.ports, joined.folder)


def _rank(task: TaskReport, node: JobNodeRow, told: GangRow) -> RankRecord:
    host = node.host or (told.joined.host if told.joined else "")
    state = task.state
    if state == protocol.TASK_RUNNING and node.finished_at is not None:
        # Its agent was lost and what was left of it ended.
        state = protocol.TASK_FAILED
    return RankRecord(
        rank=task.rank,
        name=task.name,
        node=node.node,
        node_name=node.node_id,
        host=host,
        state=state,
        exit_code=task.exit_code,
        log=task.log,
        pid=task.pid,
        cpu_seconds=task.cpu_seconds,
        memory_bytes=task.memory_bytes if state == protocol.TASK_RUNNING else 0,
        peak_memory_bytes=task.peak_memory_bytes,
    )


def _failure(present: Sequence[JobNodeRow], told: dict[int, GangRow]) -> str:
    """What has failed, "" while nothing has."""
    for row in present:
        tasks = told[row.node].tasks if row.node in told else None
        for task in tasks or []:
            if task.state == protocol.TASK_FAILED:
                return f"{task.name} on {row.node_id} failed"
        # It finalizes and has never told of a process: it failed before it could start one.
        gave_up = tasks is None and row.state == protocol.STATE_FINALIZING
        if gave_up or _has_ended(row):
            return f"node {row.node} ({row.node_id}) failed"
    return ""


def _hanging(
    work: Work,
    key: int,
    present: Sequence[JobNodeRow],
    told: dict[int, GangRow],
) -> tuple[str, set[int]]:
    """Who should have ended and on which nodes they are; "" while that is nobody."""
    lists = [(row, told[row.node].tasks or []) for row in present if row.node in told]
    if not processes.may_hang(lists):
        return "", set()
    launcher = specs.of_run(work, key).launcher
    return processes.hanging(lists, launcher.exit_deadline_seconds, work.now)


def _has_ended(row: JobNodeRow) -> bool:
    """Whether a node has come to a bad end, or to any before it could join."""
    if row.state in (SALVAGING, LOST):
        return True
    if row.finish is None:
        return row.finished_at is not None
    return row.finish.outcome in (protocol.OUTCOME_FAILED, protocol.OUTCOME_CANCELED)


def _has_left(row: JobNodeRow) -> bool:
    """Whether a node has given up before it could join."""
    return _has_ended(row) or row.state == protocol.STATE_FINALIZING


def _is_over(present: Sequence[JobNodeRow], told: dict[int, GangRow]) -> bool:
    """Whether every node has told its processes and none that decides still runs."""
    lists = [told[row.node].tasks if row.node in told else None for row in present]
    tasks = [task for some in lists for task in some or []]
    return all(some is not None for some in lists) and not any(
        task.decisive and task.state == protocol.TASK_RUNNING for task in tasks
    )


def _is_busy(row: JobNodeRow, now: int) -> bool:
    ended = row.finished_at is not None or row.state == protocol.STATE_FINALIZING
    return not ended and not is_silent(row, now)


def _with_rest(failed: Sequence[FinishReport]) -> FinishReport:
    """Add to the word on a lost node what failed next: that may be how others noticed."""
    texts = [report.error.message for report in failed if report.error is not None]
    error = failed[0].error
    if error is None or len(texts) == 1:
        return failed[0]
    return replace(failed[0], error=replace(error, message=f"{texts[0]}. After that: {texts[1]}"))


def _is_lost(row: JobNodeRow) -> bool:
    return row.state in (LOST, CLEARED)


def _when_failed(row: JobNodeRow, told: dict[int, GangRow]) -> float:
    if _is_lost(row):
        # All that is known is when it was well.
        return (row.beat_at or 0) / SECOND
    tasks = told[row.node].tasks if row.node in told else None
    times = [task.ended_at for task in tasks or [] if task.state == protocol.TASK_FAILED]
    return min(times, default=(row.finished_at or 0) / SECOND)
