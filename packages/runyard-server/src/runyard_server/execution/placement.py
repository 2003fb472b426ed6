"""Placement: which queued run gets which nodes, and why the others wait.

First come, first served per target, and a run gets all its nodes or none. A run waits in Queued
with a reason. The first in the queue has an exact one (how many nodes are missing, who holds
them), the others wait behind it. On a cluster, nodes are rows; on this machine (`local`) a run
takes one of as many places as there are CPUs, over all workspaces. A run that has submitted others
gives its place up until they have ended: two that steer cannot wait for each other's for ever.

All functions that take a connection are called inside a write.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from runyard.protocol import events as kinds
from runyard.protocol.compute import IDLE, RUNNING
from runyard.protocol.jobs import STATE_STARTING
from runyard.protocol.runs import LOCAL_TARGET, QUEUED
from runyard_server.core.lifecycle import News, record
from runyard_server.execution import gangs
from runyard_server.store import compute, job_nodes, nodes, runs
from runyard_server.store.compute import ComputeRow
from runyard_server.store.job_nodes import JobNodeRow
from runyard_server.store.nodes import NodeRow
from runyard_server.store.records import Connection
from runyard_server.store.runs import RunRow

STEADY, RESIZING = "Steady", "Resizing"
LOCAL_NODE = "local"
BEHIND = "waiting behind earlier runs for {place}"
_NAMED = 3
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
    """Give the target a run goes to."""
    local = row.target == LOCAL_TARGET
    return Target("" if local else row.workspace, row.target)


def wanted(connection: Connection, target: Target, coming: int) -> int:
    """Say how many nodes a cluster should have: for what holds some, what waits and what comes."""
    cluster = compute.find(connection, target.workspace, target.name)
    if cluster is None:
        return 0
    present = nodes.of_cluster(connection, target.workspace, target.name)
    waiting = coming + _queue(target).node_count(connection)
    needed = sum(1 for node in present if node.run is not None) + waiting
    return max(cluster.min_nodes, len(present), min(cluster.max_nodes, needed))


def place(connection: Connection, target: Target, capacity: int, now: int) -> list[Placement]:
    """Give nodes to the runs that wait, in order, as far as there are nodes.

    Args:
        connection: Of the present write.
        target: Where.
        capacity: On a cluster, how many nodes the backend grants; on this machine, how many
            runs may be there at once.
        now: Microseconds since 1970.
    """
    if target.is_local:
        return _place_local(connection, target, capacity, now)
    cluster = compute.find(connection, target.workspace, target.name)
    return [] if cluster is None else _place_cluster(connection, target, cluster, capacity, now)


def grow(connection: Connection, cluster: ComputeRow, count: int, now: int) -> list[NodeRow]:
    """Add idle nodes until a cluster has `count` of them; give all its nodes."""
    present = nodes.of_cluster(connection, cluster.workspace, cluster.name)
    taken = {node.id for node in present}
    fresh: list[NodeRow] = []
    number = 0
    while len(present) + len(fresh) < count:
        number += 1
        name = f"{cluster.name}-{number}"
        if name not in taken:
            fresh.append(NodeRow(cluster.workspace, cluster.name, name, IDLE, None, now))
    nodes.add(connection, fresh)
    if fresh:
        resized(connection, cluster, len(present) + len(fresh), now)
    return [*present, *fresh]


def shrink(connection: Connection, cluster: ComputeRow, now: int) -> list[str]:
    """Take away nodes that have been idle for too long; give their ids."""
    present = nodes.of_cluster(connection, cluster.workspace, cluster.name)
    old = overdue(cluster, present, now)
    nodes.remove(connection, cluster.workspace, cluster.name, old)
    if old:
        resized(connection, cluster, len(present) - len(old), now)
    return old


def overdue(cluster: ComputeRow, present: Sequence[NodeRow], now: int) -> list[str]:
    """Give the nodes of a cluster that have been idle for longer than they may."""
    spare = len(present) - cluster.min_nodes
    before = now - cluster.idle_seconds * 1_000_000
    idle = [node for node in present if node.state == IDLE and node.since <= before]
    # The newest names go first, so that a cluster keeps its first nodes.
    return [node.id for node in reversed(idle)][: max(0, spare)]


def resized(connection: Connection, cluster: ComputeRow, count: int, now: int) -> None:
    """Write down that a cluster has come to `count` nodes."""
    compute.change(
        connection,
        cluster.workspace,
        cluster.name,
        target_nodes=count,
        allocation_state=STEADY,
        allocation_changed_at=now,
    )


def _queue(target: Target) -> runs.Queue:
    workspace = None if target.is_local else target.workspace
    return runs.Queue(workspace, target.name, QUEUED)


def _place_local(connection: Connection, target: Target, places: int, now: int) -> list[Placement]:
    queue = _queue(target)
    free = max(0, places - job_nodes.count_unfinished_on(connection, LOCAL_TARGET))
    waiting = queue.first(connection, free + 1)
    placements = [_placed_on(connection, row, [LOCAL_NODE], now) for row in waiting[:free]]
    if waiting[free:]:
        holders = runs.active_with_nodes(connection, LOCAL_TARGET, _NAMED + 1)
        reason = f"waiting for one of the {places} places on this machine; {_held_by(holders)}"
        _wait(connection, waiting[free], reason, now)
        _wait_behind(connection, queue, "a place on this machine", now)
    return placements


def _place_cluster(
    connection: Connection, target: Target, cluster: ComputeRow, granted: int, now: int
) -> list[Placement]:
    queue = _queue(target)
    waiting = queue.first(connection, cluster.max_nodes + 1)
    present = grow(connection, cluster, min(granted, cluster.max_nodes), now) if waiting else []
    idle = [node.id for node in present if node.state == IDLE and node.run is None]
    placements = []
    while waiting and waiting[0].node_count <= len(idle):
        row = waiting.pop(0)
        mine, idle = idle[: row.node_count], idle[row.node_count :]
        nodes.change(
            connection,
            cluster.workspace,
            cluster.name,
            mine,
            state=RUNNING,
            run=row.id,
            since=now,
        )
        placements.append(_placed_on(connection, row, mine, now))
    if waiting:
        _wait(connection, waiting[0], _cluster_reason(connection, cluster, waiting[0], idle), now)
        _wait_behind(connection, queue, f"nodes of {cluster.name!r}", now)
    return placements


def _placed_on(connection: Connection, row: RunRow, node_ids: list[str], now: int) -> Placement:
    """Give a run its nodes. The single launcher needs one agent, on the first of them."""
    attempt = row.attempt + 1
    agents = [
        JobNodeRow(row.key, number, attempt, node_id, STATE_STARTING, beat_at=now)
        for number, node_id in enumerate(
            node_ids[: gangs.agents_of(connection, row.key, row.node_count)]
        )
    ]
    job_nodes.add(connection, agents)
    where = "this machine" if node_ids == [LOCAL_NODE] else ", ".join(node_ids)
    news = [News(kinds.STAGE, f"placed on {where}")]
    placed = record(connection, row, now, news, attempt=attempt, reason=None)
    return Placement(placed, agents)


def _wait(connection: Connection, row: RunRow, reason: str, now: int) -> None:
    if row.reason != reason:
        record(connection, row, now, [News(kinds.REASON, reason)], reason=reason)


def _wait_behind(connection: Connection, queue: runs.Queue, place_name: str, now: int) -> None:
    """Give a reason to those in the queue that have none yet; it stays until they are first."""
    for row in queue.without_reason(connection, _NEWCOMERS):
        _wait(connection, row, BEHIND.format(place=place_name), now)


def _cluster_reason(
    connection: Connection, cluster: ComputeRow, row: RunRow, idle: Sequence[str]
) -> str:
    missing = row.node_count - len(idle)
    count = f"{missing} of {row.node_count} nodes" if row.node_count > 1 else "a node"
    held = {
        node.run
        for node in nodes.of_cluster(connection, cluster.workspace, cluster.name)
        if node.run is not None
    }
    return f"waiting for {count} of {cluster.name!r}; {_held_by(sorted(held))}"


def _held_by(holders: Sequence[str]) -> str:
    if not holders:
        return "they are being started"
    named = list(holders[:_NAMED])
    if len(holders) > _NAMED:
        return f"runs {', '.join(named)} and others hold them"
    if len(named) == 1:
        return f"run {named[0]} holds them"
    return f"runs {', '.join(named[:-1])} and {named[-1]} hold them"
