"""The stream of hints that open pages follow."""

from collections.abc import Iterator, Mapping, Sequence
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
from runyard.protocol.stream import EVENT, LOGS, METRICS, USAGE, Hint, StreamQuery
from runyard_server.core.following import BATCH, Stream, Told
from runyard_server.core.notices import feed_topic, grown_topic, run_topic
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.operations import feed
from runyard_server.store import metrics
from runyard_server.store.runs import key_of

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
_RUN = "run:"
_Counts = tuple[dict[str, int], dict[str, int]]
# Five times a second is as often as a chart need be drawn.
PAUSE_SECONDS = 0.2


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

    def __init__(self, system: System, workspace: str, topics: Sequence[str], after: int) -> None:
        self._runs = [topic[len(_RUN) :] for topic in topics if topic.startswith(_RUN)]
        of_runs = [
            topic
            for run in self._runs
            for topic in (run_topic(workspace, run), grown_topic(workspace, run))
        ]
        super().__init__(feed_topic(workspace), *of_runs, pause=PAUSE_SECONDS)
        self._system = system
        self._workspace = workspace
        self._topics = frozenset(topics)
        # A page that opens has just read what there is: the past is no news to it.
        self._query = FeedQuery(after=after, limit=BATCH, last=None if after else 0)
        self._keys: dict[str, int] | None = None
        self._told: dict[tuple[str, str], Mapping[str, int]] = {}

    def look(self) -> Told:
        """Read what happened since the last look, and what has grown."""
        page = feed.list_(self._system, self._workspace, self._query)
        self._query = replace(self._query, after=page.position, last=None)
        events = [(event.position, hint) for event in page.items for hint in self._hints(event)]
        grown = [(0, hint) for hint in self._grown()]
        return Told([*grown, *events], more=len(page.items) == BATCH, ended=False)

    def _hints(self, event: FeedEvent) -> Iterator[Hint]:
        names = [f"{event.subject_kind}:{event.subject}"]
        names += [name for name, kinds in _PLURALS.items() if event.subject_kind in kinds]
        for topic in names:
            if topic in self._topics:
                yield Hint(topic, EVENT, event.subject, event.kind, event.status)

    def _grown(self) -> Iterator[Hint]:
        """What of the runs has grown; at first all there is, for a page may have read before it."""
        if not self._runs:
            return
        counts = self._system.read(self._counts)
        for run in self._runs:
            logs = self._system.logs.list_(self._workspace, run)
            logged, used = counts.get(run, ({}, {}))
            yield from self._news(run, METRICS, logged)
            yield from self._news(run, USAGE, used)
            yield from self._news(run, LOGS, {log.path: log.size for log in logs})

    def _counts(self, work: Work) -> dict[str, _Counts]:
        if self._keys is None:
            found = [(run, key_of(work.connection, self._workspace, run)) for run in self._runs]
            # A run that is not there yet may come: then its events are told.
            self._keys = {run: key for run, key in found if key is not None}
        of = metrics.counts(work.connection, list(self._keys.values()))
        return {run: of[key] for run, key in self._keys.items()}

    def _news(self, run: str, kind: str, found: Mapping[str, int]) -> Iterator[Hint]:
        told = self._told.get((run, kind), {})
        news = {name: count for name, count in found.items() if told.get(name) != count}
        if news:
            self._told[run, kind] = found
            yield Hint(_RUN + run, kind, run, counts=news)
