"""What the service tells the gateway, and what the gateway knows.

The table is a file, `serving/routes.json` below the state folder (mode 0600), renamed into place;
a line on the control socket says that there is a newer one. Keys are in it as SHA-256 digests.
"""

import hashlib
import hmac
from dataclasses import dataclass, field

from runyard.protocol.endpoints import PROTOCOLS, Batching, Limits, Liveness
from runyard.protocol.frames import Ready, WorkerNews

SERVING_FOLDER = "serving"
ROUTES_FILE = "routes.json"
GATEWAY_FILE = "gateway.json"
GATEWAY_LOG = "gateway.log"
# Held by the gateway as long as it lives.
LOCK_FILE = "gateway.lock"
CONTROL_SOCKET = "control.sock"
WORKER_SOCKET = "workers.sock"
COUNTS_FILE = "counts.json"
REQUEST_LOGS = "requests"


@dataclass(frozen=True)
class Replica:
    """One replica: its run, and the SHA-256 digest of the run's token, by which it is known."""

    run: str
    token: str


@dataclass(frozen=True)
class Revision:
    """One revision of a deployment.

    Args:
        number: Which.
        replicas: Its replicas.
        model_name: What the protocols call its model.
        model_version: And its version.
    """

    number: int
    replicas: tuple[Replica, ...] = ()
    model_name: str = ""
    model_version: str = "1"


@dataclass(frozen=True)
class Deployment:
    """A deployment: `serving` gets the requests, `warming` only a first trial of each replica.

    Replicas that were in the table and are in it no more finish what they have and get nothing new.
    With `on_demand` requests wait for a replica (up to `start_ms`) though there is none.
    """

    name: str
    weight: int = 100
    mirror: int = 0
    serving: Revision | None = None
    warming: Revision | None = None
    limits: Limits = field(default_factory=Limits)
    batching: Batching = field(default_factory=Batching)
    liveness: Liveness = field(default_factory=Liveness)
    on_demand: bool = False
    start_ms: int = 600_000


@dataclass(frozen=True)
class Endpoint:
    """An endpoint.

    Args:
        workspace: Id of the workspace.
        name: Its name there.
        host: The address to listen at: loopback unless asked.
        port: The port of its own.
        auth: `key`, `token` or `none`.
        keys: SHA-256 digests in hex of the keys that open it.
        token_key: What its signed tokens are checked with, in hex; see `sign`.
        default: The deployment that gets what no weight takes.
        deployments: All of them.
        protocols: What is answered beside health.
        origins: Web pages that may call it.
        log_requests: The share of requests that is logged.
        legacy_status: The status of a `run` that raised.
    """

    workspace: str
    name: str
    host: str
    port: int
    auth: str
    default: str
    keys: tuple[str, ...] = ()
    token_key: str = ""
    deployments: tuple[Deployment, ...] = ()
    protocols: tuple[str, ...] = PROTOCOLS
    origins: tuple[str, ...] = ()
    log_requests: float = 0.0
    legacy_status: int = 500


@dataclass(frozen=True)
class Table:
    """All endpoints of a service; `version` grows with each change.

    `host` and `port` are where replicas on other machines dial, `port` 0 where there are none.
    """

    version: int
    endpoints: tuple[Endpoint, ...] = ()
    host: str = ""
    port: int = 0


@dataclass(frozen=True)
class ReplicaStatus:
    """What the gateway sees of a replica.

    Args:
        run: Its run.
        connected: Whether its supervisor is connected.
        ready: What its worker has said when it was ready; None while it is not.
        pid: Of its worker.
        busy: Calls that it has.
        restarts: Deaths of its worker.
        news: The last that its supervisor told.
        since: Seconds since 1970 when this came about.
        trial_error: What the trial call of a warming replica failed of; it is made before `ready`.
        draining: Whether the table has it no more; with `busy` 0 it may be ended.
    """

    run: str
    connected: bool = False
    ready: Ready | None = None
    pid: int = 0
    busy: int = 0
    restarts: int = 0
    news: WorkerNews | None = None
    since: float = 0.0
    trial_error: str = ""
    draining: bool = False


@dataclass(frozen=True)
class DeploymentStatus:
    """What the gateway sees of a deployment.

    `utilization` is the share of busy calls over the last ten seconds; `last_request` seconds since
    1970, 0 for never. `requests`, `failures` and the buckets of `taken`, whose bounds are those of
    `tallies`, count since the gateway began its count file.
    """

    name: str
    queue: int = 0
    busy: int = 0
    utilization: float = 0.0
    requests: int = 0
    failures: int = 0
    last_request: float = 0.0
    taken: tuple[int, ...] = ()


@dataclass(frozen=True)
class EndpointStatus:
    """What the gateway sees of an endpoint; `error` says why its port cannot be had."""

    workspace: str
    name: str
    listening: bool = False
    error: str = ""
    deployments: tuple[DeploymentStatus, ...] = ()


@dataclass(frozen=True)
class GatewayStatus:
    """The answer on the control socket: `version` is the table's that is in force.

    `serial` grows with each change, so that a question can wait for the next one. `port` is where
    replicas of other machines dial; `release` the version of the program.
    """

    version: int
    serial: int
    pid: int = 0
    port: int = 0
    endpoints: tuple[EndpointStatus, ...] = ()
    replicas: tuple[ReplicaStatus, ...] = ()
    release: str = ""


def sign(token_key: str, expires: int) -> str:
    """Make a token that opens an endpoint until then: `<expires>.<HMAC-SHA256 in hex>`.

    Args:
        token_key: The endpoint's, in hex.
        expires: Seconds since 1970.
    """
    given = str(expires).encode("ascii")
    return f"{expires}.{hmac.digest(bytes.fromhex(token_key), given, 'sha256').hex()}"


def digest(key: str) -> str:
    """What the table has in the place of a key."""
    return hashlib.sha256(key.encode("utf-8")).hexdigest()
