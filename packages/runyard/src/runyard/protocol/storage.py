"""What takes space in the service's state folder, and what of it could be freed."""

from dataclasses import field
from typing import List, Optional

from runyard.protocol.records import dataclass
from runyard.protocol.route import Route

CONTENTS, LOGS, DATABASE, METRICS = "contents", "logs", "database", "metrics"
ENVIRONMENTS, PACKAGES, WORKING, DATASTORES = "environments", "packages", "runs", "datastores"
TRASH = "trash"


@dataclass(frozen=True)
class StorageQuery:
    """With `fresh` it is measured now; else what was measured within ten minutes may be told."""

    fresh: bool = False


@dataclass(frozen=True)
class StorageKind:
    """Bytes of one kind, and how many things they are."""

    kind: str
    size: int
    count: int


@dataclass(frozen=True)
class StoragePlace:
    """What the runs of an experiment have: bytes of files and logs. Contents may be shared."""

    workspace: str
    experiment: str
    runs: int
    size: int


@dataclass(frozen=True)
class Freeable:
    """What could be freed, and how."""

    kind: str
    size: int
    how: str


@dataclass(frozen=True)
class CollectorPass:
    """What the collector did when it last looked for contents that nothing refers to.

    Args:
        began_at: When it began.
        seconds: How long it took.
        seen: How many contents it looked at.
        marked: How many nothing refers to since; a day later they may go.
        removed: How many it removed.
        size: The bytes that those had.
    """

    began_at: str
    seconds: float
    seen: int = 0
    marked: int = 0
    removed: int = 0
    size: int = 0


@dataclass(frozen=True)
class StorageReport:
    """What takes space.

    Args:
        measured_at: When it was measured.
        kinds: Bytes by kind. `metrics` are part of the database, `trash` of all others.
        places: What experiments have, the largest first.
        freeable: What could be freed.
        free: Bytes that are free on the disk.
        collected: The collector's last pass, read now; None before the first.
    """

    measured_at: str
    kinds: List[StorageKind] = field(default_factory=list)
    places: List[StoragePlace] = field(default_factory=list)
    freeable: List[Freeable] = field(default_factory=list)
    free: int = 0
    collected: Optional[CollectorPass] = None


STORAGE_GET: Route[StorageReport] = Route(
    "storage.get",
    "GET",
    "/storage",
    StorageReport,
    "Tell what takes space, and what of it could be freed.",
    query=StorageQuery,
)
