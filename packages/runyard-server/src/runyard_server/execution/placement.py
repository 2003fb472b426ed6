"""Placement: which queued run gets which nodes, and why the others wait.

By priority and then by age per target, and a run gets all its nodes or none: whoever is first keeps
the nodes that are free, so no small run overtakes a gang of its priority. A run waits in Queued
with a reason. The first in the queue has an exact one (how many nodes are missing, who holds
them), the others wait behind it. On a cluster, nodes are rows; on this machine (`local`) a run
takes one of as many places as there are CPUs, over all workspaces. A run that has submitted others
gives its place up until they have ended: two that steer cannot wait for each other's for ever. The
replicas of endpoints take none.

What takes the unit of work is a rule, called inside it; all of these but `wanted` write.
"""

import itertools
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from runyard.protocol import events as kinds
from runyard.protocol.compute import IDLE, RUNNING
from runyard.protocol.endpoints import REPLICA_RUN
from runyard.protocol.jobs import STATE_STARTING
from runyard.protocol.runs import LOCAL_TARGET, QUEUED
from runyard_server.compute.base import Grant
from runyard_server.core import events
from runyard_server.core.clock import SECOND
from runyard_server.core.events import EventDraft
from runyard_server.core.lifecycle import append_events
from runyard_server.core.work import Work
from runyard_server.execution import gangs
from runyard_server.store import compute, job_nodes, nodes, queues, runs
from runyard_server.store.compute import ComputeRow
from runyard_server.store.job_nodes import JobNodeRow
from runyard_server.store.nodes import NodeRow
from runyard_server.store.runs import RunRow

STEADY, RESIZING = "Steady", "Resizing"
LOCAL_NODE = "local"
BEHIND = "waiting behind other runs for {place}"
_NAMED = 3
# All writes wait for this one, so it places so many replicas at a time.
_REPLICAS = 1000
# Queues may be long and few nodes free: so many runs of a cluster are read at a time.
_LOOK = 16


@dataclass(frozen=True, slots=True)
class Target:
    """Where runs go: a cluster of a workspace, or `local` with workspace ""."""

    workspace: str
    name: str

    @property
    def is_local(self) -> bool:
        """Whether this is the machine itself."""
        return self.name == LOCAL_TARGET


@dataclass(frozen=True, slots=True)
class Placement:
    """A run that has its nodes now, and those that get an agent."""

    row: RunRow
    nodes: list[JobNodeRow]


def target_of(row: RunRow) -> Target:
    """The target a run goes to."""
    local = row.target == LOCAL_TARGET
    return Target("" if local else row.workspace, row.target)


def wanted(work: Work, target: Target, coming: int) -> int:
    """How many nodes a cluster should have: for what holds some, what waits and what comes.

    Args:
        work: The unit of work.
        target: The cluster, as a target of runs.
        coming: Nodes for runs that are about to come into its queue.
    """
    cluster = compute.find(work.connection, target.workspace, target.name)
    if cluster is None:
        return 0
    present = nodes.count(work.connection, target.workspace, target.name)
    held = present - nodes.count_free(work.connection, target.workspace, target.name)
    # Of a long queue only as many are looked at as could have a node each.
    waiting = queue_of(target).node_count(work.connection, max(0, cluster.max_nodes - held))
    # Never fewer than there are: only the clock takes idle ones away, so that none goes and comes.
    return max(cluster.min_nodes, present, min(cluster.max_nodes, held + coming + waiting))


def place(
    work: Work, target: Target, capacity: Grant, newcomers: Iterable[RunRow] = ()
) -> list[Placement]:
    """Assign nodes to the runs that wait, in order, as far as there are nodes.

    Args:
        work: The unit of work.
        target: Where.
        capacity: On a cluster, the nodes that the backend has; on this machine, how many runs may
            be there at once.
        newcomers: Runs of this queue, as read in this write, that may not say yet why they wait.
    """
    if target.is_local:
        return _place_local(work, target, capacity.nodes, newcomers)
    cluster = compute.find(work.connection, target.workspace, target.name)
    return [] if cluster is None else _place_cluster(work, target, cluster, capacity, newcomers)


