"""How the clusters stand, and how many nodes each should have."""

from runyard.protocol.runs import QUEUED
from runyard_server.core.notices import work_topic
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.execution import placement
from runyard_server.execution.placement import Target, wanted
from runyard_server.store import compute, nodes, runs
from runyard_server.store.compute import ComputeRow
from runyard_server.store.nodes import NodeRow


def with_nodes(system: System) -> list[tuple[ComputeRow, list[NodeRow]]]:
    """All clusters with their nodes."""

    def read(work: Work) -> list[tuple[ComputeRow, list[NodeRow]]]:
        return [
            (row, nodes.of_cluster(work.connection, row.workspace, row.name))
            for row in compute.everywhere(work.connection)
        ]

    return system.read(read)


def need(system: System, target: Target, coming: int) -> tuple[ComputeRow | None, int]:
    """A cluster and how many nodes it should have; see `placement.wanted`.

    Args:
        system: The service's parts.
        target: The cluster, as a target of runs.
        coming: Nodes for runs that are about to come into its queue.
    """

    def read(work: Work) -> tuple[ComputeRow | None, int]:
        cluster = compute.find(work.connection, target.workspace, target.name)
        return cluster, wanted(work, target, coming)

    return system.read(read)


def node_count(system: System, cluster: ComputeRow) -> int:
    """Count the nodes of a cluster."""
    found = system.read(
        lambda work: nodes.of_cluster(work.connection, cluster.workspace, cluster.name)
    )
    return len(found)


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
    return node_count(system, cluster) if taken else None


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
    queue = runs.Queue(cluster.workspace, cluster.name, QUEUED)
    for row in system.read(lambda work: queue.first(work.connection, 1)):
        system.notices.changed(work_topic(row.subject))
