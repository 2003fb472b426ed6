"""The service about itself, and the file by which clients on the same machine find it."""

from typing import List

from runyard.protocol.records import dataclass
from runyard.protocol.route import ALWAYS, ANYONE, PERSON, Nothing, Route

CONNECTION_FILE = "service.json"
LIFE_LOCK = "service.lock"
START_LOCK = "starting.lock"
SERVICE_LOG = "service.log"
# Below the state folder; what lies in it is said by `paths.content`.
CONTENTS_FOLDER = "blobs"
DATABASE_VARIABLE = "RUNYARD_DATABASE_URL"
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
    """Said to holders of the token.

    `disk_bytes` is how large the disk of the state folder is, `disk_free_bytes` what is free of it
    for the service's user.
    """

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
    disk_bytes: int = 0
    disk_free_bytes: int = 0


@dataclass(frozen=True)
class Connection:
    """The content of `service.json` (mode 0600), written by rename once the service listens."""

    url: str
    token: str
    pid: int
    protocol: str
    version: str
    started_at: str = ""


@dataclass(frozen=True)
class SettingRecord:
    """What is set.

    Args:
        name: The setting's name in `config.toml`.
        value: Its value, as text.
        default: What holds where nothing is set.
        origin: Where the value comes from: `default`, `config.toml`, a variable, `command line`.
        variable: The variable that sets it; "" where only the file does.
        about: What it means.
    """

    name: str
    value: str
    default: str
    origin: str
    variable: str
    about: str


@dataclass(frozen=True)
class SettingsPage:
    """All settings, and the file that may set them."""

    items: List[SettingRecord]
    file: str


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's report.

    Args:
        subject: What was looked at, in a word or two.
        state: `ok`, `note` (works without it) or `broken`.
        message: What was found.
        mend: The one command that mends it; "" when there is nothing to mend.
    """

    subject: str
    state: str
    message: str
    mend: str = ""


@dataclass(frozen=True)
class DoctorReport:
    """All findings; healthy when nothing is broken."""

    healthy: bool
    findings: List[Finding]


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
    role=PERSON,
)
SERVICE_STOP: Route[Nothing] = Route(
    "service.stop",
    "POST",
    "/stop",
    Nothing,
    "Stop the service; runs go on.",
    audit=ALWAYS,
)
SERVICE_SETTINGS: Route[SettingsPage] = Route(
    "service.settings", "GET", "/settings", SettingsPage, "What is set, and where."
)
SERVICE_DOCTOR: Route[DoctorReport] = Route(
    "service.doctor",
    "GET",
    "/doctor",
    DoctorReport,
    "What the service's machine lacks, and the command that mends it.",
)
