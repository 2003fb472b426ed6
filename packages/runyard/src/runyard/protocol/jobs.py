"""The job: what the service tells an agent, and what an agent tells the service.

An agent runs once per node of a run. It speaks with a token that is valid for this run alone.
"""

from dataclasses import field
from typing import Dict, List, Optional

from runyard.protocol.containers import JobContainer
from runyard.protocol.files import FileEntry
from runyard.protocol.records import dataclass
from runyard.protocol.route import AGENT, IN_RUN, READS, Nothing, Route
from runyard.protocol.runs import RunError, RunSpec

STATE_STARTING = "starting"
STATE_PREPARING = "preparing"
STATE_RUNNING = "running"
STATE_FINALIZING = "finalizing"

OUTCOME_COMPLETED = "completed"
OUTCOME_FAILED = "failed"
OUTCOME_CANCELED = "canceled"
# The node did no wrong and was told to stop, because others had failed or all was done.
OUTCOME_STOPPED = "stopped"

# What a failure says about another attempt: a process did not get its port, or nothing can help.
CAUSE_PORT = "port"
CAUSE_DEFINITE = "definite"

# What becomes of one process of a run with several.
TASK_RUNNING = "running"
TASK_COMPLETED = "completed"
TASK_FAILED = "failed"
TASK_STOPPED = "stopped"

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
    """One data reference made concrete: `source` is a folder or file on this node's file system.

    A mounted `source` that does not exist is made a folder if it ends in `/`. "" where the node
    does not see the datastore's files: `path` on `datastore` is then brought there and back, large
    files by way of their store itself where it is `direct`.
    """

    name: str
    mode: str
    source: str
    path_on_compute: str = ""
    overwrite: bool = False
    datastore: str = ""
    path: str = ""
    direct: bool = False


@dataclass(frozen=True)
class JobInputFile:
    """A file of a dataset: `name` below its folder, and where its bytes are.

    `source` is a path on this node's file system; "" where the node does not see the datastore's
    files. With a `digest` it is that content: of a file of the web that somebody has fetched, or of
    a version that is pinned.
    """

    name: str
    size: int
    source: str = ""
    datastore: str = ""
    path: str = ""
    url: str = ""
    digest: str = ""
    modified_at: str = ""


@dataclass(frozen=True)
class JobInput:
    """A dataset of the run as it was resolved when the run began.

    `folder`, where there is one, is a folder of this node that has exactly its files. `is_file`:
    the job is given the path of the only file in place of the folder's. `version` names the version
    that was given, where it is pinned.
    """

    name: str
    mode: str
    dataset: str
    path_on_compute: str = ""
    folder: str = ""
    is_file: bool = False
    files: List[JobInputFile] = field(default_factory=list)
    version: str = ""


@dataclass(frozen=True)
class JobProgram:
    """A program that a node can fetch: its digest and size, and the machines on which it runs.

    `system` is `<system>-<machine>`, as `uname` has them: `Linux-x86_64`.
    """

    digest: str
    size: int
    system: str


@dataclass(frozen=True)
class JobEnvironment:
    """The realised environment: `interpreter` is an absolute path that exists or will exist.

    `folder` is "" for a user-managed interpreter. `requirements` is the lock's text, so that a
    node that lacks the environment can realise it, with `uv` where it can. Such a node keeps
    `keep_bytes` of environments at most; 0 is no bound.
    """

    interpreter: str
    folder: str = ""
    lock: str = ""
    python: str = ""
    requirements: str = ""
    uv: Optional[JobProgram] = None
    keep_bytes: int = 0


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
        cache: Folder in which the node keeps what it has fetched ("" keeps nothing).
        shared_folder: Absolute; holds the working folder that all nodes of the run share. "" is
            `run_folder`; each of several nodes then has a working folder of its own.
        address: Where other nodes reach this one; "" lets the agent find out.
        cpus, gpus: What a node of this cluster has.
        resumed: What the run that it resumes has left below `outputs`, without that folder.
        system_metrics: Whether to sample what it uses.
        limit_seconds: After so long, counted from the agent's start, the site ends what runs there;
            0: never.
        limit_of: Whose limit that is.
        inputs: The datasets that it reads.
        container: What its processes are in; None: they are the node's own.
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
    shared_folder: str = ""
    address: str = ""
    resumed: List[FileEntry] = field(default_factory=list)
    system_metrics: bool = True
    cache: str = ""
    limit_seconds: float = 0.0
    limit_of: str = ""
    inputs: List[JobInput] = field(default_factory=list)
    container: Optional[JobContainer] = None


