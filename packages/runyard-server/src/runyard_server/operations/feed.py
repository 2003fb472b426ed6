"""The feed of a workspace: what happened to anything in it, in order, from any position on."""

from dataclasses import replace

from runyard.protocol.errors import InvalidRequest
from runyard.protocol.feed import FeedEvent, FeedPage, FeedQuery
from runyard_server.core import lookups
from runyard_server.core.awaiting import awaitable
from runyard_server.core.clock import iso
from runyard_server.core.following import BATCH, Stream, Told
from runyard_server.core.notices import feed_topic
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.store import events
from runyard_server.store.events import FeedFilter, FeedRow

_MOST = 10_000


def _is_news(_query: FeedQuery | None, page: FeedPage) -> bool:
    return bool(page.items)


@awaitable(feed_topic, _is_news)
def list_(system: System, workspace: str, query: FeedQuery) -> FeedPage:
    """Events of a workspace after a position, or the newest of them.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        query: What is asked for.

    Raises:
        WorkspaceNotFound: No such workspace.
        InvalidRequest: A subject is named without its kind.
    """
    if query.subject is not None and query.subject_kind is None:
        raise InvalidRequest(
            f"subject is {query.subject[:80]!r} and subject_kind is missing: say what it is, for "
            "example subject_kind=run"
        )
    chosen = FeedFilter(query.subject_kind, query.subject)
    limit = max(1, min(query.limit, _MOST))

    def read(work: Work) -> FeedPage:
        connection = work.connection
        lookups.workspace_row(work, workspace)
        if query.last is not None:
            most = max(0, min(query.last, _MOST))
            rows = events.newest(connection, workspace, chosen, most)
        else:
            rows = events.feed(connection, workspace, chosen, query.after, limit)
            if len(rows) == limit:
                return FeedPage([_shown(row) for row in rows], rows[-1].position)
        # All there is has been read: also what was passed over need not be looked at again.
        newest = events.position(connection, workspace)
        return FeedPage([_shown(row) for row in rows], max(newest, query.after))

    return system.read(read)


def stream(system: System, workspace: str, query: FeedQuery) -> Stream:
    """Follow a workspace, or one of its subjects; it has no end.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        query: What is asked for.
    """
    return FeedStream(system, workspace, query)


class FeedStream(Stream):
    """The stream of a workspace.

    Args:
        system: The service's parts.
        workspace: The workspace.
        query: Which events, and where to begin.
    """

    def __init__(self, system: System, workspace: str, query: FeedQuery) -> None:
        super().__init__(feed_topic(workspace))
        self._system = system
        self._workspace = workspace
        self._query = replace(query, limit=BATCH)

    def look(self) -> Told:
        """Read what came after the last event."""
        page = list_(self._system, self._workspace, self._query)
        # `last` says where to begin: asked again it would bring the same events once more.
        self._query = replace(self._query, after=page.position, last=None)
        items = [(event.position, event) for event in page.items]
        return Told(items, more=len(items) == BATCH, ended=False)


def _shown(row: FeedRow) -> FeedEvent:
    event = row.event
    return FeedEvent(
        position=row.position,
        subject_kind=row.subject.kind,
        subject=row.subject.id,
        number=event.number,
        kind=event.kind,
        time=iso(event.time),
        message=event.message,
        status=event.status,
        data=event.data,
    )
