"""The run: one execution of a script, with its spec, its states and its outcome.

    (client) -> Starting -> Preparing -> Queued -> Running -> Finalizing -> Completed | Failed
                    |           |          |          |            |
                    +-----------+----------+----------+------------+--> CancelRequested -> Canceled

Interactive runs begin in Running. Names and strings are those of the v1 SDK.
"""

from dataclasses import field
from typing import Any, Dict, List, Optional

from runyard.protocol.containers import ContainerRequest
from runyard.protocol.data import DataReference
from runyard.protocol.datasets import RunInput, RunOutput
from runyard.protocol.environments import EnvironmentDefinition
from runyard.protocol.parallel import ParallelSpec
from runyard.protocol.records import dataclass
from runyard.protocol.route import (
    CONTRIBUTOR,
    FAMILY,
    IN_RUN,
    IN_WORKSPACE,
    MAKES,
    READS,
    REPORTS,
    Nothing,
    Route,
)
from runyard.protocol.search import Search

# v1's clients end a wait on it, so no run of the service is ever in it.
NOT_STARTED = "NotStarted"
STARTING = "Starting"
PREPARING = "Preparing"
PROVISIONING = "Provisioning"
QUEUED = "Queued"
RUNNING = "Running"
FINALIZING = "Finalizing"
CANCEL_REQUESTED = "CancelRequested"
COMPLETED = "Completed"
FAILED = "Failed"
CANCELED = "Canceled"
TERMINAL = (COMPLETED, FAILED, CANCELED)
STATUSES = (
    NOT_STARTED,
    STARTING,
    PREPARING,
    PROVISIONING,
    QUEUED,
    RUNNING,
    FINALIZING,
    CANCEL_REQUESTED,
    COMPLETED,
    FAILED,
    CANCELED,
)

SCRIPT_RUN = "azureml.scriptrun"
# A property of a step run that was reused: the run that has made what it has, by v1's name.
REUSED_RUN = "azureml.reusedrunid"
LOCAL_TARGET = "local"
LOST_CONTACT = "LostContact"
# What v1 shows as the target of a run that the script itself is.
INTERACTIVE_TARGET = "sdk"


@dataclass(frozen=True)
class LauncherSpec:
    """How the processes of a run are started; `single` is one process on one node.

    `chief_count` and `evaluator_count` (0 or 1) are of the launchers that set TF_CONFIG.
    `exit_deadline_seconds`: how long processes that decide may outlast the first of them that has
    completed; None: for ever. `parallel` is of the launcher of that name alone, whose
    `process_count_per_node` may be 0: as many as a node has GPUs, or cores.
    """

    kind: str = "single"
    process_count_per_node: int = 1
    worker_count: int = 0
    parameter_server_count: int = 0
    backend: str = ""
    chief_count: int = 0
    evaluator_count: int = 0
    exit_deadline_seconds: Optional[float] = None
    parallel: Optional[ParallelSpec] = None


@dataclass(frozen=True)
class RunSpec:
    """Everything a job needs; made by the SDK, complete and never changed.

    `arguments` are texts; `$NAME` in them is expanded in the job from its environment.
    `command`, when not empty, replaces interpreter, script and arguments.
    `definition` is the v1 `runDefinition` as `get_details()` shows it.
    `max_retries` is how often the run may begin anew after a failed attempt.
    `resumes` is an earlier run, whose outputs the job finds at
    `$AZUREML_DATAREFERENCE_MODEL_LOCATION`.
    `priority` is the one that the run begins with in the queue of its target; see `queue`.
    `inputs` are datasets that the job reads, `outputs` folders that it makes.
    `container` asks for one.
    """

    experiment: str
    snapshot: str
    script: str
    arguments: List[str] = field(default_factory=list)
    command: List[str] = field(default_factory=list)
    target: str = LOCAL_TARGET
    node_count: int = 1
    launcher: LauncherSpec = field(default_factory=LauncherSpec)
    environment: EnvironmentDefinition = field(default_factory=EnvironmentDefinition)
    environment_variables: Dict[str, str] = field(default_factory=dict)
    data: List[DataReference] = field(default_factory=list)
    # v1 sent what a job writes there while it ran, and outputs at its end.
    watched_folders: List[str] = field(default_factory=lambda: ["logs"])
    max_duration_seconds: Optional[int] = None
    max_retries: int = 0
    shared_memory: Optional[str] = None
    definition: Dict[str, Any] = field(default_factory=dict)
    resumes: Optional[str] = None
    priority: int = 0
    inputs: List[RunInput] = field(default_factory=list)
    outputs: List[RunOutput] = field(default_factory=list)
    container: Optional[ContainerRequest] = None


