"""The variables that the hosted service gave to the processes of a run, and their share of cores.

Scripts of that time read `AZ_BATCH_*` and `AZ_BATCHAI_*` to find the first node and their rank.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Dict, Sequence

from runyard.runtime import variables as making

if TYPE_CHECKING:
    from runyard.runtime.folder import RunFolder
    from runyard.runtime.job import Job
    from runyard.runtime.launchers.base import Node

MASTER_PORT = 6000


def batch(job: Job, folder: RunFolder, nodes: Sequence[Node]) -> Dict[str, str]:
    """What every process of a node is told of the nodes.

    Args:
        job: The job.
        folder: The run folder.
        nodes: The nodes of the run, in order.
    """
    addresses = [node.address for node in nodes]
    found = {
        "AZ_BATCHAI_MPI_MASTER_NODE": addresses[0],
        "AZ_BATCHAI_JOB_MASTER_NODE_IP": addresses[0],
        "AZ_BATCH_HOST_LIST": ",".join(addresses),
        "AZ_BATCH_NODE_LIST": ";".join(addresses),
        "AZ_BATCH_IS_CURRENT_NODE_MASTER": "true" if job.node == 0 else "false",
        "AZ_BATCHAI_JOB_TEMP": folder.shared,
        "AZ_BATCHAI_NUM_GPUS": str(job.gpus),
    }
    # As in v1: on one node scripts fall back on AZ_BATCHAI_MPI_MASTER_NODE.
    if len(nodes) > 1:
        found["AZ_BATCH_MASTER_NODE"] = f"{addresses[0]}:{MASTER_PORT}"
    return found


def task(rank: int, size: int, index: int, kind: str = "") -> Dict[str, str]:
    """What one process is told of itself.

    Args:
        rank: Its place among all processes.
        size: How many there are.
        index: Its place among those of its kind.
        kind: `worker`, `ps`, `chief`; "" where there is one kind.
    """
    found = {
        "RUNYARD_RANK": str(rank),
        "RUNYARD_WORLD_SIZE": str(size),
        "AZ_BATCHAI_TASK_INDEX": str(index),
    }
    if kind:
        found["AZ_BATCHAI_TASK_TYPE"] = kind
    return found


def threads(job: Job, nodes: Sequence[Node], processes: int) -> Dict[str, str]:
    """The variables that hold each process of a node to its share of the cores.

    Args:
        job: The job.
        nodes: All nodes; those with the same address share a machine.
        processes: How many run on this node.
    """
    beside = sum(1 for node in nodes if node.address == nodes[job.node].address)
    cores = min(job.cpus, max(1, (os.cpu_count() or 1) // beside))
    each = str(max(1, cores // max(1, processes)))
    return dict.fromkeys(making.THREADS, each)