@dataclass(frozen=True)
class TaskReport:
    """One process of a run, as the agent of its node sees it.

    Args:
        name: `worker 1`, `rank 0`.
        rank: Its place among all processes of the run.
        state: running, completed, failed or stopped (by the launcher, which is no failure).
        decisive: Whether the run lasts until it has ended.
        pid: Its process id on the node.
        exit_code: How it ended; negative: the signal that ended it.
        log: The path of its log in the run.
        ended_at: Seconds since 1970, 0 while it runs.
        cpu_seconds: CPU time of it and its descendants, measured every few seconds.
        memory_bytes: What of them is resident now, 0 when it has ended.
        peak_memory_bytes: The most that was seen.
        heard_at: When the service heard of its end, by its own clock; agents do not tell it.
    """

    name: str
    rank: int
    state: str
    decisive: bool = True
    pid: int = 0
    exit_code: Optional[int] = None
    log: str = ""
    ended_at: float = 0.0
    cpu_seconds: float = 0.0
    memory_bytes: int = 0
    peak_memory_bytes: int = 0
    heard_at: float = 0.0


@dataclass(frozen=True)
class JoinGang:
    """A node tells the others where it is: its host, address and the ports it keeps free.

    `folder` is its run folder, where the nodes of the run have no working folder in common.
    """

    host: str = ""
    address: str = "127.0.0.1"
    ports: List[int] = field(default_factory=list)
    attempt: int = 0
    folder: str = ""


@dataclass(frozen=True)
class GangNode:
    """A line of the rank table; `ports` is empty while the node is awaited."""

    node: int
    name: str
    host: str = ""
    address: str = ""
    ports: List[int] = field(default_factory=list)
    folder: str = ""


@dataclass(frozen=True)
class GangTable:
    """The nodes of a run in order; with `complete` all are there.

    Args:
        complete: Whether every node has joined.
        nodes: All of them, by number.
        missing: The names of those that have not joined.
        failed: Why the gang will never be complete; "" while it may.
        stop: It will not because another node has ended, which tells its own reason.
    """

    complete: bool
    nodes: List[GangNode] = field(default_factory=list)
    missing: List[str] = field(default_factory=list)
    failed: str = ""
    stop: bool = False


@dataclass(frozen=True)
class StartCommand:
    """A program that one node of a run wants started on another, as mpirun does through ssh.

    Args:
        command: What a shell on that node shall run.
        key: Chosen by the asker, and the same when it asks again: nothing is started twice.
    """

    command: str
    key: str


@dataclass(frozen=True)
class CommandRecord:
    """A command for a node.

    Args:
        number: Its place among the commands of the run.
        command: What a shell shall run.
        exit_code: How it ended, negative: the signal; None while it waits or runs.
        message: Why it has no exit code of its own.
    """

    number: int
    command: str
    exit_code: Optional[int] = None
    message: str = ""


@dataclass(frozen=True)
class TakeCommands:
    """A node asks for commands newer than those it has."""

    after: int = 0


@dataclass(frozen=True)
class CommandPage:
    """Commands for a node, in order."""

    items: List[CommandRecord]


@dataclass(frozen=True)
class EndCommand:
    """A node tells how a command ended; negative: the signal."""

    exit_code: int


@dataclass(frozen=True)
class RankRecord:
    """One process of a run and where it is; the fields that TaskReport has too are as there."""

    rank: int
    name: str
    node: int
    node_name: str
    host: str
    state: str
    exit_code: Optional[int] = None
    log: str = ""
    pid: int = 0
    cpu_seconds: float = 0.0
    memory_bytes: int = 0
    peak_memory_bytes: int = 0


@dataclass(frozen=True)
class RankPage:
    """All processes of a run, by rank; empty for a run of one process."""

    items: List[RankRecord]


