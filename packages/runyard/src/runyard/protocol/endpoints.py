"""Endpoints: models that answer over HTTP, with deployments that can be changed while they serve.

An endpoint has a name, a port, keys and one or more deployments; each deployment has models, an
entry script or a flavor, an environment, resources and limits, and is served by replicas. Changing
what a deployment runs makes its next revision: the replicas of the old one serve until those of the
new one are ready. States are the strings of the v1 SDK.

    Transitioning -> Healthy | Failed      Healthy <-> Unhealthy      any -> Deleting -> gone
"""

from dataclasses import field
from typing import Any, Dict, List, Optional

from runyard.protocol.environments import EnvironmentDefinition
from runyard.protocol.records import dataclass
from runyard.protocol.route import ALWAYS, CONTRIBUTOR, IN_WORKSPACE, READS, REPORTS, Nothing, Route
from runyard.protocol.runs import LOCAL_TARGET

TRANSITIONING, HEALTHY, UNHEALTHY = "Transitioning", "Healthy", "Unhealthy"
FAILED, DELETING = "Failed", "Deleting"
ENDPOINT_STATES = (TRANSITIONING, HEALTHY, UNHEALTHY, FAILED, DELETING)

# How an operation (a creation, an update) stands.
WORKING, SUCCEEDED, OPERATION_FAILED = "Running", "Succeeded", "Failed"

# What one replica is doing.
STARTING, LOADING, READY, RESTARTING, DRAINING = (
    "starting",
    "loading",
    "ready",
    "restarting",
    "draining",
)

SCRIPT, TENSORFLOW, KERAS, SKLEARN = "script", "tensorflow", "keras", "sklearn"
ONNX, TORCH, PYFUNC = "onnx", "torch", "pyfunc"
FLAVORS = (SCRIPT, TENSORFLOW, KERAS, SKLEARN, ONNX, TORCH, PYFUNC)

SCORE, TF_SERVING, OPEN_INFERENCE, MLFLOW = "score", "tf-serving", "open-inference", "mlflow"
PROTOCOLS = (SCORE, TF_SERVING, OPEN_INFERENCE, MLFLOW)

NATIVE, LOCAL, ACI, AKS, AKS_ENDPOINT = "native", "local", "aci", "aks", "aksendpoint"
ENDPOINT_KINDS = (NATIVE, LOCAL, ACI, AKS, AKS_ENDPOINT)

KEY, TOKEN, NO_AUTH = "key", "token", "none"
AUTHS = (KEY, TOKEN, NO_AUTH)

# v1's rule, which names of hosts follow.
ENDPOINT_NAME_RULE = r"[a-z]([-a-z0-9]*[a-z0-9])?"
SHORTEST_NAME, LONGEST_NAME = 3, 32
MAIN_DEPLOYMENT = "main"
MODELS_FOLDER = "azureml-models"
# Experiments whose names begin like this hold what the service runs for itself, such as replicas.
# They show in no list that does not name them.
HIDDEN_EXPERIMENT = "."
REPLICAS_EXPERIMENT = ".endpoints"
REPLICA_RUN = "runyard.replica"
# As the model worker prints it into its log, after the time.
READY_LINE = "Z ready after "

IN_ENDPOINT = IN_WORKSPACE + "/endpoints/{endpoint}"
IN_DEPLOYMENT = IN_ENDPOINT + "/deployments/{deployment}"


@dataclass(frozen=True)
class Limits:
    """What a deployment lets in.

    Args:
        concurrency: Calls at once for each replica; more than one calls `run` from several threads.
        queue_length: Requests that may wait; further ones are answered with 503.
        queue_wait_ms: How long each may wait for a replica that is there.
        timeout_ms: How long one call may take; then 504, and the replica is restarted if the call
            does not end within ten seconds more.
        max_body: Bytes of a request's body.
        init_seconds: How long `init()` may take.
    """

    # Scripts of v1 keep sessions and graphs in globals, which two calls would share.
    concurrency: int = 1
    queue_length: int = 200
    queue_wait_ms: int = 10_000
    # What v1's own inference server waits for.
    timeout_ms: int = 3_600_000
    max_body: int = 100 << 20
    init_seconds: float = 600.0


@dataclass(frozen=True)
class Scaling:
    """How many replicas there are.

    With `max_replicas` above `min_replicas` as many as keep the share of busy calls at
    `target_utilization`: more at once, fewer after `down_seconds`. With `min_replicas` 0 none
    after `idle_seconds` without a request; the next request waits for a start.
    """

    min_replicas: int = 1
    max_replicas: int = 1
    target_utilization: float = 0.7
    down_seconds: float = 300.0
    idle_seconds: float = 900.0


@dataclass(frozen=True)
class Batching:
    """Calls are gathered up to `max_batch` rows or `max_wait_ms`, whichever comes first; 1: not."""

    max_batch: int = 1
    max_wait_ms: float = 5.0


