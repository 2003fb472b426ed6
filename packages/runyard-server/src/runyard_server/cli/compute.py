"""`runyard compute`."""

from typing import TYPE_CHECKING

from runyard_server.cli import humane, output, tables
from runyard_server.cli.options import ComputeName, Json, Workspace
from runyard_server.cli.parameters import Group
from runyard_server.cli.tables import Column

if TYPE_CHECKING:
    from runyard.protocol.compute import ComputeRecord

COLUMNS = [
    Column("NAME"),
    Column("SIZE", worth=3),
    Column("NODES"),
    Column("BUSY", right=True, worth=2),
    Column("IDLE", right=True, worth=1),
    Column("STATE", least=15),
    Column("PER NODE", worth=4),
]
NODE_COLUMNS = [Column("NODE"), Column("STATE", least=15), Column("RUN"), Column("SINCE", worth=1)]

group = Group()


@group.command("list")
def list_(json: Json = False, workspace: Workspace = None) -> None:
    """List the clusters of a workspace and what their nodes do.

    Example: `runyard compute list`
    """
    from runyard.protocol.compute import ComputePage
    from runyard_server.cli import target

    found = target.client(workspace).compute.list()
    if json:
        output.as_json(ComputePage(found))
        return
    tables.show(
        COLUMNS,
        [_row(cluster) for cluster in found],
        "no cluster yet; runs without one go to this machine (target 'local')",
    )


@group.command()
def nodes(cluster: ComputeName, json: Json = False, workspace: Workspace = None) -> None:
    """List the nodes of a cluster and the runs that hold them.

    Example: `runyard compute nodes gpucluster`
    """
    from runyard.protocol.compute import NodePage
    from runyard_server.cli import target

    found = target.client(workspace).compute.nodes(cluster)
    if json:
        output.as_json(NodePage(found))
        return
    tables.show(
        NODE_COLUMNS,
        [(node.id, node.state, node.run or "", humane.age(node.since)) for node in found],
        f"{cluster} has no nodes now; it grows when a run needs them",
    )


def _row(cluster: "ComputeRecord") -> tuple[str, ...]:
    gpus = f", {cluster.gpus} GPU" if cluster.gpus else ""
    return (
        cluster.name,
        cluster.vm_size,
        f"{cluster.current_nodes} of {cluster.min_nodes}-{cluster.max_nodes}",
        str(cluster.running_nodes),
        str(cluster.idle_nodes),
        cluster.allocation_state,
        f"{cluster.cpus} CPU, {cluster.memory_gb:g} GB{gpus}",
    )
