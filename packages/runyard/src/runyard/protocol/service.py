"""The service about itself, and the file by which clients on the same machine find it."""

from runyard.protocol.records import dataclass
from runyard.protocol.route import ANYONE, Nothing, Route

CONNECTION_FILE = "service.json"
LIFE_LOCK = "service.lock"
START_LOCK = "starting.lock"
SERVICE_LOG = "service.log"
HOME_VARIABLE = "RUNYARD_HOME"
URL_VARIABLE = "RUNYARD_URL"
TOKEN_VARIABLE = "RUNYARD_TOKEN"  # noqa: S105 - the name of a variable, not a secret
SERVICE_VARIABLE = "RUNYARD_SERVICE"
# The number of a descriptor: a client that starts a service is told there where it listens.
READY_VARIABLE = "RUNYARD_READY"
PRODUCT = "runyard"
DEFAULT_HOME = "~/.runyard"


@dataclass(frozen=True)
class About:
    """Said to everyone who asks, without a token."""

    product: str
    version: str
    protocol: str


@dataclass(frozen=True)
class ServiceStatus:
    """Said to holders of the token."""

    version: str
    protocol: str
    pid: int
    home: str
    url: str
    started_at: str
    python: str
    active_runs: int = 0
    open_streams: int = 0
    idle_seconds: float = 0.0
    memory_bytes: int = 0


@dataclass(frozen=True)
class Connection:
    """The content of `service.json` (mode 0600), written by rename once the service listens."""

    url: str
    token: str
    pid: int
    protocol: str
    version: str
    started_at: str = ""


SERVICE_ABOUT: Route[About] = Route(
    "service.about",
    "GET",
    "/about",
    About,
    "Who answers here.",
    scope=ANYONE,
    passive=True,
)
SERVICE_STATUS: Route[ServiceStatus] = Route(
    "service.status",
    "GET",
    "/status",
    ServiceStatus,
    "What the service is doing.",
    passive=True,
)
SERVICE_STOP: Route[Nothing] = Route(
    "service.stop", "POST", "/stop", Nothing, "Stop the service; runs go on."
)