@dataclass(frozen=True)
class Liveness:
    """When a replica that does not beat is killed and replaced, in seconds and missed beats."""

    period_seconds: float = 10.0
    timeout_seconds: float = 2.0
    failure_threshold: int = 3
    # All four are what AKS had by default in v1.
    initial_delay_seconds: float = 310.0


@dataclass(frozen=True)
class Resources:
    """What each replica is given. Fractions of CPUs and memory are reservations, no limits."""

    cpus: float = 0.1
    memory_gb: float = 0.5
    gpus: int = 0


@dataclass(frozen=True)
class DeploymentSpec:
    """Everything that decides what a deployment runs, and how.

    Args:
        models: Registered models, `name:version`; `name` alone is made `name:<latest>` at once.
        flavor: `script`, or how the one model is served without one.
        entry_script: Of `script`: a path within the code.
        snapshot: The code, as a snapshot; "" without any.
        source_directory: The folder of the app root that the code lies in; "" is the root itself.
        environment: What the worker needs.
        environment_variables: More of the worker's environment.
        target: `local`, or a compute target whose nodes hold the replicas.
        resources: Of each replica.
        scaling: How many replicas.
        limits: What is let in.
        batching: Whether calls are gathered.
        liveness: When a silent replica is replaced.
        options: The flavor's own, such as `signature`.
        description: For people.
        tags: For people, too.
        v1: What v1 objects show of it and nothing here uses.
    """

    models: List[str] = field(default_factory=list)
    flavor: str = SCRIPT
    entry_script: str = ""
    snapshot: str = ""
    source_directory: str = ""
    environment: EnvironmentDefinition = field(default_factory=EnvironmentDefinition)
    environment_variables: Dict[str, str] = field(default_factory=dict)
    target: str = LOCAL_TARGET
    resources: Resources = field(default_factory=Resources)
    scaling: Scaling = field(default_factory=Scaling)
    limits: Limits = field(default_factory=Limits)
    batching: Batching = field(default_factory=Batching)
    liveness: Liveness = field(default_factory=Liveness)
    options: Dict[str, Any] = field(default_factory=dict)
    description: str = ""
    tags: Dict[str, str] = field(default_factory=dict)
    v1: Dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Access:
    """How an endpoint is reached.

    Args:
        auth: `key`, `token` (signed, for twelve hours) or `none`.
        port: The port of its own; None: a free one, kept for the endpoint's life.
        protocols: What it answers to beside health.
        origins: Web pages that may call it (CORS), with scheme; `*` for all.
        log_requests: The share of requests whose input and output are kept, 0 to 1.
        legacy_status: The status of a `run` that raised: 500, or 502 as in 2019.
    """

    auth: str = KEY
    port: Optional[int] = None
    protocols: List[str] = field(default_factory=lambda: list(PROTOCOLS))
    origins: List[str] = field(default_factory=list)
    log_requests: float = 0.0
    legacy_status: int = 500


@dataclass(frozen=True)
class CreateEndpoint:
    """Make an endpoint with its first deployment; returns at once, in Transitioning.

    With `replace` one of the name that exists becomes this one, without a failed request: it keeps
    port, keys and address unless `access` says otherwise. `primary_key` and `secondary_key` are
    keys of the caller's own.
    """

    name: str
    spec: DeploymentSpec
    deployment: str = MAIN_DEPLOYMENT
    kind: str = NATIVE
    access: Access = field(default_factory=Access)
    description: str = ""
    tags: Dict[str, str] = field(default_factory=dict)
    properties: Dict[str, str] = field(default_factory=dict)
    replace: bool = False
    primary_key: Optional[str] = None
    secondary_key: Optional[str] = None
    created_by: str = ""
    v1: Dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ReplicaRecord:
    """One replica; `run` is the hidden run that it is, `since` when it came into its state.

    `restarts` counts the deaths of its worker, `reason` says what the last one was of, or what is
    waited for.
    """

    run: str
    deployment: str
    revision: int
    state: str
    since: str = ""
    node: str = ""
    pid: int = 0
    restarts: int = 0
    reason: str = ""
    memory_bytes: int = 0


@dataclass(frozen=True)
class Latencies:
    """How many requests took how long, from a request's head to its answer.

    `counts` has one for each of `bounds`, in seconds: those that took no longer, but longer than
    the bound before; and a last one, of those that took longer than all.
    """

    bounds: List[float]
    counts: List[int]


