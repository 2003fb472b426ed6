"""The job: what the service tells an agent, and what an agent tells the service.

An agent runs once per node of a run. It speaks with a token that is valid for this run alone.
"""

from dataclasses import dataclass, field
from typing import Dict, List, Optional

from runyard.protocol.files import FileEntry
from runyard.protocol.runs import RunError, RunSpec

HEARTBEAT_SECONDS = 5.0
LOST_SECONDS = 30.0

STATE_STARTING = "starting"
STATE_PREPARING = "preparing"
STATE_RUNNING = "running"
STATE_FINALIZING = "finalizing"

OUTCOME_COMPLETED = "completed"
OUTCOME_FAILED = "failed"
OUTCOME_CANCELED = "canceled"

# What the SDK finds in a job's environment, beside the AZUREML_* names of the v1 SDK.
RUN_ID_VARIABLE = "RUNYARD_RUN_ID"
WORKSPACE_VARIABLE = "RUNYARD_WORKSPACE"
SPOOL_VARIABLE = "RUNYARD_SPOOL"
CONNECTION_VARIABLE = "RUNYARD_CONNECTION_FILE"

# The run folder, below RUNYARD_HOME/runs/<run id>/ on the node.
JOB_FILE = "job.json"
WORK_FOLDER = "work"
SPOOL_FOLDER = "spool"
LOG_FOLDER = "logs"
STATE_FILE = "agent.json"
INHERITED_FILE = "inherited.json"


@dataclass(frozen=True)
class JobData:
    """One data reference made concrete: `source` is a folder or file on this node's file system."""

    name: str
    mode: str
    source: str
    path_on_compute: str = ""
    overwrite: bool = False


@dataclass(frozen=True)
class JobEnvironment:
    """The realised environment: `interpreter` is an absolute path that exists or will exist.

    `folder` is "" for a user-managed interpreter. `requirements` is the lock's text, so that a
    node that lacks the environment can realise it.
    """

    interpreter: str
    folder: str = ""
    lock: str = ""
    python: str = ""
    requirements: str = ""


@dataclass(frozen=True)
class JobSpec:
    """All that one agent needs. Paths are those of the node.

    Args:
        run: The run's id.
        workspace: The workspace's id, for URLs.
        workspace_name: Its name, and beside it what the v1 variables tell.
        url: Where the service listened when this was written.
        connection_file: Where it says where it listens now ("" on other machines).
        token: The run's own token.
        run_folder: Absolute; the agent makes the rest below it.
        blobs: Folder of stored contents ("" where they must be fetched over HTTP).
        light: Folder with the light half, first on PYTHONPATH.
        cpus, gpus: What a node of this cluster has.
    """

    run: str
    workspace: str
    workspace_name: str
    subscription_id: str
    resource_group: str
    experiment_id: str
    spec: RunSpec
    files: List[FileEntry]
    environment: JobEnvironment
    url: str
    token: str
    run_folder: str
    light: str
    connection_file: str = ""
    blobs: str = ""
    node: int = 0
    node_name: str = ""
    data: List[JobData] = field(default_factory=list)
    cpus: int = 1
    gpus: int = 0
    attempt: int = 1


@dataclass(frozen=True)
class AgentReport:
    """A beat: which state the agent is in, and where; sent at each change and every 5 s."""

    state: str
    pid: int = 0
    host: str = ""
    message: str = ""
    warnings: List[str] = field(default_factory=list)


@dataclass(frozen=True)
class AgentReply:
    """The service's answer to a beat."""

    cancel: bool = False


@dataclass(frozen=True)
class FinishReport:
    """The last word of an agent: everything else has been delivered before."""

    outcome: str
    exit_code: Optional[int] = None
    signal: Optional[str] = None
    error: Optional[RunError] = None
    warnings: List[str] = field(default_factory=list)
    seconds: Dict[str, float] = field(default_factory=dict)
