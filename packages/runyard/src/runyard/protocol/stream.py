"""The stream of a workspace for pages that are open: that something changed, not what.

One connection serves all that a browser shows. A hint says which topic to ask for again; who has
missed hints loses nothing but time.
"""

from dataclasses import field
from typing import Dict, Optional

from runyard.protocol.records import dataclass
from runyard.protocol.route import IN_WORKSPACE, READS, Events, Route

EVENT, METRICS, LOGS, USAGE = "event", "metrics", "logs", "usage"


@dataclass(frozen=True)
class StreamQuery:
    """What to hear of: topics with commas between them, from behind position `after` on.

    Topics are `run:<id>`, `sweep:<id>`, `endpoint:<name>`, `cluster:<name>`, and of all of a kind
    `runs`, `sweeps`, `models`, `endpoints`, `compute`, `environments`, `experiments`, `queue`.
    """

    topics: str = ""
    after: int = 0


@dataclass(frozen=True)
class Hint:
    """Something of a topic changed.

    Args:
        topic: The topic, as it was asked for.
        kind: `event` (something happened to it), `metrics`, `logs` or `usage` (something grew).
        subject: Id of what it happened to.
        name: The event's kind, for `event`.
        status: The status that the subject has since, if it changed.
        counts: Names of series with their points, or paths of logs with their bytes.
    """

    topic: str
    kind: str
    subject: str = ""
    name: str = ""
    status: Optional[str] = None
    counts: Dict[str, int] = field(default_factory=dict)


STREAM_FOLLOW: Route[Events] = Route(
    "stream.follow",
    "GET",
    IN_WORKSPACE + "/stream",
    Events,
    "Follow several topics of a workspace: hints at what changed.",
    query=StreamQuery,
    scope=READS,
)