def grow(work: Work, cluster: ComputeRow, count: int) -> None:
    """Add idle nodes until a cluster has `count` of them.

    Args:
        work: The unit of work.
        cluster: The cluster.
        count: How many nodes it is to have.
    """
    missing = count - nodes.count(work.connection, cluster.workspace, cluster.name)
    if missing <= 0:
        return
    present = nodes.of_cluster(work.connection, cluster.workspace, cluster.name)
    taken = {node.id for node in present}
    names = (f"{cluster.name}-{number}" for number in itertools.count(1))
    fresh = itertools.islice((name for name in names if name not in taken), missing)
    rows = [NodeRow(cluster.workspace, cluster.name, n, IDLE, None, work.now) for n in fresh]
    nodes.add(work.connection, rows)
    resized(work, cluster, count)


def shrink(work: Work, cluster: ComputeRow) -> list[str]:
    """Take away nodes that have been idle for too long; give their ids."""
    present = nodes.of_cluster(work.connection, cluster.workspace, cluster.name)
    old = overdue(cluster, present, work.now)
    nodes.remove(work.connection, cluster.workspace, cluster.name, old)
    if old:
        resized(work, cluster, len(present) - len(old))
    return old


def overdue(cluster: ComputeRow, present: Sequence[NodeRow], now: int) -> list[str]:
    """The nodes of a cluster that have been idle for longer than they may.

    Args:
        cluster: The cluster.
        present: Its nodes.
        now: Microseconds since 1970.
    """
    spare = len(present) - cluster.min_nodes
    before = now - cluster.idle_seconds * SECOND
    idle = [node for node in present if node.state == IDLE and node.since <= before]
    # The newest names go first, so that a cluster keeps its first nodes.
    return [node.id for node in reversed(idle)][: max(0, spare)]


def resized(work: Work, cluster: ComputeRow, count: int) -> None:
    """Write down that a cluster has come to `count` nodes.

    Args:
        work: The unit of work.
        cluster: The cluster.
        count: How many nodes it has now.
    """
    compute.change(
        work.connection,
        cluster.workspace,
        cluster.name,
        target_nodes=count,
        allocation_state=STEADY,
        allocation_changed_at=work.now,
    )
    message = f"{count} node{'' if count == 1 else 's'}"
    events.append(
        work, cluster.subject, [EventDraft(kinds.RESIZED, message, data={"nodes": str(count)})]
    )


def queue_of(target: Target) -> queues.Queue:
    """The runs that wait for a target."""
    workspace = None if target.is_local else target.workspace
    return queues.Queue(workspace, target.name, QUEUED)


def _place_local(
    work: Work, target: Target, places: int, newcomers: Iterable[RunRow]
) -> list[Placement]:
    queue = queue_of(target)
    # Before the others, and whatever these have: they take no place.
    replicas = queue.of_type(work.connection, REPLICA_RUN, _REPLICAS)
    placements = [_placed_on(work, row, [LOCAL_NODE]) for row in replicas]
    free = max(0, places - job_nodes.count_unfinished_on(work.connection, LOCAL_TARGET))
    waiting = queue.first(work.connection, free + 2)
    placements += [_placed_on(work, row, [LOCAL_NODE]) for row in waiting[:free]]
    if waiting[free:]:
        holders = runs.active_with_nodes(work.connection, LOCAL_TARGET, _NAMED + 1, REPLICA_RUN)
        held = _held_by([row.id for row in holders])
        reason = f"waiting for one of the {places} places on this machine; {held}"
        _wait(work, waiting[free], reason)
        behind = _behind(newcomers, placements, waiting[free])
        _wait_behind(work, behind, "a place on this machine", waiting[free + 1 :])
    return placements


