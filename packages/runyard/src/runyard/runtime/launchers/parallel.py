"""Workers that take batches of an input, below one process a node."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Dict, List, Sequence

from runyard.runtime import names
from runyard.runtime.launchers import azure
from runyard.runtime.launchers.base import Launcher, Node, command_line
from runyard.runtime.managed_process import Plan, Task
from runyard.runtime.parallel import NODE

if TYPE_CHECKING:
    from runyard.runtime.folder import RunFolder
    from runyard.runtime.job import Job

_MODULES = ("runyard", "runtime", "parallel", "modules")


class ParallelLauncher(Launcher):
    """One process on every node, which starts the workers: see `runtime.parallel`."""

    def plans(
        self, job: Job, folder: RunFolder, nodes: Sequence[Node], variables: Dict[str, str]
    ) -> List[Plan]:
        """See Launcher."""
        each = int(job.launcher.get("process_count_per_node", 0)) or job.gpus or job.cpus
        path = [variables.get("PYTHONPATH", ""), os.path.join(job.light, *_MODULES)]
        own = {
            **azure.threads(job, nodes, each),
            **variables,
            **azure.batch(job, folder, nodes),
            **azure.task(job.node, len(nodes), job.node),
            "PYTHONPATH": os.pathsep.join(part for part in path if part),
        }
        interpreter, *words = command_line(job, folder, own)
        name = f"node {job.node}"
        log = names.TASK_LOG.format(job.node)
        return [
            Plan(
                name,
                [interpreter, "-c", NODE, folder.root, *words],
                own,
                folder.work,
                folder.log(log),
                tasks=[Task(name, job.node, log)],
            )
        ]
