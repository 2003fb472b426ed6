"""A run's history as one append-only list of numbered events, beginning at 1."""

from dataclasses import field
from typing import Dict, List, Optional

from runyard.protocol.records import dataclass
from runyard.protocol.route import IN_RUN, READS, Events, Route

STATUS = "status"
STAGE = "stage"
REASON = "reason"
WARNING = "warning"
ERROR = "error"
FILE = "file"
RANK = "rank"
LOG = "log"
# That a run has another priority or place in its queue; of other subjects, that they differ.
CHANGED = "changed"
# Of subjects that are no runs.
CREATED = "created"
RESIZED = "resized"
REGISTERED = "registered"
DELETED = "deleted"
RESTORED = "restored"
# Of endpoints.
READY = "ready"
UPDATED = "updated"
SCALED = "scaled"
DIED = "died"
RESTARTED = "restarted"


@dataclass(frozen=True)
class EventRecord:
    """One event. `kind` is status, stage, reason, warning, error, file, rank or changed.

    `rank`: a process of a run with several has failed; `data` has `name`, `node`, `exit_code`
    and `log`.

    On the stream (server-sent events) there are also frames of kind `log`, with number 0: they say
    that a log file has grown (`data["path"]`, `data["size"]`); nobody needs to keep them.
    """

    number: int
    kind: str
    time: str
    message: str = ""
    status: Optional[str] = None
    data: Dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class EventQuery:
    """Which events: those after number `after`, at most `limit`."""

    after: int = 0
    limit: int = 1000


@dataclass(frozen=True)
class EventPage:
    """Events in order. `status` is the run's status when they were read."""

    items: List[EventRecord]
    status: str = ""


EVENTS_LIST: Route[EventPage] = Route(
    "events.list",
    "GET",
    IN_RUN + "/events",
    EventPage,
    "List a run's events.",
    query=EventQuery,
    scope=READS,
)
EVENTS_STREAM: Route[Events] = Route(
    "events.stream",
    "GET",
    IN_RUN + "/events/stream",
    Events,
    "Follow a run: its events after `after`, and the growth of its logs, until it has ended.",
    query=EventQuery,
    scope=READS,
)
