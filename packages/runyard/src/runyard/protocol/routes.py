"""The table of everything that can be asked of the service.

One row per route. The client calls by row, the service serves by row, the OpenAPI document is
made from the rows; a route that is not here does not exist. A row named `noun.verb` is served by
the function `verb` of `runyard_server.operations.<noun>`.

Bodies and answers are JSON records unless said: `BYTES` is a raw stream, `EVENTS` server-sent
events, `NOTHING` no body. Who may call: `ANYONE`, a `USER` (the service's token), or a `JOB` too
(a run's own token, for the run named in the path).
"""

from typing import Any, List

from runyard.protocol.compute import (
    ChangeCompute,
    ComputePage,
    ComputeRecord,
    CreateCompute,
    NodePage,
)
from runyard.protocol.datastores import (
    DatastoreFile,
    DatastoreFilePage,
    DatastoreFileQuery,
    DatastorePage,
    DatastoreRecord,
    PathList,
    WriteQuery,
)
from runyard.protocol.environments import (
    EnvironmentPage,
    EnvironmentQuery,
    EnvironmentRecord,
    LockRecord,
    RegisterEnvironment,
)
from runyard.protocol.events import EventPage, EventQuery
from runyard.protocol.experiments import (
    CreateExperiment,
    ExperimentPage,
    ExperimentQuery,
    ExperimentRecord,
)
from runyard.protocol.files import (
    BatchResult,
    BlobList,
    FilePage,
    FileQuery,
    LogMark,
    LogQuery,
    RegisterFiles,
)
from runyard.protocol.jobs import (
    AgentReply,
    AgentReport,
    CommandPage,
    CommandRecord,
    EndCommand,
    FinishReport,
    GangTable,
    JobSpec,
    JoinGang,
    OrdersQuery,
    RankPage,
    StartCommand,
    TakeCommands,
)
from runyard.protocol.metrics import MetricPage, MetricQuery, SpoolMark, SpoolQuery
from runyard.protocol.models import (
    ChangeModel,
    ModelPage,
    ModelQuery,
    ModelRecord,
    RegisterModel,
)
from runyard.protocol.route import ANYONE, JOB, Bytes, Events, Nothing, Route
from runyard.protocol.runs import (
    Beat,
    ChangeRun,
    FailRun,
    RunPage,
    RunQuery,
    RunRecord,
    RunSpec,
    StartRun,
    SubmitRun,
)
from runyard.protocol.service import About, ServiceStatus
from runyard.protocol.snapshots import CreateSnapshot, SnapshotRecord
from runyard.protocol.workspaces import (
    ChangeWorkspace,
    CreateWorkspace,
    WorkspacePage,
    WorkspaceQuery,
    WorkspaceRecord,
)

_W = "/workspaces/{workspace}"
_R = _W + "/runs/{run}"

SERVICE_ABOUT: Route[About] = Route(
    "service.about", "GET", "/about", About, "Who answers here.", who=ANYONE
)
SERVICE_STATUS: Route[ServiceStatus] = Route(
    "service.status", "GET", "/status", ServiceStatus, "What the service is doing."
)
SERVICE_STOP: Route[Nothing] = Route(
    "service.stop", "POST", "/stop", Nothing, "Stop the service; runs go on."
)

WORKSPACES_CREATE: Route[WorkspaceRecord] = Route(
    "workspaces.create",
    "POST",
    "/workspaces",
    WorkspaceRecord,
    "Create a workspace.",
    body=CreateWorkspace,
    creates=True,
)
WORKSPACES_LIST: Route[WorkspacePage] = Route(
    "workspaces.list",
    "GET",
    "/workspaces",
    WorkspacePage,
    "List workspaces.",
    query=WorkspaceQuery,
)
WORKSPACES_GET: Route[WorkspaceRecord] = Route(
    "workspaces.get", "GET", _W, WorkspaceRecord, "Get a workspace.", who=JOB
)
WORKSPACES_CHANGE: Route[WorkspaceRecord] = Route(
    "workspaces.change", "PATCH", _W, WorkspaceRecord, "Change a workspace.", body=ChangeWorkspace
)

EXPERIMENTS_CREATE: Route[ExperimentRecord] = Route(
    "experiments.create",
    "POST",
    _W + "/experiments",
    ExperimentRecord,
    "Create an experiment, or get it if it exists.",
    body=CreateExperiment,
    creates=True,
    who=JOB,
)
EXPERIMENTS_LIST: Route[ExperimentPage] = Route(
    "experiments.list",
    "GET",
    _W + "/experiments",
    ExperimentPage,
    "List experiments.",
    query=ExperimentQuery,
    who=JOB,
)
EXPERIMENTS_GET: Route[ExperimentRecord] = Route(
    "experiments.get",
    "GET",
    _W + "/experiments/{experiment}",
    ExperimentRecord,
    "Get an experiment.",
    who=JOB,
)

