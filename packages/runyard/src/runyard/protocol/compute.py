"""Compute targets: clusters that grow from zero, and this machine as `local`."""

from dataclasses import field
from typing import Dict, List, Optional

from runyard.protocol.records import dataclass
from runyard.protocol.route import CONTRIBUTOR, IN_WORKSPACE, READS, Nothing, Route

# v1's first service took 16, its later one 32 and of instances 24; its guides have names with `_`.
NAME_RULE = r"[a-zA-Z][\w\-]{1,31}"
# v1 refused clusters of these names: it had targets of its own under them.
RESERVED_NAMES = ("amlcompute", "local", "containerinstance")
# A cluster for jobs, the name that v1 scripts give to where endpoints are, and a machine that is
# reached by ssh.
AML_COMPUTE, AKS_COMPUTE, VIRTUAL_MACHINE = "AmlCompute", "AKS", "VirtualMachine"
SSH_PORT = 22
DEDICATED = "dedicated"
LOW_PRIORITY = "lowpriority"
IDLE, PREPARING, RUNNING, LEAVING = "idle", "preparing", "running", "leaving"


@dataclass(frozen=True)
class CreateCompute:
    """Make a cluster: `min_nodes` to `max_nodes` nodes of one size.

    `site` says where; "" is the service's default site. One of `kind` `AKS` is kept for scripts
    that deploy to it: it has no nodes and runs no jobs, and what is deployed to it is on the
    service's own machine.
    """

    name: str
    vm_size: str
    max_nodes: int
    min_nodes: int = 0
    idle_seconds: int = 1800
    vm_priority: str = DEDICATED
    description: str = ""
    tags: Dict[str, str] = field(default_factory=dict)
    location: str = ""
    site: str = ""
    kind: str = AML_COMPUTE


@dataclass(frozen=True)
class AttachCompute:
    """Attach a machine that is reached by ssh: a target with this one node, on a site of its own.

    Args:
        name: The target's name.
        address: The machine's name or address.
        username: Who logs in there; "" leaves it to the ssh configuration of the service's user.
        port: The port of its ssh server.
        identity: File of the private key, on the service's machine; "" leaves it to ssh.
        known_hosts: File with the machine's host key, there; "" is that of the service's user.
        folder: Where the machine keeps what runs need; "" is `~/.runyard-node`.
        python: The interpreter of its agents, 3.7 or newer; "" is `python3`.
        description: For people.
        tags: For people.
    """

    name: str
    address: str
    username: str = ""
    port: int = SSH_PORT
    identity: str = ""
    known_hosts: str = ""
    folder: str = ""
    python: str = ""
    description: str = ""
    tags: Dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ComputeRecord:
    """A compute target and what its nodes do; `cpus`, `memory_gb` and `gpus` are per node.

    `site` is where its nodes are, `backend` the kind of that site's backend. Of a machine that was
    attached `location` is `[user@]name:port`, and its figures are those that were found there.
    """

    name: str
    vm_size: str
    min_nodes: int
    max_nodes: int
    idle_seconds: int
    vm_priority: str
    created_at: str
    modified_at: str
    backend: str = "local"
    cpus: int = 1
    memory_gb: float = 0.0
    gpus: int = 0
    provisioning_state: str = "Succeeded"
    allocation_state: str = "Steady"
    allocation_changed_at: str = ""
    current_nodes: int = 0
    target_nodes: int = 0
    idle_nodes: int = 0
    preparing_nodes: int = 0
    running_nodes: int = 0
    leaving_nodes: int = 0
    description: str = ""
    location: str = ""
    tags: Dict[str, str] = field(default_factory=dict)
    warnings: List[str] = field(default_factory=list)
    site: str = "local"
    kind: str = AML_COMPUTE


@dataclass(frozen=True)
class ChangeCompute:
    """What may change of a cluster; None leaves a field as it is."""

    min_nodes: Optional[int] = None
    max_nodes: Optional[int] = None
    idle_seconds: Optional[int] = None


@dataclass(frozen=True)
class ComputePage:
    """All compute targets of a workspace, by name."""

    items: List[ComputeRecord]


@dataclass(frozen=True)
class NodeUsage:
    """What the run on a node used of it when it last told; None where it has not told.

    Args:
        cpu: How many cores.
        cpu_capacity: How many the node has.
        memory: How many bytes.
        memory_capacity: How many the node has.
        gpu: Per cent of its GPUs, on average.
    """

    cpu: Optional[float] = None
    cpu_capacity: Optional[float] = None
    memory: Optional[float] = None
    memory_capacity: Optional[float] = None
    gpu: Optional[float] = None


@dataclass(frozen=True)
class NodeRecord:
    """One node of a cluster; `run` is the run that holds it, `used` what that takes of it."""

    id: str
    state: str
    run: Optional[str] = None
    since: str = ""
    used: Optional[NodeUsage] = None


@dataclass(frozen=True)
class NodePage:
    """All nodes of a cluster, by id; what is used is told of the first 200 that are held."""

    items: List[NodeRecord]


@dataclass(frozen=True)
class OccupancyQuery:
    """How far back to look, and into how many parts that time is cut."""

    hours: float = 6.0
    points: int = 72


@dataclass(frozen=True)
class Occupancy:
    """How many nodes a cluster had, and how many of them runs held, over the last hours.

    Args:
        begin: When the first part begins.
        step_seconds: How long each part is; the last one ends now.
        nodes: How many nodes there were in each part, on average.
        held: How many of them runs held.
    """

    begin: str
    step_seconds: float
    nodes: List[float]
    held: List[float]


COMPUTE_CREATE: Route[ComputeRecord] = Route(
    "compute.create",
    "POST",
    IN_WORKSPACE + "/compute",
    ComputeRecord,
    "Create a cluster.",
    body=CreateCompute,
    creates=True,
    role=CONTRIBUTOR,
)
COMPUTE_ATTACH: Route[ComputeRecord] = Route(
    "compute.attach",
    "POST",
    IN_WORKSPACE + "/compute/attach",
    ComputeRecord,
    "Attach a machine that is reached by ssh; it is reached once before.",
    body=AttachCompute,
    creates=True,
)
COMPUTE_LIST: Route[ComputePage] = Route(
    "compute.list",
    "GET",
    IN_WORKSPACE + "/compute",
    ComputePage,
    "List compute targets.",
    scope=READS,
)
COMPUTE_GET: Route[ComputeRecord] = Route(
    "compute.get",
    "GET",
    IN_WORKSPACE + "/compute/{compute}",
    ComputeRecord,
    "Get a compute target.",
    scope=READS,
)
COMPUTE_CHANGE: Route[ComputeRecord] = Route(
    "compute.change",
    "PATCH",
    IN_WORKSPACE + "/compute/{compute}",
    ComputeRecord,
    "Change a cluster.",
    body=ChangeCompute,
    role=CONTRIBUTOR,
)
COMPUTE_DELETE: Route[Nothing] = Route(
    "compute.delete", "DELETE", IN_WORKSPACE + "/compute/{compute}", Nothing, "Delete a cluster."
)
COMPUTE_NODES: Route[NodePage] = Route(
    "compute.nodes",
    "GET",
    IN_WORKSPACE + "/compute/{compute}/nodes",
    NodePage,
    "List a cluster's nodes.",
    scope=READS,
)
COMPUTE_OCCUPANCY: Route[Occupancy] = Route(
    "compute.occupancy",
    "GET",
    IN_WORKSPACE + "/compute/{compute}/occupancy",
    Occupancy,
    "Tell how many nodes a cluster had over the last hours, and how many runs held.",
    query=OccupancyQuery,
    scope=READS,
)