@dataclass(frozen=True)
class AgentReport:
    """A beat: which state the agent is in, and where; sent at each change and every 5 s.

    `tasks` tells the processes of a node of a gang; None where there is nothing to tell yet.
    `attempt` is the job's, 0 where untold.
    """

    state: str
    pid: int = 0
    host: str = ""
    message: str = ""
    warnings: List[str] = field(default_factory=list)
    tasks: Optional[List[TaskReport]] = None
    attempt: int = 0


@dataclass(frozen=True)
class AgentReply:
    """The service's answer to a beat.

    Args:
        cancel: The run is to be canceled.
        stop: Another node has failed, or all that decides has ended: end what still runs.
        others: Whether other nodes still have processes.
        reason: Why to stop.
        hung: The processes here that decide and still run are the reason: they have failed.
        first: The first node has had its last word, or has none to say any more.
    """

    cancel: bool = False
    stop: bool = False
    others: bool = False
    reason: str = ""
    hung: bool = False
    first: bool = False


@dataclass(frozen=True)
class OrdersQuery:
    """What a node knows of the others already: an answer that is awaited tells something else."""

    stop: bool = False
    others: bool = True


@dataclass(frozen=True)
class FinishReport:
    """The last word of an agent: everything else has been delivered before.

    `cause` is one of CAUSE_*, "" for any other failure; `attempt` is the job's, 0 where untold.
    """

    outcome: str
    exit_code: Optional[int] = None
    signal: Optional[str] = None
    error: Optional[RunError] = None
    warnings: List[str] = field(default_factory=list)
    seconds: Dict[str, float] = field(default_factory=dict)
    cause: str = ""
    attempt: int = 0


JOBS_GET: Route[JobSpec] = Route(
    "jobs.get", "GET", IN_RUN + "/nodes/{node}/job", JobSpec, "What an agent is to do.", scope=AGENT
)
JOBS_REPORT: Route[AgentReply] = Route(
    "jobs.report",
    "POST",
    IN_RUN + "/nodes/{node}/report",
    AgentReply,
    "An agent's beat.",
    body=AgentReport,
    scope=AGENT,
)
JOBS_FINISH: Route[Nothing] = Route(
    "jobs.finish",
    "POST",
    IN_RUN + "/nodes/{node}/finish",
    Nothing,
    "An agent's last word.",
    body=FinishReport,
    scope=AGENT,
)
GANGS_JOIN: Route[GangTable] = Route(
    "gangs.join",
    "POST",
    IN_RUN + "/nodes/{node}/join",
    GangTable,
    "A node of a gang says where it is and asks for the rank table; again until it is complete.",
    body=JoinGang,
    scope=AGENT,
    waits=True,
)
GANGS_ORDERS: Route[AgentReply] = Route(
    "gangs.orders",
    "GET",
    IN_RUN + "/nodes/{node}/orders",
    AgentReply,
    "What a node of a gang is to do because of the others; may be awaited.",
    query=OrdersQuery,
    scope=AGENT,
    waits=True,
)
GANGS_RANKS: Route[RankPage] = Route(
    "gangs.ranks", "GET", IN_RUN + "/ranks", RankPage, "The processes of a run.", scope=READS
)
COMMANDS_START: Route[CommandRecord] = Route(
    "commands.start",
    "POST",
    IN_RUN + "/nodes/{node}/commands",
    CommandRecord,
    "Have a program started by the agent of another node of the run.",
    body=StartCommand,
    scope=AGENT,
)
COMMANDS_TAKE: Route[CommandPage] = Route(
    "commands.take",
    "POST",
    IN_RUN + "/nodes/{node}/commands/take",
    CommandPage,
    "What a node's agent is to start for other nodes.",
    body=TakeCommands,
    scope=AGENT,
)
COMMANDS_GET: Route[CommandRecord] = Route(
    "commands.get",
    "GET",
    IN_RUN + "/nodes/{node}/commands/{command}",
    CommandRecord,
    "How a command for a node is.",
    scope=AGENT,
)
COMMANDS_END: Route[Nothing] = Route(
    "commands.end",
    "POST",
    IN_RUN + "/nodes/{node}/commands/{command}/end",
    Nothing,
    "A node's agent tells how a command ended.",
    body=EndCommand,
    scope=AGENT,
)
