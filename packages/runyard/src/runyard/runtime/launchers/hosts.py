"""Which nodes are on which machine, and how mpirun gets from the first one to the others.

mpirun starts a daemon on each further machine through a program that it calls as it would call
ssh. Here that is `runyard.runtime.launch`, which asks the agent of the node there, so no keys and
no ssh server are needed.
"""

from __future__ import annotations

import json
import os
import shlex
import socket
import struct
import sys
from typing import TYPE_CHECKING, Dict, List, Sequence

from runyard.runtime import names

if TYPE_CHECKING:
    from runyard.runtime.folder import RunFolder
    from runyard.runtime.job import Job
    from runyard.runtime.launchers.base import Node

HOST_FILE = "hosts"
_BITS = 32
# Ranks speak by TCP, and by memory with those beside them; daemons stay children of the agent.
SETTINGS = {
    "OMPI_MCA_pml": "ob1",
    "OMPI_MCA_plm_rsh_agent": names.LAUNCH_PROGRAM,
    "OMPI_MCA_plm_rsh_no_tree_spawn": "1",
    "OMPI_MCA_orte_leave_session_attached": "1",
    "PRTE_MCA_plm": "ssh",
    "PRTE_MCA_plm_ssh_agent": names.LAUNCH_PROGRAM,
    "PRTE_MCA_plm_ssh_no_tree_spawn": "1",
    "PRTE_MCA_prte_leave_session_attached": "1",
    # Allowing more ranks than slots would put all of them on the first machine.
    "OMPI_MCA_rmaps_base_oversubscribe": "0",
    "PRTE_MCA_rmaps_default_mapping_policy": "slot",
    # A host that is listed once would have as many slots as cores.
    "OMPI_MCA_orte_set_default_slots": "1",
    "PRTE_MCA_prte_set_default_slots": "1",
    "HYDRA_LAUNCHER": "ssh",
    "HYDRA_LAUNCHER_EXEC": names.LAUNCH_PROGRAM,
}


def in_order(nodes: Sequence[Node]) -> List[Node]:
    """The nodes machine by machine, as mpirun numbers the ranks."""
    addresses = [node.address for node in nodes]
    return sorted(nodes, key=lambda node: addresses.index(node.address))


def several(nodes: Sequence[Node]) -> bool:
    """Whether the nodes are on more than one machine."""
    return len({node.address for node in nodes}) > 1


def settings(nodes: Sequence[Node]) -> Dict[str, str]:
    """The variables by which mpirun finds the other machines, and ranks each other."""
    try:
        network = network_of([node.address for node in nodes])
    except OSError:
        # A name, or an address of another kind: mpirun has to choose.
        return dict(SETTINGS)
    return {
        **SETTINGS,
        # They would try the networks of all interfaces, bridges of containers among them.
        "OMPI_MCA_oob_tcp_if_include": network,
        "OMPI_MCA_btl_tcp_if_include": network,
        "PRTE_MCA_prte_if_include": network,
    }


def files(
    job: Job, folder: RunFolder, nodes: Sequence[Node], each: int, place: str
) -> Dict[str, str]:
    """The files that mpirun needs for other machines: text by path.

    Args:
        job: The job.
        folder: The run folder.
        nodes: The nodes of the run, in order.
        each: How many ranks each node starts.
        place: The folder for the files.
    """
    numbers: Dict[str, int] = {}
    for node in nodes:
        numbers.setdefault(node.address, node.rank)
    lines = [node.address for node in in_order(nodes) for _ in range(each)]
    return {
        os.path.join(place, HOST_FILE): "\n".join(lines) + "\n",
        os.path.join(place, names.LAUNCH_TABLE): json.dumps(numbers),
        os.path.join(place, names.LAUNCH_PROGRAM): _program(job, folder),
    }


def network_of(addresses: Sequence[str]) -> str:
    """The smallest network that holds all addresses: `10.0.0.0/24`."""
    numbers = [struct.unpack("!I", socket.inet_aton(address))[0] for address in addresses]
    length = _BITS
    while length and len({number >> (_BITS - length) for number in numbers}) > 1:
        length -= 1
    start = numbers[0] >> (_BITS - length) << (_BITS - length)
    return f"{socket.inet_ntoa(struct.pack('!I', start))}/{length}"


def _program(job: Job, folder: RunFolder) -> str:
    main = os.path.join(job.light, "runyard", "runtime", "__main__.py")
    entry = main if os.path.isdir(job.light) else job.light
    words = [sys.executable or "python3", "-S", "-E", entry, "launch", folder.root]
    line = " ".join(shlex.quote(word) for word in words)
    return f'#!/bin/sh\nexec {line} "$@"\n'
