"""`runyard compute`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from runyard_server.cli import humane, output, tables
from runyard_server.cli.options import ComputeName, Json, Workspace
from runyard_server.cli.parameters import Argument, Group, Option
from runyard_server.cli.tables import Column

if TYPE_CHECKING:
    from runyard.protocol.compute import ComputeRecord, NodeUsage
    from runyard.protocol.sites import SiteRecord

COLUMNS = [
    Column("NAME"),
    Column("SIZE", worth=3),
    Column("NODES"),
    Column("BUSY", right=True, worth=2),
    Column("IDLE", right=True, worth=1),
    Column("STATE", least=15),
    Column("PER NODE", worth=4),
    Column("SITE", worth=1),
]
NODE_COLUMNS = [
    Column("NODE"),
    Column("STATE", least=15),
    Column("RUN"),
    Column("SINCE", worth=1),
    Column("CPU", right=True, worth=4),
    Column("MEMORY", right=True, worth=3),
    Column("GPU", right=True, worth=2),
]
OCCUPANCY_COLUMNS = [
    Column("FROM"),
    Column("NODES", right=True),
    Column("HELD", right=True),
]
QUEUE_COLUMNS = [
    Column("TARGET"),
    Column("PLACE", right=True),
    Column("PRIORITY", right=True, worth=5),
    Column("RUN"),
    Column("NODES", right=True, worth=2),
    Column("WAITS", worth=4),
    Column("STARTS IN", worth=3),
    Column("WHY", worth=1),
]
SITE_COLUMNS = [
    Column("SITE"),
    Column("BACKEND"),
    Column("PER NODE", worth=6),
    Column("NODES", worth=5),
    Column("MPI", worth=3),
    Column("FILES", worth=2),
    Column("PYTHONS", worth=1),
    Column("SERVICE AT", worth=4),
]

NewTarget = Annotated[str, Argument("NAME", help="What the target is to be called.")]
Machine = Annotated[str, Argument("MACHINE", help="The machine: [user@]name[:port].")]
Identity = Annotated[
    str | None,
    Option("--identity", metavar="FILE", help="The private key, on the service's machine."),
]
VmSize = Annotated[str, Argument("SIZE", help="What a node has, such as STANDARD_D2_V2.")]
Hours = Annotated[int, Option("--hours", least=1, most=168, help="How far back.")]
MostNodes = Annotated[int, Option("--max", metavar="NODES", least=0, help="The most nodes.")]
FewestNodes = Annotated[
    int, Option("--min", metavar="NODES", least=0, help="Nodes that stay, used or not.")
]
SiteName = Annotated[
    str, Option("--site", metavar="NAME", help="Where; by default the service's default site.")
]

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
    """List the nodes of a cluster, the runs that hold them and what these use.

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
        [
            (node.id, node.state, node.run or "", humane.age(node.since), *_used(node.used))
            for node in found
        ],
        f"{cluster} has no nodes now; it grows when a run needs them",
    )


