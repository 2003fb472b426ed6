"""Ranks of Horovod without MPI: they find each other at a rendezvous server and speak by Gloo.

Horovod's own server runs beside rank 0, on a port kept free there; each node's agent starts its
ranks itself. As with MPI, ranks are local to each other where they are on one machine.
"""

from __future__ import annotations

import os
import socket
import struct
import sys
from typing import TYPE_CHECKING, Dict, List, Sequence

from runyard.runtime import names
from runyard.runtime.launchers import azure, hosts, jax
from runyard.runtime.launchers.base import Node, command_line
from runyard.runtime.managed_process import Plan, Task

if TYPE_CHECKING:
    from runyard.runtime.folder import RunFolder
    from runyard.runtime.job import Job

BACKEND = "gloo"
NAME = "rendezvous"
PORTS = 2
READY, PROGRAM = "rendezvous-ready", "rendezvous.py"
# Half a minute is Horovod's own; a rank on a busy machine takes longer to import its framework.
PATIENCE_SECONDS = 300
# A rank gives up after a second and a half without a server, which takes as long to start.
_WAIT = 'while [ ! -e "$0" ]; do sleep 0.1; done; exec "$@"'
# The same for who sees no file of the server's: it may be dialed, for it expects whoever comes.
_DIAL = """\
import os, socket, sys, time
while True:
    try:
        socket.create_connection((sys.argv[1], int(sys.argv[2])), 10).close()
        break
    except OSError:
        time.sleep(0.1)
os.execvp(sys.argv[3], sys.argv[3:])
"""
_SERVER = """\
import sys

from horovod.runner.common.util.hosts import get_host_assignments, parse_hosts
from horovod.runner.http.http_server import RendezvousHandler, RendezvousHTTPServer

address, port, hosts, size, ready = sys.argv[1:]
server = RendezvousHTTPServer((address, int(port)), RendezvousHandler, 0)
server.init(get_host_assignments(parse_hosts(hosts), int(size)))
open(ready, "w").close()
server.serve_forever()
"""
_ADDRESS_REQUEST = 0x8915  # SIOCGIFADDR
_NAME_BYTES, _REQUEST = 15, "256s"
_ADDRESS_AT = slice(20, 24)


def wanted(job: Job) -> bool:
    """Whether the ranks of a job speak by Gloo."""
    return str(job.launcher.get("backend") or "").lower() == BACKEND


def plans(
    job: Job, folder: RunFolder, nodes: Sequence[Node], variables: Dict[str, str]
) -> List[Plan]:
    """The server, on the first node, and the ranks of this node; as Launcher.plans.

    Args:
        job: The job.
        folder: The run folder.
        nodes: The nodes of the run, in order.
        variables: The whole environment of the processes.
    """
    each = int(job.launcher.get("process_count_per_node", 1))
    place = folder.ranks(job.attempt)
    shared = {
        **_meeting(job, nodes),
        **azure.threads(job, nodes, each),
        **variables,
        **azure.batch(job, folder, nodes),
        **jax.ranks(nodes[0].address, nodes[0].ports[0], len(nodes) * each),
    }
    found = [_server(job, folder, nodes, shared, each)] if job.node == 0 else []
    wait = ["/bin/sh", "-c", _WAIT, os.path.join(place, READY)]
    if job.is_apart and job.node:
        first = nodes[0]
        wait = [str(job.environment["interpreter"]), "-c", _DIAL, first.address]
        wait.append(str(first.ports[1]))
    return found + [_rank(job, folder, nodes, shared, local, wait) for local in range(each)]


def place_of(nodes: Sequence[Node], node: int, local: int, each: int) -> Dict[str, str]:
    """A rank's places among all, on its machine, and among those like it elsewhere.

    Args:
        nodes: All nodes.
        node: The rank's node.
        local: Its place on that node.
        each: Ranks on every node.
    """
    order = hosts.in_order(nodes)
    position = [one.rank for one in order].index(node)
    slots = _slots(nodes, each)
    address = nodes[node].address
    before = sum(1 for one in order[:position] if one.address == address)
    there = before * each + local
    like = [machine for machine, count in slots.items() if count > there]
    return {
        "HOROVOD_HOSTNAME": address,
        "HOROVOD_RANK": str(position * each + local),
        "HOROVOD_SIZE": str(len(nodes) * each),
        "HOROVOD_LOCAL_RANK": str(there),
        "HOROVOD_LOCAL_SIZE": str(slots[address]),
        "HOROVOD_CROSS_RANK": str(like.index(address)),
        "HOROVOD_CROSS_SIZE": str(len(like)),
    }


def interface_of(address: str) -> str:
    """The name of the network interface that has an address, "" where nobody can say."""
    if address.startswith("127."):
        return "lo0" if sys.platform == "darwin" else "lo"
    if not sys.platform.startswith("linux"):
        return ""
    import fcntl

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way:
        for _, name in socket.if_nameindex():
            request = struct.pack(_REQUEST, name.encode()[:_NAME_BYTES])
            try:
                told = fcntl.ioctl(way.fileno(), _ADDRESS_REQUEST, request)
            except OSError:
                # It is down or has no address.
                continue
            if socket.inet_ntoa(told[_ADDRESS_AT]) == address:
                return name
    return ""


def _slots(nodes: Sequence[Node], each: int) -> Dict[str, int]:
    """How many ranks each machine has, in the order of the ranks."""
    found: Dict[str, int] = {}
    for node in hosts.in_order(nodes):
        found[node.address] = found.get(node.address, 0) + each
    return found


def _meeting(job: Job, nodes: Sequence[Node]) -> Dict[str, str]:
    found = {
        "HOROVOD_CONTROLLER": BACKEND,
        "HOROVOD_CPU_OPERATIONS": BACKEND,
        "HOROVOD_GLOO_RENDEZVOUS_ADDR": nodes[0].address,
        "HOROVOD_GLOO_RENDEZVOUS_PORT": str(nodes[0].ports[1]),
        "HOROVOD_GLOO_TIMEOUT_SECONDS": str(PATIENCE_SECONDS),
    }
    interface = interface_of(nodes[job.node].address)
    return {**found, "HOROVOD_GLOO_IFACE": interface} if interface else found


def _server(
    job: Job, folder: RunFolder, nodes: Sequence[Node], variables: Dict[str, str], each: int
) -> Plan:
    place = folder.ranks(job.attempt)
    program = os.path.join(place, PROGRAM)
    slots = ",".join(f"{address}:{count}" for address, count in _slots(nodes, each).items())
    where = [nodes[0].address, str(nodes[0].ports[1]), slots, str(len(nodes) * each)]
    return Plan(
        NAME,
        [str(job.environment["interpreter"]), program, *where, os.path.join(place, READY)],
        variables,
        folder.work,
        folder.log(names.MPI_LOG),
        decisive=False,
        helper=True,
        files={program: _SERVER},
    )


def _rank(
    job: Job,
    folder: RunFolder,
    nodes: Sequence[Node],
    shared: Dict[str, str],
    local: int,
    wait: List[str],
) -> Plan:
    each = int(job.launcher.get("process_count_per_node", 1))
    places = place_of(nodes, job.node, local, each)
    rank = int(places["HOROVOD_RANK"])
    own = {
        **shared,
        **places,
        **azure.task(rank, len(nodes) * each, rank),
        jax.RANK: str(rank),
    }
    name = f"rank {rank}"
    log = names.TASK_LOG.format(rank)
    return Plan(
        name,
        [*wait, *command_line(job, folder, own)],
        own,
        folder.work,
        folder.log(log),
        tasks=[Task(name, rank, log)],
    )
