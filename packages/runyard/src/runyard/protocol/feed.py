"""The feed of a workspace: the events of all its subjects in the order in which they happened.

Each event has a `position`; whoever knows it asks for what comes after. Positions grow and are
never given twice, but not each is given: other workspaces of the service have theirs in between.
"""

from dataclasses import field
from typing import Dict, List, Optional, Tuple

from runyard.protocol.records import dataclass
from runyard.protocol.route import IN_WORKSPACE, READS, Events, Route

RUN, CLUSTER, MODEL, SWEEP = "run", "cluster", "model", "sweep"
ENDPOINT = "endpoint"
ENVIRONMENT, EXPERIMENT, WORKSPACE = "environment", "experiment", "workspace"
KINDS: Tuple[str, ...] = (
    *(RUN, CLUSTER, MODEL, SWEEP, ENDPOINT),
    *(ENVIRONMENT, EXPERIMENT, WORKSPACE),
)


@dataclass(frozen=True)
class FeedEvent:
    """One event of one subject, the `number`-th of that subject.

    `subject_kind` is `run`, `cluster`, `model`, `sweep`, `endpoint`, `environment`, `experiment` or
    `workspace`, and others to come; `subject` is its id, which of a model or an environment is
    `name:version`. The rest is as in EventRecord.
    """

    position: int
    subject_kind: str
    subject: str
    number: int
    kind: str
    time: str
    message: str = ""
    status: Optional[str] = None
    data: Dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class FeedQuery:
    """Which events of a workspace: those after position `after`, at most `limit`, in order.

    `last` asks for so many of the newest in place of the first. `subject_kind` alone: events of
    such subjects; with `subject`: of that one.
    """

    after: int = 0
    limit: int = 1000
    last: Optional[int] = None
    subject_kind: Optional[str] = None
    subject: Optional[str] = None


@dataclass(frozen=True)
class FeedPage:
    """Events in order. `position` is where to go on from, also when there are none."""

    items: List[FeedEvent]
    position: int = 0


FEED_LIST: Route[FeedPage] = Route(
    "feed.list",
    "GET",
    IN_WORKSPACE + "/feed",
    FeedPage,
    "List what happened in a workspace, in order.",
    query=FeedQuery,
    scope=READS,
    waits=True,
)
FEED_STREAM: Route[Events] = Route(
    "feed.stream",
    "GET",
    IN_WORKSPACE + "/feed/stream",
    Events,
    "Follow a workspace: what happened after position `after`, then what happens.",
    query=FeedQuery,
    scope=READS,
)
