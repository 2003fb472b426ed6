"""How the clusters stand, and how many nodes each should have."""

from collections.abc import Sequence

from runyard.protocol.compute import IDLE
from runyard.protocol.runs import QUEUED
from runyard_server.core.clock import SECOND
from runyard_server.core.notices import work_topic
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.execution import placement
from runyard_server.execution.placement import STEADY, Target, wanted
from runyard_server.store import compute, nodes, queues
from runyard_server.store.compute import ComputeRow
from runyard_server.store.nodes import NodeRow


def everywhere(system: System) -> list[ComputeRow]:
    """All clusters."""
    return system.read(lambda work: compute.everywhere(work.connection))


def nodes_of(system: System, cluster: ComputeRow) -> list[NodeRow]:
    """The nodes of a cluster, by id."""
    return system.read(
        lambda work: nodes.of_cluster(work.connection, cluster.workspace, cluster.name)
    )


def unsettled(system: System, now: int) -> list[ComputeRow]:
    """The clusters whose nodes are to become more or fewer.

    Args:
        system: The service's parts.
        now: Microseconds since 1970.
    """

    def read(work: Work) -> list[ComputeRow]:
        return [row for row in compute.everywhere(work.connection) if _moves(work, row, now)]

    return system.read(read)


def need(
    system: System, target: Target, coming: Sequence[int]
) -> tuple[ComputeRow | None, int, int]:
    """A cluster, how many nodes it should have, and how many its first run needs at once.

    Args:
        system: The service's parts.
        target: The cluster, as a target of runs.
        coming: The node counts of runs that are about to come into its queue.
    """

    def read(work: Work) -> tuple[ComputeRow | None, int, int]:
        cluster = compute.find(work.connection, target.workspace, target.name)
        first = queues.Queue(target.workspace, target.name, QUEUED).first(work.connection, 1)
        together = [row.node_count for row in first] + list(coming)
        return cluster, wanted(work, target, sum(coming)), together[0] if together else 1

    return system.read(read)


def grow(system: System, cluster: ComputeRow, count: int) -> None:
    """Add idle nodes until a cluster has `count` of them.

    Args:
        system: The service's parts.
        cluster: The cluster.
        count: How many nodes the backend grants.
    """
    system.write(lambda work: placement.grow(work, cluster, count))


def shrink(system: System, cluster: ComputeRow) -> int | None:
    """Take nodes away that have been idle for too long.

    Returns:
        How many nodes are left; None if none was taken.
    """
    taken = system.write(lambda work: placement.shrink(work, cluster))
    return len(nodes_of(system, cluster)) if taken else None


def settle(system: System, cluster: ComputeRow, count: int) -> None:
    """Write down that a cluster waits for no more nodes than it has.

    Args:
        system: The service's parts.
        cluster: The cluster.
        count: How many that is.
    """
    system.write(lambda work: placement.resized(work, cluster, count))


def wake_queue(system: System, cluster: ComputeRow) -> None:
    """Have the first run that waits for nodes of a cluster looked at again."""
    # The first is enough: whoever looks at it places all that fit.
    queue = queues.Queue(cluster.workspace, cluster.name, QUEUED)
    for row in system.read(lambda work: queue.first(work.connection, 1)):
        system.notices.changed(work_topic(row.subject))


def _moves(work: Work, cluster: ComputeRow, now: int) -> bool:
    # Asked of each cluster about once a second, so no node is read that need not be.
    if cluster.allocation_state != STEADY:
        return True
    named = work.connection, cluster.workspace, cluster.name
    present = nodes.count(*named)
    before = now - cluster.idle_seconds * SECOND
    spare = present > cluster.min_nodes and nodes.are_free_since(*named, IDLE, before)
    return present < cluster.min_nodes or spare
