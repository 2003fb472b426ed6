"""The run folder: the one place that knows where an agent keeps what.

Below `<run folder>`:

    job.json        what is to be done              (written before the agent starts)
    inherited.json  the client's variables          (the same; only for target local)
    agent.json      who works here, how far it is, which processes it started
    agent.log       what the agent itself has to say
    agent.lock      held as long as an agent or a salvage lives
    outcome.json    the last word, kept until the service has it
    work/           the snapshot, the script's working folder; outputs/ and logs/ in it
    spool/          metric lines, one file per writing process
    logs/           what the processes print
    endings/<pid>   how the interpreter of a process says that it ended
    data/           downloaded and to be uploaded data without a place of its own
    resumed/        what the run that this one resumes has left below its outputs
    mpi/<attempt>/  how each rank of mpirun is, and what starts them
    prepared.json   where the data is; read by the other nodes of the run
    nodes/<n>/      the same for each further node; `work`, `data` and `resumed` are the first's
"""

from __future__ import annotations

import json
import os
from typing import Any, Dict, Optional

from runyard.runtime import names


class RunFolder:
    """The paths of one job on this node.

    Args:
        root: The run folder; it exists.
    """

    def __init__(self, root: str) -> None:
        self.root = os.path.abspath(root)
        self.job_file = self.path(names.JOB_FILE)
        self.inherited_file = self.path(names.INHERITED_FILE)
        self.state_file = self.path(names.STATE_FILE)
        self.outcome_file = self.path("outcome.json")
        self.agent_log = self.path("agent.log")
        self.lock_file = self.path("agent.lock")
        self.spool = self.path(names.SPOOL_FOLDER)
        self.logs = self.path(names.LOG_FOLDER)
        self.endings = self.path("endings")
        self.share(self.root)

    def share(self, root: str) -> None:
        """Take the working folder and the data from the folder that all nodes of a run share."""
        self.shared = os.path.abspath(root)
        self.work = os.path.join(self.shared, names.WORK_FOLDER)
        self.data = os.path.join(self.shared, "data")
        self.resumed = os.path.join(self.shared, "resumed")
        self.prepared_file = os.path.join(self.shared, "prepared.json")
        self.outputs = os.path.join(self.work, "outputs")

    def of_node(self, node: int) -> RunFolder:
        """The run folder of another node of the run, below the folder that all share."""
        return RunFolder(os.path.join(self.shared, "nodes", str(node)) if node else self.shared)

    def ranks(self, attempt: int) -> str:
        """The folder in which the ranks of an attempt tell of themselves."""
        return os.path.join(self.shared, "mpi", str(attempt))

    def path(self, *parts: str) -> str:
        """A path below the run folder."""
        return os.path.join(self.root, *parts)

    def log(self, name: str) -> str:
        """The file of the log called `name` in the run, its folder made."""
        path = os.path.join(self.logs, *name.split("/"))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        return path

    def make(self) -> None:
        """Make the folders that the script may count on."""
        for path in (self.outputs, os.path.join(self.work, "logs"), self.spool):
            os.makedirs(path, exist_ok=True)


def write_json(path: str, value: Any) -> None:
    """Write a file so that a reader sees the old or the new content, never a part."""
    draft = f"{path}.{os.getpid()}.tmp"
    try:
        with open(draft, "w", encoding="utf-8") as stream:
            json.dump(value, stream)
        os.replace(draft, path)
    except OSError:
        if os.path.exists(draft):
            os.unlink(draft)
        raise


def read_json(path: str) -> Optional[Dict[str, Any]]:
    """Read a file written by `write_json`; None when it is not there or is no JSON object."""
    try:
        with open(path, "rb") as stream:
            value = json.loads(stream.read().decode("utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return value if isinstance(value, dict) else None