def _place_cluster(
    work: Work, target: Target, cluster: ComputeRow, granted: Grant, newcomers: Iterable[RunRow]
) -> list[Placement]:
    queue = queue_of(target)
    if not queue.first(work.connection, 1):
        return []
    grow(work, cluster, min(granted.nodes, cluster.max_nodes))
    idle = deque(nodes.free_in(work.connection, cluster.workspace, cluster.name, IDLE))
    # Fewer than there were: the backend has lost some since, and no run must be sent to those.
    lost = nodes.count(work.connection, cluster.workspace, cluster.name) - granted.nodes
    for _ in range(min(lost, len(idle))):
        idle.pop()
    placements: list[Placement] = []
    waiting = deque(queue.first(work.connection, _LOOK))
    # Strictly in order: small runs that overtake a large one could do so for ever.
    while waiting and waiting[0].node_count <= len(idle):
        row = waiting.popleft()
        mine = [idle.popleft() for _ in range(row.node_count)]
        nodes.change(
            work.connection,
            cluster.workspace,
            cluster.name,
            mine,
            state=RUNNING,
            run=row.id,
            since=work.now,
        )
        placements.append(_placed_on(work, row, mine))
        # Those that have nodes now are in the queue no more.
        waiting = waiting or deque(queue.first(work.connection, _LOOK))
    if waiting:
        reason = _cluster_reason(work, cluster, waiting[0], len(idle), granted.reason)
        _wait(work, waiting[0], reason)
        behind = _behind(newcomers, placements, waiting[0])
        _wait_behind(work, behind, f"nodes of {cluster.name!r}", list(waiting)[1:])
    return placements


def _placed_on(work: Work, row: RunRow, node_ids: list[str]) -> Placement:
    """Assign nodes to a run. The single launcher needs one agent, on the first of them."""
    attempt = row.attempt + 1
    agents = [
        JobNodeRow(row.key, number, attempt, node_id, STATE_STARTING, beat_at=work.now)
        for number, node_id in enumerate(node_ids[: gangs.agents_of(work, row.key, row.node_count)])
    ]
    job_nodes.add(work.connection, agents)
    where = "this machine" if node_ids == [LOCAL_NODE] else ", ".join(node_ids)
    news = [EventDraft(kinds.STAGE, f"placed on {where}")]
    placed = append_events(work, row, news, attempt=attempt, reason=None)
    return Placement(placed, agents)


def _behind(
    newcomers: Iterable[RunRow], placements: Sequence[Placement], first: RunRow
) -> list[RunRow]:
    told = {first.key, *(each.row.key for each in placements)}
    return [row for row in newcomers if row.key not in told]


def _wait(work: Work, row: RunRow, reason: str) -> None:
    # Otherwise every turn of the loop would add an event to each run that waits.
    if row.reason != reason:
        append_events(work, row, [EventDraft(kinds.REASON, reason)], reason=reason)


def _wait_behind(
    work: Work, newcomers: Iterable[RunRow], place_name: str, next_: Sequence[RunRow]
) -> None:
    """Write a reason for newcomers that wait and have none yet; it stays until they are first.

    Only those are looked at: whoever was in the queue before has one, and a queue may be long.
    Of the next ones one may have been the first until a higher priority came before it.
    """
    reason = BEHIND.format(place=place_name)
    fresh = [row for row in newcomers if row.status == QUEUED and row.reason is None]
    for row in (*fresh, *(row for row in next_ if row.reason is not None)):
        _wait(work, row, reason)


def _cluster_reason(work: Work, cluster: ComputeRow, row: RunRow, idle: int, engine: str) -> str:
    """Why a run waits for nodes of a cluster.

    Args:
        work: The unit of work.
        cluster: The cluster.
        row: The first run that waits for it.
        idle: How many of its nodes nobody has.
        engine: Why the backend has not granted more; "" where it does not say.
    """
    missing = row.node_count - idle
    count = f"{missing} of {row.node_count} nodes" if row.node_count > 1 else "a node"
    held = nodes.holders(work.connection, cluster.workspace, cluster.name, _NAMED + 1)
    return f"waiting for {count} of {cluster.name!r}; {_held_by(held, engine)}"


def _held_by(holders: Sequence[str], otherwise: str = "") -> str:
    if not holders:
        return otherwise or "they are being started"
    named = list(holders[:_NAMED])
    if len(holders) > _NAMED:
        return f"runs {', '.join(named)} and others hold them"
    if len(named) == 1:
        return f"run {named[0]} holds them"
    return f"runs {', '.join(named[:-1])} and {named[-1]} hold them"
