"""The contract of launchers: from the table of nodes to the processes of one node.

Host names and ports are known only when every node of a run is there, so launchers live in the
agent. A launcher is a pure function of what it is given: it starts nothing and opens nothing.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Dict, List, Sequence

from runyard.runtime.job import JobError
from runyard.runtime.variables import expand

if TYPE_CHECKING:
    from runyard.runtime.folder import RunFolder
    from runyard.runtime.job import Job
    from runyard.runtime.managed_process import Plan


class Node:
    """One line of the rank table.

    Args:
        rank: The node's place, from 0.
        address: Where the other nodes reach it.
        host: The name of its machine.
        name: Its name in the cluster.
        ports: Ports kept free there, as many as `Launcher.ports` asked for.
        folder: Its run folder, where the nodes of the run have no working folder in common.
    """

    __slots__ = ("address", "folder", "host", "name", "ports", "rank")

    def __init__(
        self,
        rank: int,
        address: str,
        host: str = "",
        name: str = "",
        ports: Sequence[int] = (),
        folder: str = "",
    ) -> None:
        self.rank = rank
        self.address = address
        self.host = host
        self.name = name
        self.ports = list(ports)
        self.folder = folder


class Launcher:
    """Turns the rank table and the job into the processes of this node."""

    def ports(self, job: Job) -> int:
        """How many ports this node keeps free for its processes."""
        del job
        return 0

    def plans(
        self, job: Job, folder: RunFolder, nodes: Sequence[Node], variables: Dict[str, str]
    ) -> List[Plan]:
        """The processes to start on this node, in order.

        Args:
            job: The job; `job.node` is this node's rank.
            folder: The run folder.
            nodes: Every node of the run, by rank.
            variables: The environment that all processes share.

        Raises:
            JobError: The job cannot be started like this.
        """
        raise NotImplementedError


def command_line(job: Job, folder: RunFolder, variables: Dict[str, str]) -> List[str]:
    """Program and arguments for a process with these variables.

    `command` is run as it stands; a single text with spaces in it is a shell's.

    Args:
        job: The job.
        folder: The run folder.
        variables: The whole environment of the processes.
    """
    command = [str(part) for part in job.spec.get("command") or []]
    if len(command) == 1 and " " in command[0]:
        return ["/bin/sh", "-c", command[0]]
    if command[:-1] == ["/bin/sh", "-c"]:
        # The shell knows better: what the line itself exports, and $PWD, which is the agent's here.
        return command
    if command:
        return expand(command, variables)
    script = _script(job, folder)
    arguments = expand([str(a) for a in job.spec.get("arguments") or []], variables)
    # A notebook is run by papermill; `runyard.sdk.notebook_scripts` is what calls it.
    program = ["-m", "runyard.sdk.notebook_scripts"] if script.endswith(".ipynb") else []
    return [str(job.environment["interpreter"]), *program, script, *arguments]


def _script(job: Job, folder: RunFolder) -> str:
    script = str(job.spec["script"])
    if os.path.isfile(os.path.join(folder.work, script)):
        # The interpreter would take `-c.py` for an option.
        return os.path.join(".", script) if script.startswith("-") else script
    from runyard.protocol.suggestions import nearest_scripts

    near = nearest_scripts(script, [str(file["path"]) for file in job.files])
    hint = f"the nearest there: {', '.join(near)}" if near else "the folder has no Python file"
    raise JobError(f"there is no script '{script}' in the run's source folder; {hint}")
