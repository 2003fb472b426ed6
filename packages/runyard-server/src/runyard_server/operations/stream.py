"""The stream of hints that open pages follow."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from runyard.protocol.errors import InvalidRequest
from runyard.protocol.feed import (
    CLUSTER,
    ENDPOINT,
    ENVIRONMENT,
    EXPERIMENT,
    MODEL,
    RUN,
    SWEEP,
    FeedEvent,
    FeedQuery,
)
from runyard.protocol.stream import EVENT, Hint, StreamQuery
from runyard_server.core.following import BATCH, Stream, Told
from runyard_server.core.notices import feed_topic
from runyard_server.core.system import System
from runyard_server.operations import feed

# What stands for all subjects of a kind; what waits is runs and clusters.
_PLURALS = {
    "runs": (RUN,),
    "sweeps": (SWEEP,),
    "models": (MODEL,),
    "endpoints": (ENDPOINT,),
    "compute": (CLUSTER,),
    "environments": (ENVIRONMENT,),
    "experiments": (EXPERIMENT,),
    "queue": (RUN, CLUSTER),
}
_MOST_TOPICS = 500


def follow(system: System, workspace: str, query: StreamQuery) -> Stream:
    """Follow topics of a workspace; it has no end.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        query: The topics, and where to begin.

    Raises:
        WorkspaceNotFound: No such workspace.
        InvalidRequest: No topic, too many, or one that does not exist.
    """
    topics = [topic for topic in query.topics.split(",") if topic]
    if not 0 < len(topics) <= _MOST_TOPICS:
        raise InvalidRequest(f"say what to follow: 1 to {_MOST_TOPICS} topics with commas between")
    for topic in topics:
        colon = ":" in topic
        if not colon and topic not in _PLURALS:
            raise InvalidRequest(
                f"there is no topic {topic[:80]!r}; there are {', '.join(_PLURALS)}, and run:<id> "
                "for one subject"
            )
    return HintStream(system, workspace, topics, query.after)


class HintStream(Stream):
    """The stream of several topics.

    Args:
        system: The service's parts.
        workspace: The workspace.
        topics: What is followed.
        after: The feed's position that the client has; 0 begins now.
    """

    def __init__(self, system: System, workspace: str, topics: Iterable[str], after: int) -> None:
        super().__init__(feed_topic(workspace))
        self._system = system
        self._workspace = workspace
        self._topics = frozenset(topics)
        # A page that opens has just read what there is: the past is no news to it.
        self._query = FeedQuery(after=after, limit=BATCH, last=None if after else 0)

    def look(self) -> Told:
        """Read what happened since the last look."""
        page = feed.list_(self._system, self._workspace, self._query)
        self._query = replace(self._query, after=page.position, last=None)
        events = [(event.position, hint) for event in page.items for hint in self._hints(event)]
        return Told(events, more=len(page.items) == BATCH, ended=False)

    def _hints(self, event: FeedEvent) -> Iterator[Hint]:
        names = [f"{event.subject_kind}:{event.subject}"]
        names += [name for name, kinds in _PLURALS.items() if event.subject_kind in kinds]
        for topic in names:
            if topic in self._topics:
                yield Hint(topic, EVENT, event.subject, event.kind, event.status)
