"""Placement: which queued run gets which nodes, and why the others wait.

First come, first served per target, and a run gets all its nodes or none. A run waits in Queued
with a reason. The first in the queue has an exact one (how many nodes are missing, who holds
them), the others wait behind it. On a cluster, nodes are rows; on this machine (`local`) a run
takes one of as many places as there are CPUs, over all workspaces. A run that has submitted others
gives its place up until they have ended: two that steer cannot wait for each other's for ever. The
replicas of endpoints take none.

What takes the unit of work is a rule, called inside it; all of these but `wanted` write.
"""

from collections.abc import Sequence
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
from runyard_server.store import compute, job_nodes, nodes, runs
from runyard_server.store.compute import ComputeRow
from runyard_server.store.job_nodes import JobNodeRow
from runyard_server.store.nodes import NodeRow
from runyard_server.store.runs import RunRow

STEADY, RESIZING = "Steady", "Resizing"
LOCAL_NODE = "local"
BEHIND = "waiting behind earlier runs for {place}"
_NAMED = 3
# All writes wait for this one, so it tells so many at a time.
_NEWCOMERS = 1000


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
    present = nodes.of_cluster(work.connection, target.workspace, target.name)
    waiting = coming + _queue(target).node_count(work.connection)
    needed = sum(1 for node in present if node.run is not None) + waiting
    # Never fewer than there are: only the clock takes idle ones away, so that none goes and comes.
    return max(cluster.min_nodes, len(present), min(cluster.max_nodes, needed))


def place(work: Work, target: Target, capacity: Grant) -> list[Placement]:
    """Assign nodes to the runs that wait, in order, as far as there are nodes.

    Args:
        work: The unit of work.
        target: Where.
        capacity: On a cluster, the nodes that the backend grants; on this machine, how many runs
            may be there at once.
    """
    if target.is_local:
        return _place_local(work, target, capacity.nodes)
    cluster = compute.find(work.connection, target.workspace, target.name)
    return [] if cluster is None else _place_cluster(work, target, cluster, capacity)


def grow(work: Work, cluster: ComputeRow, count: int) -> list[NodeRow]:
    """Add idle nodes until a cluster has `count` of them; give all its nodes.

    Args:
        work: The unit of work.
        cluster: The cluster.
        count: How many nodes it is to have.
    """
    present = nodes.of_cluster(work.connection, cluster.workspace, cluster.name)
    taken = {node.id for node in present}
    fresh: list[NodeRow] = []
    number = 0
    while len(present) + len(fresh) < count:
        number += 1
        name = f"{cluster.name}-{number}"
        if name not in taken:
            fresh.append(NodeRow(cluster.workspace, cluster.name, name, IDLE, None, work.now))
    nodes.add(work.connection, fresh)
    if fresh:
        resized(work, cluster, len(present) + len(fresh))
    return [*present, *fresh]


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


def _queue(target: Target) -> runs.Queue:
    workspace = None if target.is_local else target.workspace
    return runs.Queue(workspace, target.name, QUEUED)


def _place_local(work: Work, target: Target, places: int) -> list[Placement]:
    queue = _queue(target)
    # Before the others, and whatever these have: they take no place.
    replicas = runs.waiting_of_type(work.connection, LOCAL_TARGET, QUEUED, REPLICA_RUN, _NEWCOMERS)
    placements = [_placed_on(work, row, [LOCAL_NODE]) for row in replicas]
    free = max(0, places - job_nodes.count_unfinished_on(work.connection, LOCAL_TARGET))
    waiting = queue.first(work.connection, free + 1)
    placements += [_placed_on(work, row, [LOCAL_NODE]) for row in waiting[:free]]
    if waiting[free:]:
        holders = runs.active_with_nodes(work.connection, LOCAL_TARGET, _NAMED + 1, REPLICA_RUN)
        held = _held_by([row.id for row in holders])
        reason = f"waiting for one of the {places} places on this machine; {held}"
        _wait(work, waiting[free], reason)
        _wait_behind(work, queue, "a place on this machine")
    return placements


def _place_cluster(
    work: Work, target: Target, cluster: ComputeRow, granted: Grant
) -> list[Placement]:
    queue = _queue(target)
    # No more can be placed at once, and one beyond is the first that waits: queues may be long.
    waiting = queue.first(work.connection, cluster.max_nodes + 1)
    present = grow(work, cluster, min(granted.nodes, cluster.max_nodes)) if waiting else []
    idle = [node.id for node in present if node.state == IDLE and node.run is None]
    placements = []
    # Strictly in order: small runs that overtake a large one could do so for ever.
    while waiting and waiting[0].node_count <= len(idle):
        row = waiting.pop(0)
        mine, idle = idle[: row.node_count], idle[row.node_count :]
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
    if waiting:
        reason = _cluster_reason(work, cluster, waiting[0], idle, granted.reason)
        _wait(work, waiting[0], reason)
        _wait_behind(work, queue, f"nodes of {cluster.name!r}")
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


def _wait(work: Work, row: RunRow, reason: str) -> None:
    # Otherwise every turn of the loop would add an event to each run that waits.
    if row.reason != reason:
        append_events(work, row, [EventDraft(kinds.REASON, reason)], reason=reason)


def _wait_behind(work: Work, queue: runs.Queue, place_name: str) -> None:
    """Write a reason for those in the queue that have none yet; it stays until they are first."""
    for row in queue.without_reason(work.connection, _NEWCOMERS):
        _wait(work, row, BEHIND.format(place=place_name))


def _cluster_reason(
    work: Work, cluster: ComputeRow, row: RunRow, idle: Sequence[str], engine: str
) -> str:
    """Why a run waits for nodes of a cluster.

    Args:
        work: The unit of work.
        cluster: The cluster.
        row: The first run that waits for it.
        idle: Its nodes that nobody has.
        engine: Why the backend has not granted more; "" where it does not say.
    """
    missing = row.node_count - len(idle)
    count = f"{missing} of {row.node_count} nodes" if row.node_count > 1 else "a node"
    held = {
        node.run
        for node in nodes.of_cluster(work.connection, cluster.workspace, cluster.name)
        if node.run is not None
    }
    return f"waiting for {count} of {cluster.name!r}; {_held_by(sorted(held), engine)}"


def _held_by(holders: Sequence[str], otherwise: str = "") -> str:
    if not holders:
        return otherwise or "they are being started"
    named = list(holders[:_NAMED])
    if len(holders) > _NAMED:
        return f"runs {', '.join(named)} and others hold them"
    if len(named) == 1:
        return f"run {named[0]} holds them"
    return f"runs {', '.join(named[:-1])} and {named[-1]} hold them"