RUNS_SUBMIT: Route[RunRecord] = Route(
    "runs.submit",
    "POST",
    _W + "/runs",
    RunRecord,
    "Submit a run.",
    body=SubmitRun,
    creates=True,
    who=JOB,
)
RUNS_START: Route[RunRecord] = Route(
    "runs.start",
    "POST",
    _W + "/interactive-runs",
    RunRecord,
    "Start an interactive run or a child run.",
    body=StartRun,
    who=JOB,
    creates=True,
)
RUNS_LIST: Route[RunPage] = Route(
    "runs.list", "GET", _W + "/runs", RunPage, "List runs, newest first.", query=RunQuery, who=JOB
)
RUNS_GET: Route[RunRecord] = Route("runs.get", "GET", _R, RunRecord, "Get a run.", who=JOB)
RUNS_SPEC: Route[RunSpec] = Route(
    "runs.spec", "GET", _R + "/spec", RunSpec, "Get what was submitted.", who=JOB
)
RUNS_CHANGE: Route[RunRecord] = Route(
    "runs.change",
    "PATCH",
    _R,
    RunRecord,
    "Change tags, properties, name or description.",
    body=ChangeRun,
    who=JOB,
)
RUNS_CANCEL: Route[RunRecord] = Route(
    "runs.cancel", "POST", _R + "/cancel", RunRecord, "Ask for a run to be canceled.", who=JOB
)
RUNS_COMPLETE: Route[RunRecord] = Route(
    "runs.complete", "POST", _R + "/complete", RunRecord, "Set a run to Completed.", who=JOB
)
RUNS_FAIL: Route[RunRecord] = Route(
    "runs.fail", "POST", _R + "/fail", RunRecord, "Set a run to Failed.", body=FailRun, who=JOB
)

BEATS_NOTE: Route[Nothing] = Route(
    "beats.note",
    "POST",
    _R + "/beat",
    Nothing,
    "The process that began an interactive run is alive.",
    body=Beat,
    who=JOB,
)

EVENTS_LIST: Route[EventPage] = Route(
    "events.list",
    "GET",
    _R + "/events",
    EventPage,
    "List a run's events.",
    query=EventQuery,
    who=JOB,
)
EVENTS_STREAM: Route[Events] = Route(
    "events.stream",
    "GET",
    _R + "/events/stream",
    Events,
    "Follow a run: its events after `after`, and the growth of its logs, until it has ended.",
    query=EventQuery,
    who=JOB,
)

METRICS_APPEND: Route[SpoolMark] = Route(
    "metrics.append",
    "POST",
    _R + "/spool/{writer}",
    SpoolMark,
    "Append metric lines (newline-delimited JSON).",
    body=Bytes,
    query=SpoolQuery,
    who=JOB,
)
METRICS_MARK: Route[SpoolMark] = Route(
    "metrics.mark",
    "GET",
    _R + "/spool/{writer}",
    SpoolMark,
    "How many lines of a writer are stored.",
    who=JOB,
)
METRICS_LIST: Route[MetricPage] = Route(
    "metrics.list", "GET", _R + "/metrics", MetricPage, "Read metrics.", query=MetricQuery, who=JOB
)

FILES_LIST: Route[FilePage] = Route(
    "files.list", "GET", _R + "/files", FilePage, "List a run's files.", query=FileQuery, who=JOB
)
FILES_REGISTER: Route[FilePage] = Route(
    "files.register",
    "POST",
    _R + "/files",
    FilePage,
    "Add stored contents to a run.",
    body=RegisterFiles,
    who=JOB,
)
FILES_READ: Route[Bytes] = Route(
    "files.read",
    "GET",
    _R + "/files/{path:path}",
    Bytes,
    "Read a run's file; takes Range.",
    who=JOB,
)
LOGS_APPEND: Route[LogMark] = Route(
    "logs.append",
    "PUT",
    _R + "/logs/{path:path}",
    LogMark,
    "Append to a log at an offset; bytes that are there already are passed over.",
    body=Bytes,
    query=LogQuery,
    who=JOB,
)

