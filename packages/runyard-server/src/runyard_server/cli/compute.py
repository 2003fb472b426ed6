"""`runyard compute`."""

import typer

from runyard.protocol import routes
from runyard.protocol.compute import ComputeRecord
from runyard_server.cli import output, target
from runyard_server.cli.options import ComputeName, Json, Workspace

app = typer.Typer(help="Clusters that runs are sent to.", no_args_is_help=True)


@app.command("list")
def list_(json: Json = False, workspace: Workspace = None) -> None:
    """List the clusters of a workspace and what their nodes do.

    Example: `runyard compute list`
    """
    page = target.client(workspace).call(routes.COMPUTE_LIST)
    if json:
        output.as_json(page)
        return
    output.table(
        ["NAME", "SIZE", "NODES", ">BUSY", ">IDLE", "STATE", "PER NODE"],
        [_row(cluster) for cluster in page.items],
        "no cluster yet; runs without one go to this machine (target 'local')",
    )


@app.command()
def nodes(cluster: ComputeName, json: Json = False, workspace: Workspace = None) -> None:
    """List the nodes of a cluster and the runs that hold them.

    Example: `runyard compute nodes gpucluster`
    """
    page = target.client(workspace).call(routes.COMPUTE_NODES, cluster)
    if json:
        output.as_json(page)
        return
    output.table(
        ["NODE", "STATE", "RUN", "SINCE"],
        [(node.id, node.state, node.run or "", output.ago(node.since)) for node in page.items],
        f"{cluster} has no nodes now; it grows when a run needs them",
    )


def _row(cluster: ComputeRecord) -> tuple[str, ...]:
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