@group.command()
def occupancy(
    cluster: ComputeName,
    hours: Hours = 6,
    json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Show how many nodes a cluster had in each of the last hours, and how many runs held.

    Example: `runyard compute occupancy gpucluster --hours 24`
    """
    from runyard_server.cli import target

    found = target.client(workspace).compute.occupancy(cluster, hours, hours)
    if json:
        output.as_json(found)
        return
    rows = zip(range(hours, 0, -1), found.nodes, found.held, strict=True)
    tables.show(
        OCCUPANCY_COLUMNS,
        [(f"{humane.many(ago, 'hour')} ago", f"{n:.3g}", f"{h:.3g}") for ago, n, h in rows],
        "",
    )


@group.command()
def create(
    name: NewTarget,
    size: VmSize,
    most: MostNodes = 1,
    fewest: FewestNodes = 0,
    site: SiteName = "",
    json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Make a cluster that runs can be sent to.

    Example: `runyard compute create small STANDARD_D2_V2 --max 4`
    """
    from runyard.protocol.compute import CreateCompute
    from runyard_server.cli import target

    order = CreateCompute(name, size, most, fewest, site=site)
    found = target.client(workspace).compute.create(order)
    if json:
        output.as_json(found)
        return
    per_node = _per_node(found.cpus, found.memory_gb, found.gpus)
    output.say(f"made {found.name}: {fewest} to {most} nodes of {per_node}")


@group.command()
def delete(name: ComputeName, json: Json = False, workspace: Workspace = None) -> None:
    """Delete a cluster; runs that wait for it are refused.

    Example: `runyard compute delete small`
    """
    from runyard_server.cli import target

    target.client(workspace).compute.delete(name)
    if not json:
        output.say(f"deleted {name}")


@group.command()
def attach(
    name: NewTarget,
    machine: Machine,
    identity: Identity = None,
    json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Attach a machine that is reached by ssh: a target for one job at a time.

    The service logs in, with the ssh configuration, keys and known hosts of its own user. It is
    reached once before; what is missing is told with the command that helps.

    Example: `runyard compute attach mybox ada@gpu1.example.org`
    """
    from runyard.protocol.compute import SSH_PORT, AttachCompute
    from runyard.protocol.errors import InvalidRequest
    from runyard_server.cli import target

    user, _, where = machine.rpartition("@")
    address, _, port = where.partition(":")
    if not address or (port and not port.isdigit()):
        raise InvalidRequest(f"{machine!r} is no machine; write [user@]name[:port]")
    key = str(Path(identity).expanduser().absolute()) if identity else ""
    given = AttachCompute(name, address, user, int(port or SSH_PORT), key)
    found = target.client(workspace).compute.attach(given)
    if json:
        output.as_json(found)
        return
    output.say(f"attached {found.name}: {_per_node(found.cpus, found.memory_gb, found.gpus)}")


@group.command()
def detach(name: ComputeName, json: Json = False, workspace: Workspace = None) -> None:
    """Let go of a machine that was attached; it stays as it is.

    Example: `runyard compute detach mybox`
    """
    from runyard_server.cli import target

    target.client(workspace).compute.delete(name)
    if not json:
        output.say(f"detached {name}")


@group.command()
def sites(json: Json = False) -> None:
    """List where clusters can be, and what each place can do.

    Clusters that name no site are on the one marked with `*`, which the setting `default_site`
    names. Sites are tables of the service's `config.toml`.

    Example: `runyard compute sites`
    """
    from runyard.client.sites import Sites
    from runyard.protocol.sites import SitePage
    from runyard_server.cli import target

    # A service's sites belong to no workspace, so none is looked for.
    found = Sites(target.connection()).list()
    if json:
        output.as_json(SitePage(found))
        return
    tables.show(SITE_COLUMNS, [_site_row(site) for site in found], "there is no site")


@group.command()
def queue(json: Json = False, workspace: Workspace = None) -> None:
    """List the runs that wait for nodes, and what would free them.

    On each target the highest priority is served first, and the oldest of it. Times that lie
    ahead are those of former runs. `runyard runs prioritize` changes the order.

    Example: `runyard compute queue`
    """
    from runyard.protocol.queue import QueuePage
    from runyard_server.cli import target

    found = target.client(workspace).compute.queue()
    if json:
        output.as_json(QueuePage(found))
        return
    tables.show(
        QUEUE_COLUMNS,
        [
            (
                one.target,
                str(one.position),
                str(one.priority),
                one.run,
                str(one.node_count),
                humane.age(one.since),
                "" if one.starts_in_seconds is None else humane.short(one.starts_in_seconds),
                one.message,
            )
            for one in found
        ],
        "no run waits",
    )


def _used(used: "NodeUsage | None") -> tuple[str, str, str]:
    if used is None:
        return "", "", ""
    return (
        "" if used.cpu is None else f"{used.cpu:.3g} of {used.cpu_capacity or 0:g}",
        "" if used.memory is None else humane.size(int(used.memory)),
        "" if used.gpu is None else f"{used.gpu:.0f} %",
    )


def _site_row(site: "SiteRecord") -> tuple[str, ...]:
    nodes = "any number" if site.max_nodes is None else f"up to {site.max_nodes}"
    return (
        f"{site.name} *" if site.default else site.name,
        site.backend,
        _per_node(site.cpus, site.memory_gb, site.gpus),
        f"{nodes}, sharing these" if site.shares_nodes else nodes,
        site.mpi or "none",
        "shared" if site.shares_files else "sent",
        # Their minor versions, each once: patch levels decide nothing here.
        ", ".join(dict.fromkeys(version.rpartition(".")[0] for version in site.interpreters)),
        site.service_url,
    )


def _per_node(cpus: int, memory_gb: float, gpus: int) -> str:
    return f"{cpus} CPU, {memory_gb:g} GB" + (f", {gpus} GPU" if gpus else "")


def _row(cluster: "ComputeRecord") -> tuple[str, ...]:
    return (
        cluster.name,
        cluster.vm_size,
        f"{cluster.current_nodes} of {cluster.min_nodes}-{cluster.max_nodes}",
        str(cluster.running_nodes),
        str(cluster.idle_nodes),
        cluster.allocation_state,
        _per_node(cluster.cpus, cluster.memory_gb, cluster.gpus),
        cluster.site,
    )