BLOBS_MISSING: Route[BlobList] = Route(
    "blobs.missing",
    "POST",
    _W + "/blobs/missing",
    BlobList,
    "Which of these contents are not stored.",
    body=BlobList,
    who=JOB,
)
BLOBS_WRITE: Route[Nothing] = Route(
    "blobs.write",
    "PUT",
    _W + "/blobs/{digest}",
    Nothing,
    "Store a content; it is checked against its digest.",
    body=Bytes,
    who=JOB,
)
BLOBS_READ: Route[Bytes] = Route(
    "blobs.read", "GET", _W + "/blobs/{digest}", Bytes, "Read a content; takes Range.", who=JOB
)
BLOBS_WRITE_MANY: Route[BatchResult] = Route(
    "blobs.write_many",
    "POST",
    _W + "/blobs/write",
    BatchResult,
    "Store many small contents, framed as `protocol.batches` says; what is wrong is refused alone.",
    body=Bytes,
    who=JOB,
)
BLOBS_READ_MANY: Route[Bytes] = Route(
    "blobs.read_many",
    "POST",
    _W + "/blobs/read",
    Bytes,
    "Read many contents, framed as `protocol.batches` says.",
    body=BlobList,
    who=JOB,
)

SNAPSHOTS_CREATE: Route[SnapshotRecord] = Route(
    "snapshots.create",
    "POST",
    _W + "/snapshots",
    SnapshotRecord,
    "Create a snapshot.",
    body=CreateSnapshot,
    who=JOB,
    creates=True,
)
SNAPSHOTS_GET: Route[SnapshotRecord] = Route(
    "snapshots.get",
    "GET",
    _W + "/snapshots/{snapshot}",
    SnapshotRecord,
    "Get a snapshot.",
    who=JOB,
)

DATASTORES_LIST: Route[DatastorePage] = Route(
    "datastores.list", "GET", _W + "/datastores", DatastorePage, "List datastores.", who=JOB
)
DATASTORES_GET: Route[DatastoreRecord] = Route(
    "datastores.get",
    "GET",
    _W + "/datastores/{datastore}",
    DatastoreRecord,
    "Get a datastore.",
    who=JOB,
)
DATASTORES_FILES: Route[DatastoreFilePage] = Route(
    "datastores.files",
    "GET",
    _W + "/datastores/{datastore}/files",
    DatastoreFilePage,
    "List files on a datastore.",
    query=DatastoreFileQuery,
    who=JOB,
)
DATASTORES_READ: Route[Bytes] = Route(
    "datastores.read",
    "GET",
    _W + "/datastores/{datastore}/files/{path:path}",
    Bytes,
    "Read a file; takes Range.",
    who=JOB,
)
DATASTORES_WRITE: Route[DatastoreFile] = Route(
    "datastores.write",
    "PUT",
    _W + "/datastores/{datastore}/files/{path:path}",
    DatastoreFile,
    "Write a file, whole or not at all.",
    body=Bytes,
    query=WriteQuery,
    who=JOB,
)

DATASTORES_WRITE_MANY: Route[BatchResult] = Route(
    "datastores.write_many",
    "POST",
    _W + "/datastores/{datastore}/write",
    BatchResult,
    "Write many small files, framed as `protocol.batches` says; each whole or not at all.",
    body=Bytes,
    query=WriteQuery,
    who=JOB,
)
DATASTORES_READ_MANY: Route[Bytes] = Route(
    "datastores.read_many",
    "POST",
    _W + "/datastores/{datastore}/read",
    Bytes,
    "Read many files, framed as `protocol.batches` says.",
    body=PathList,
    who=JOB,
)

COMPUTE_CREATE: Route[ComputeRecord] = Route(
    "compute.create",
    "POST",
    _W + "/compute",
    ComputeRecord,
    "Create a cluster.",
    body=CreateCompute,
    creates=True,
)
COMPUTE_LIST: Route[ComputePage] = Route(
    "compute.list", "GET", _W + "/compute", ComputePage, "List compute targets.", who=JOB
)
COMPUTE_GET: Route[ComputeRecord] = Route(
    "compute.get", "GET", _W + "/compute/{compute}", ComputeRecord, "Get a compute target.", who=JOB
)
COMPUTE_CHANGE: Route[ComputeRecord] = Route(
    "compute.change",
    "PATCH",
    _W + "/compute/{compute}",
    ComputeRecord,
    "Change a cluster.",
    body=ChangeCompute,
)
COMPUTE_DELETE: Route[Nothing] = Route(
    "compute.delete", "DELETE", _W + "/compute/{compute}", Nothing, "Delete a cluster."
)
COMPUTE_NODES: Route[NodePage] = Route(
    "compute.nodes",
    "GET",
    _W + "/compute/{compute}/nodes",
    NodePage,
    "List a cluster's nodes.",
    who=JOB,
)