@dataclass(frozen=True)
class DeploymentRecord:
    """A deployment as it stands.

    `revision` is the one that serves, 0 while none does; `coming` the one that is being made ready.
    `percent` is its share of the traffic, `mirror` the share of requests that it gets a copy of.
    `reason` answers why it is not ready, `error` is what the last operation failed of. `requests`
    and `failures` are counts since the deployment was made, as those of `latencies` are, which is
    None where nobody has told any; `queue` is how many requests wait now.
    """

    name: str
    state: str
    spec: DeploymentSpec
    revision: int = 0
    coming: Optional[int] = None
    percent: int = 0
    mirror: int = 0
    is_default: bool = False
    replicas: List[ReplicaRecord] = field(default_factory=list)
    wanted: int = 0
    reason: str = ""
    error: str = ""
    created_at: str = ""
    updated_at: str = ""
    environment_lock: Optional[str] = None
    requests: int = 0
    failures: int = 0
    queue: int = 0
    latencies: Optional[Latencies] = None


@dataclass(frozen=True)
class OperationRecord:
    """The last thing asked of an endpoint: `kind` is `create`, `update` or `delete`.

    `deployments` are those that it is about: what another once failed of is no error of it.
    """

    id: str
    kind: str
    state: str
    error: str = ""
    began_at: str = ""
    ended_at: Optional[str] = None
    deployments: List[str] = field(default_factory=list)


@dataclass(frozen=True)
class EndpointRecord:
    """An endpoint as it stands; `address` is `http://host:port`, "" before a port is known.

    `requests` and `failures` are counts since it was made, `last_request_at` of the newest.
    """

    name: str
    workspace: str
    kind: str
    state: str
    created_at: str
    access: Access
    deployments: List[DeploymentRecord] = field(default_factory=list)
    operation: Optional[OperationRecord] = None
    address: str = ""
    reason: str = ""
    error: str = ""
    updated_at: str = ""
    created_by: str = ""
    description: str = ""
    tags: Dict[str, str] = field(default_factory=dict)
    properties: Dict[str, str] = field(default_factory=dict)
    requests: int = 0
    failures: int = 0
    last_request_at: Optional[str] = None
    last_event: int = 0
    v1: Dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class EndpointQuery:
    """Which endpoints to list, newest first; `model` is `name` or `name:version`.

    Each entry of `tags` and `properties` is `key` (has it) or `key=value` (equals it).
    """

    kind: Optional[str] = None
    model: Optional[str] = None
    tags: List[str] = field(default_factory=list)
    properties: List[str] = field(default_factory=list)
    page_size: int = 100
    page_token: Optional[str] = None


@dataclass(frozen=True)
class EndpointPage:
    """One page of endpoints, newest first."""

    items: List[EndpointRecord]
    next_page_token: Optional[str] = None


@dataclass(frozen=True)
class ChangeEndpoint:
    """What may change of an endpoint without a new replica; None leaves it.

    `traffic` is percent by deployment; the rest to 100 goes to the default. `properties` are
    write-once.
    """

    tags: Dict[str, str] = field(default_factory=dict)
    removed_tags: List[str] = field(default_factory=list)
    properties: Dict[str, str] = field(default_factory=dict)
    description: Optional[str] = None
    access: Optional[Access] = None
    traffic: Optional[Dict[str, int]] = None
    mirror: Optional[Dict[str, int]] = None
    default: Optional[str] = None
    v1: Optional[Dict[str, Any]] = None


@dataclass(frozen=True)
class Deploy:
    """Add a deployment, or change one to its next revision.

    A spec that differs in nothing but scaling, limits, batching, liveness, description, tags or
    `v1` needs no new replicas. `percent` and `is_default` None leave the traffic as it is.
    """

    spec: DeploymentSpec
    percent: Optional[int] = None
    is_default: Optional[bool] = None


@dataclass(frozen=True)
class Rollback:
    """Go back to a former revision; None: to the one before."""

    revision: Optional[int] = None


@dataclass(frozen=True)
class EndpointKeys:
    """The keys of an endpoint with `auth` `key`."""

    primary: str
    secondary: str


@dataclass(frozen=True)
class RegenerateKey:
    """Replace a key: `which` is `primary` or `secondary`; `key` None makes one."""

    which: str
    key: Optional[str] = None


@dataclass(frozen=True)
class EndpointToken:
    """A token of an endpoint with `auth` `token`; times in ISO 8601."""

    token: str
    refresh_after: str
    expires_at: str


@dataclass(frozen=True)
class EndpointLogQuery:
    """Which log lines: the last `lines` of a deployment (None: of all); `init`: until readiness."""

    deployment: Optional[str] = None
    lines: int = 5000
    init: bool = False


@dataclass(frozen=True)
class EndpointLog:
    """Lines of replicas, oldest first."""

    text: str


@dataclass(frozen=True)
class CallEndpoint:
    """A request that the service sends to an endpoint, with what opens it.

    `body` is sent as it is; None asks with GET. `deployment` chooses one by hand.
    """

    body: Optional[str] = None
    path: str = "/score"
    deployment: Optional[str] = None