@dataclass(frozen=True)
class SubmitRun:
    """Ask for a run.

    `inherited` is the client's environment for `target='local'`: it is kept in the run's private
    folder only, never in the history. `parent` makes it a child. `submitted_from` is the run whose
    job asks; with a run's token the service sets it. `params` are recorded beside those that the
    script's arguments spell, before which they go. `submitted_by` counts where the service itself
    submits; of all others it knows by their token who they are.
    """

    spec: RunSpec
    name: Optional[str] = None
    tags: Dict[str, Optional[str]] = field(default_factory=dict)
    properties: Dict[str, str] = field(default_factory=dict)
    inherited: Dict[str, str] = field(default_factory=dict)
    submitted_by: str = ""
    parent: Optional[str] = None
    submitted_from: Optional[str] = None
    params: Dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class StartRun:
    """Begin an interactive run, at once in Running; see SubmitRun for `parent` and the like.

    With `beats` the run is given up when the process that logs is not heard of for
    `SESSION_LOST_SECONDS`.
    `process` says which one that is, so that a service on the same machine sees at once that it
    has ended: `<pid namespace>/<pid>/<boot id>-<start in clock ticks>`, "" where it is not known.
    """

    experiment: str
    name: Optional[str] = None
    run_id: Optional[str] = None
    snapshot: Optional[str] = None
    parent: Optional[str] = None
    tags: Dict[str, Optional[str]] = field(default_factory=dict)
    properties: Dict[str, str] = field(default_factory=dict)
    submitted_by: str = ""
    submitted_from: Optional[str] = None
    beats: bool = False
    process: str = ""
    params: Dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Beat:
    """The process that began an interactive run is alive; see StartRun for `process`."""

    process: str = ""


@dataclass(frozen=True)
class RunError:
    """Why a run failed; `signal` is a name (SIGKILL).

    `code` is `UserError`, `ServiceError`, or `LostContact` for an interactive run whose process
    was not heard of any more.
    """

    code: str
    message: str
    time: str = ""
    exit_code: Optional[int] = None
    signal: Optional[str] = None
    log_tail: str = ""


@dataclass(frozen=True)
class RunRecord:
    """A run as the history knows it; `reason` says why it waits, while it waits.

    `submitted_from` is the run whose job submitted it, child or not. `metrics` are the last finite
    values of its scalar metrics, in order of first logging; None in answers not asked for them.
    `params` are what it was given to do its work with. `has_children` says whether runs are below
    it; None in answers that are not of a search. `priority` is what the queue goes by.
    `archived`: lists leave it out that do not ask for what is archived.
    """

    id: str
    workspace: str
    experiment: str
    number: int
    status: str
    target: str
    created_at: str
    run_type: Optional[str] = None
    name: Optional[str] = None
    started_at: Optional[str] = None
    ended_at: Optional[str] = None
    parent: Optional[str] = None
    snapshot: Optional[str] = None
    environment_lock: Optional[str] = None
    node_count: int = 1
    reason: Optional[str] = None
    error: Optional[RunError] = None
    warnings: List[str] = field(default_factory=list)
    tags: Dict[str, Optional[str]] = field(default_factory=dict)
    properties: Dict[str, str] = field(default_factory=dict)
    description: str = ""
    submitted_by: str = ""
    last_event: int = 0
    stage_seconds: Dict[str, float] = field(default_factory=dict)
    attempt: int = 0
    submitted_from: Optional[str] = None
    metrics: Optional[Dict[str, float]] = None
    params: Dict[str, str] = field(default_factory=dict)
    has_children: Optional[bool] = None
    priority: int = 0
    archived: bool = False


@dataclass(frozen=True)
class ChangeRun:
    """What may change of a run, also after its end.

    `properties` are write-once; `warnings` are added to those that the run has.
    """

    tags: Dict[str, Optional[str]] = field(default_factory=dict)
    removed_tags: List[str] = field(default_factory=list)
    properties: Dict[str, str] = field(default_factory=dict)
    name: Optional[str] = None
    description: Optional[str] = None
    warnings: List[str] = field(default_factory=list)