ENVIRONMENTS_REGISTER: Route[EnvironmentRecord] = Route(
    "environments.register",
    "POST",
    _W + "/environments",
    EnvironmentRecord,
    "Register an environment.",
    body=RegisterEnvironment,
    creates=True,
)
ENVIRONMENTS_LIST: Route[EnvironmentPage] = Route(
    "environments.list",
    "GET",
    _W + "/environments",
    EnvironmentPage,
    "List environments.",
    query=EnvironmentQuery,
    who=JOB,
)
ENVIRONMENTS_LOCK: Route[LockRecord] = Route(
    "environments.lock",
    "GET",
    _W + "/environment-locks/{lock}",
    LockRecord,
    "Get what exactly a run was given.",
    who=JOB,
)

MODELS_REGISTER: Route[ModelRecord] = Route(
    "models.register",
    "POST",
    _W + "/models",
    ModelRecord,
    "Register a model version.",
    body=RegisterModel,
    who=JOB,
    creates=True,
)
MODELS_LIST: Route[ModelPage] = Route(
    "models.list",
    "GET",
    _W + "/models",
    ModelPage,
    "List model versions.",
    query=ModelQuery,
    who=JOB,
)
MODELS_GET: Route[ModelRecord] = Route(
    "models.get",
    "GET",
    _W + "/models/{model}",
    ModelRecord,
    "Get a model by `name` (the latest version) or `name:version`, with its files.",
    who=JOB,
)
MODELS_CHANGE: Route[ModelRecord] = Route(
    "models.change",
    "PATCH",
    _W + "/models/{model}",
    ModelRecord,
    "Change a model version.",
    body=ChangeModel,
)
MODELS_DELETE: Route[Nothing] = Route(
    "models.delete", "DELETE", _W + "/models/{model}", Nothing, "Delete a model version."
)

JOBS_GET: Route[JobSpec] = Route(
    "jobs.get", "GET", _R + "/nodes/{node}/job", JobSpec, "What an agent is to do.", who=JOB
)
JOBS_REPORT: Route[AgentReply] = Route(
    "jobs.report",
    "POST",
    _R + "/nodes/{node}/report",
    AgentReply,
    "An agent's beat.",
    body=AgentReport,
    who=JOB,
)
JOBS_FINISH: Route[Nothing] = Route(
    "jobs.finish",
    "POST",
    _R + "/nodes/{node}/finish",
    Nothing,
    "An agent's last word.",
    body=FinishReport,
    who=JOB,
)
GANGS_JOIN: Route[GangTable] = Route(
    "gangs.join",
    "POST",
    _R + "/nodes/{node}/join",
    GangTable,
    "A node of a gang says where it is and asks for the rank table; again until it is complete.",
    body=JoinGang,
    who=JOB,
)
GANGS_ORDERS: Route[AgentReply] = Route(
    "gangs.orders",
    "GET",
    _R + "/nodes/{node}/orders",
    AgentReply,
    "What a node of a gang is to do because of the others; may be awaited.",
    query=OrdersQuery,
    who=JOB,
)
GANGS_RANKS: Route[RankPage] = Route(
    "gangs.ranks", "GET", _R + "/ranks", RankPage, "The processes of a run.", who=JOB
)
COMMANDS_START: Route[CommandRecord] = Route(
    "commands.start",
    "POST",
    _R + "/nodes/{node}/commands",
    CommandRecord,
    "Have a program started by the agent of another node of the run.",
    body=StartCommand,
    who=JOB,
)
COMMANDS_TAKE: Route[CommandPage] = Route(
    "commands.take",
    "POST",
    _R + "/nodes/{node}/commands/take",
    CommandPage,
    "What a node's agent is to start for other nodes.",
    body=TakeCommands,
    who=JOB,
)
COMMANDS_GET: Route[CommandRecord] = Route(
    "commands.get",
    "GET",
    _R + "/nodes/{node}/commands/{command}",
    CommandRecord,
    "How a command for a node is.",
    who=JOB,
)
COMMANDS_END: Route[Nothing] = Route(
    "commands.end",
    "POST",
    _R + "/nodes/{node}/commands/{command}/end",
    Nothing,
    "A node's agent tells how a command ended.",
    body=EndCommand,
    who=JOB,
)

ROUTES: List[Route[Any]] = [row for row in list(globals().values()) if isinstance(row, Route)]
