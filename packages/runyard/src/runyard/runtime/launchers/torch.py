"""Processes of torch.distributed, with the variables that torchrun would give them, and JAX's."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Dict, List, Sequence

from runyard.runtime import names
from runyard.runtime.launchers import azure, jax
from runyard.runtime.launchers.base import Launcher, Node, command_line
from runyard.runtime.managed_process import Plan, Task

if TYPE_CHECKING:
    from runyard.runtime.folder import RunFolder
    from runyard.runtime.job import Job

MEETING_FILE = "torch-{}"


class TorchLauncher(Launcher):
    """The same number of processes on every node; ranks go by node."""

    def ports(self, job: Job) -> int:
        """See Launcher: for the store of rank 0, and for JAX's coordinator beside it."""
        return 2 if job.node == 0 else 0

    def plans(
        self, job: Job, folder: RunFolder, nodes: Sequence[Node], variables: Dict[str, str]
    ) -> List[Plan]:
        """See Launcher."""
        each = int(job.launcher.get("process_count_per_node", 1))
        shared = {
            **azure.threads(job, nodes, each),
            **variables,
            **azure.batch(job, folder, nodes),
            **_torchrun(job, folder, nodes, each),
            **jax.ranks(nodes[0].address, nodes[0].ports[1], len(nodes) * each),
        }
        return [_plan(job, folder, shared, local, each) for local in range(each)]


def _torchrun(job: Job, folder: RunFolder, nodes: Sequence[Node], each: int) -> Dict[str, str]:
    # By attempt: PyTorch does not meet in a file that a former one has left.
    meeting = Path(os.path.join(folder.shared, MEETING_FILE.format(job.attempt))).as_uri()
    if job.is_apart:
        meeting = f"tcp://{nodes[0].address}:{nodes[0].ports[0]}"
    return {
        "MASTER_ADDR": nodes[0].address,
        "MASTER_PORT": str(nodes[0].ports[0]),
        "WORLD_SIZE": str(len(nodes) * each),
        "LOCAL_WORLD_SIZE": str(each),
        "GROUP_RANK": str(job.node),
        "GROUP_WORLD_SIZE": str(len(nodes)),
        "NODE_RANK": str(job.node),
        "ROLE_NAME": "default",
        "TORCHELASTIC_RUN_ID": job.run,
        "TORCHELASTIC_RESTART_COUNT": "0",
        "TORCHELASTIC_MAX_RESTARTS": "0",
        "AZ_BATCHAI_PYTORCH_INIT_METHOD": meeting,
    }


def _plan(job: Job, folder: RunFolder, shared: Dict[str, str], local: int, each: int) -> Plan:
    rank = job.node * each + local
    size = int(shared["WORLD_SIZE"])
    own = {
        **shared,
        **azure.task(rank, size, rank),
        jax.RANK: str(rank),
        "RANK": str(rank),
        "LOCAL_RANK": str(local),
        "ROLE_RANK": str(rank),
        "ROLE_WORLD_SIZE": str(size),
    }
    name = f"rank {rank}"
    log = names.TASK_LOG.format(rank)
    return Plan(
        name,
        command_line(job, folder, own),
        own,
        folder.work,
        folder.log(log),
        tasks=[Task(name, rank, log)],
    )