@dataclass(frozen=True)
class FailRun:
    """Set a run to Failed from outside."""

    message: str = ""
    code: str = "UserError"


@dataclass(frozen=True)
class RunQuery:
    """Which runs to list, newest first. `tag` alone: has it; with `tag_value`: equals it.

    `id_prefix` is how their ids begin, `number` their place in the experiment; `metrics` asks for
    the records' last values too.
    """

    experiment: Optional[str] = None
    status: Optional[str] = None
    run_type: Optional[str] = None
    target: Optional[str] = None
    parent: Optional[str] = None
    include_children: bool = False
    active: bool = False
    tag: Optional[str] = None
    tag_value: Optional[str] = None
    property: Optional[str] = None
    property_value: Optional[str] = None
    page_size: int = 100
    page_token: Optional[str] = None
    id_prefix: Optional[str] = None
    number: Optional[int] = None
    metrics: bool = False


@dataclass(frozen=True)
class RunPage:
    """One page of runs, newest first."""

    items: List[RunRecord]
    next_page_token: Optional[str] = None
    looked_at: Optional[int] = None


RUNS_SUBMIT: Route[RunRecord] = Route(
    "runs.submit",
    "POST",
    IN_WORKSPACE + "/runs",
    RunRecord,
    "Submit a run.",
    body=SubmitRun,
    creates=True,
    scope=MAKES,
)
RUNS_START: Route[RunRecord] = Route(
    "runs.start",
    "POST",
    IN_WORKSPACE + "/interactive-runs",
    RunRecord,
    "Start an interactive run or a child run.",
    body=StartRun,
    scope=MAKES,
    creates=True,
)
RUNS_LIST: Route[RunPage] = Route(
    "runs.list",
    "GET",
    IN_WORKSPACE + "/runs",
    RunPage,
    "List runs, newest first.",
    query=RunQuery,
    scope=READS,
)
RUNS_SEARCH: Route[RunPage] = Route(
    "runs.search",
    "POST",
    IN_WORKSPACE + "/runs/search",
    RunPage,
    "Search runs: filter, order, columns.",
    body=Search,
    scope=READS,
)
RUNS_GET: Route[RunRecord] = Route("runs.get", "GET", IN_RUN, RunRecord, "Get a run.", scope=READS)
RUNS_SPEC: Route[RunSpec] = Route(
    "runs.spec", "GET", IN_RUN + "/spec", RunSpec, "Get what was submitted.", scope=READS
)
RUNS_CHANGE: Route[RunRecord] = Route(
    "runs.change",
    "PATCH",
    IN_RUN,
    RunRecord,
    "Change tags, properties, name or description.",
    body=ChangeRun,
    scope=FAMILY,
)
RUNS_ARCHIVE: Route[RunRecord] = Route(
    "runs.archive",
    "PUT",
    IN_RUN + "/archived",
    RunRecord,
    "Leave a run that has ended, and those below it, out of lists; nothing of it is lost.",
    role=CONTRIBUTOR,
)
RUNS_UNARCHIVE: Route[RunRecord] = Route(
    "runs.unarchive",
    "DELETE",
    IN_RUN + "/archived",
    RunRecord,
    "Take a run, and those below it, into lists again.",
    role=CONTRIBUTOR,
)
RUNS_CANCEL: Route[RunRecord] = Route(
    "runs.cancel",
    "POST",
    IN_RUN + "/cancel",
    RunRecord,
    "Ask for a run to be canceled.",
    scope=FAMILY,
)
RUNS_COMPLETE: Route[RunRecord] = Route(
    "runs.complete",
    "POST",
    IN_RUN + "/complete",
    RunRecord,
    "Set a run to Completed.",
    scope=FAMILY,
)
RUNS_FAIL: Route[RunRecord] = Route(
    "runs.fail",
    "POST",
    IN_RUN + "/fail",
    RunRecord,
    "Set a run to Failed.",
    body=FailRun,
    scope=FAMILY,
)
BEATS_NOTE: Route[Nothing] = Route(
    "beats.note",
    "POST",
    IN_RUN + "/beat",
    Nothing,
    "The process that began an interactive run is alive.",
    body=Beat,
    scope=FAMILY,
    passive=True,
    audit=REPORTS,
)