@dataclass(frozen=True)
class EndpointAnswer:
    """What an endpoint answered, its refusals too.

    `milliseconds` are from the request to the last byte of the answer, `run_milliseconds` those of
    the model alone, where it was asked. A body that is no text has marks in place of its bytes.
    """

    status: int
    body: str
    content_type: str = ""
    milliseconds: float = 0.0
    run_milliseconds: Optional[float] = None


@dataclass(frozen=True)
class GatewayRecord:
    """Where replicas reach the gateway: a Unix socket on the service's machine, and TCP."""

    socket: str
    host: str
    port: int


ENDPOINTS_CREATE: Route[EndpointRecord] = Route(
    "endpoints.create",
    "POST",
    IN_WORKSPACE + "/endpoints",
    EndpointRecord,
    "Make an endpoint with its first deployment.",
    body=CreateEndpoint,
    creates=True,
    role=CONTRIBUTOR,
)
ENDPOINTS_LIST: Route[EndpointPage] = Route(
    "endpoints.list",
    "GET",
    IN_WORKSPACE + "/endpoints",
    EndpointPage,
    "List endpoints, newest first.",
    query=EndpointQuery,
    scope=READS,
)
ENDPOINTS_GET: Route[EndpointRecord] = Route(
    "endpoints.get",
    "GET",
    IN_ENDPOINT,
    EndpointRecord,
    "Get an endpoint.",
    scope=READS,
    waits=True,
)
ENDPOINTS_CHANGE: Route[EndpointRecord] = Route(
    "endpoints.change",
    "PATCH",
    IN_ENDPOINT,
    EndpointRecord,
    "Change an endpoint's traffic, access, tags or description.",
    body=ChangeEndpoint,
    role=CONTRIBUTOR,
)
ENDPOINTS_DELETE: Route[Nothing] = Route(
    "endpoints.delete",
    "DELETE",
    IN_ENDPOINT,
    Nothing,
    "Delete an endpoint and its replicas.",
    role=CONTRIBUTOR,
)
ENDPOINTS_DEPLOY: Route[EndpointRecord] = Route(
    "endpoints.deploy",
    "PUT",
    IN_DEPLOYMENT,
    EndpointRecord,
    "Add a deployment, or change what it runs.",
    body=Deploy,
    role=CONTRIBUTOR,
)
ENDPOINTS_UNDEPLOY: Route[EndpointRecord] = Route(
    "endpoints.undeploy",
    "DELETE",
    IN_DEPLOYMENT,
    EndpointRecord,
    "Delete a deployment.",
    role=CONTRIBUTOR,
)
ENDPOINTS_ROLLBACK: Route[EndpointRecord] = Route(
    "endpoints.rollback",
    "POST",
    IN_DEPLOYMENT + "/rollback",
    EndpointRecord,
    "Go back to a former revision of a deployment.",
    body=Rollback,
    role=CONTRIBUTOR,
)
# Without a scope, like all that opens or changes an endpoint: a run's token does neither.
ENDPOINTS_KEYS: Route[EndpointKeys] = Route(
    "endpoints.keys",
    "GET",
    IN_ENDPOINT + "/keys",
    EndpointKeys,
    "Read an endpoint's keys.",
    role=CONTRIBUTOR,
)
ENDPOINTS_REGENERATE: Route[EndpointKeys] = Route(
    "endpoints.regenerate",
    "POST",
    IN_ENDPOINT + "/keys",
    EndpointKeys,
    "Replace one of an endpoint's keys; the new one counts from the answer on.",
    body=RegenerateKey,
    role=CONTRIBUTOR,
)
ENDPOINTS_TOKEN: Route[EndpointToken] = Route(
    "endpoints.token",
    "POST",
    IN_ENDPOINT + "/token",
    EndpointToken,
    "Make a token with which an endpoint may be called.",
    role=CONTRIBUTOR,
    audit=ALWAYS,
)
ENDPOINTS_LOGS: Route[EndpointLog] = Route(
    "endpoints.logs",
    "GET",
    IN_ENDPOINT + "/logs",
    EndpointLog,
    "Read what an endpoint's replicas have printed.",
    query=EndpointLogQuery,
    scope=READS,
)
ENDPOINTS_CALL: Route[EndpointAnswer] = Route(
    "endpoints.call",
    "POST",
    IN_ENDPOINT + "/call",
    EndpointAnswer,
    "Call an endpoint through the service, for who does not reach the endpoint's own port.",
    body=CallEndpoint,
    role=CONTRIBUTOR,
    audit=REPORTS,
)
ENDPOINTS_GATEWAY: Route[GatewayRecord] = Route(
    "endpoints.gateway",
    "GET",
    IN_WORKSPACE + "/gateway",
    GatewayRecord,
    "Find the gateway that replicas connect to.",
    scope=READS,
)
