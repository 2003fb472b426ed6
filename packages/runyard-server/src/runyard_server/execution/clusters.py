"""How the clusters stand, and how many nodes each should have."""

from runyard_server.core.system import System
from runyard_server.execution.placement import Target, wanted
from runyard_server.store import compute, nodes
from runyard_server.store.compute import ComputeRow
from runyard_server.store.nodes import NodeRow
from runyard_server.store.records import Connection


def with_nodes(system: System) -> list[tuple[ComputeRow, list[NodeRow]]]:
    """Give all clusters with their nodes."""

    def read(connection: Connection) -> list[tuple[ComputeRow, list[NodeRow]]]:
        return [
            (row, nodes.of_cluster(connection, row.workspace, row.name))
            for row in compute.everywhere(connection)
        ]

    return system.records.read(read)


def need(system: System, target: Target, coming: int) -> tuple[ComputeRow | None, int]:
    """Give a cluster and how many nodes it should have; see `placement.wanted`."""

    def read(connection: Connection) -> tuple[ComputeRow | None, int]:
        cluster = compute.find(connection, target.workspace, target.name)
        return cluster, wanted(connection, target, coming)

    return system.records.read(read)


def node_count(system: System, cluster: ComputeRow) -> int:
    """Count the nodes of a cluster."""
    found = system.records.read(lambda c: nodes.of_cluster(c, cluster.workspace, cluster.name))
    return len(found)
