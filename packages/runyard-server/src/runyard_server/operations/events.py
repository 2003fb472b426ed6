"""A run's events, in order, and the stream of them as they happen."""

from collections.abc import Iterable, Iterator

from runyard.protocol.events import LOG, EventPage, EventQuery, EventRecord
from runyard.protocol.runs import TERMINAL
from runyard_server.core.clock import iso
from runyard_server.core.following import BATCH, Stream, Told
from runyard_server.core.lookups import run_row
from runyard_server.core.notices import run_topic
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.store import events
from runyard_server.store.events import EventRow
from runyard_server.store.logs import LogFile

_MOST = 10_000


def list_(system: System, workspace: str, run: str, query: EventQuery) -> EventPage:
    """The events of a run after a number.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        run: Id of the run.
        query: What is asked for.

    Raises:
        RunNotFound: No such run in the workspace.
    """
    limit = max(1, min(query.limit, _MOST))

    def read(work: Work) -> EventPage:
        row = run_row(work, workspace, run)
        found = events.page(work.connection, row.subject, query.after, limit)
        return EventPage([event_record(event) for event in found], row.status)

    return system.read(read)


def event_record(row: EventRow) -> EventRecord:
    """An event as clients see it."""
    return EventRecord(
        number=row.number,
        kind=row.kind,
        time=iso(row.time),
        message=row.message,
        status=row.status,
        data=row.data,
    )


def stream(system: System, workspace: str, run: str, query: EventQuery) -> Stream:
    """Follow a run: its events and the growth of its logs, until it has ended.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        run: Id of the run.
        query: What is asked for.
    """
    return RunStream(system, workspace, run, query.after)


class RunStream(Stream):
    """The stream of a run.

    Args:
        system: The service's parts.
        workspace: The workspace.
        run: The run's id.
        after: The last event number that the client has.
    """

    def __init__(self, system: System, workspace: str, run: str, after: int) -> None:
        super().__init__(run_topic(workspace, run))
        self._system = system
        self._run = (workspace, run)
        self._after = after
        self._told: dict[str, LogFile] = {}

    def look(self) -> Told:
        """Read the events first: when the last one arrives, the logs' sizes are told already."""
        # With their status, of the same moment: were that newer, the stream could end before its
        # last event.
        page = list_(self._system, *self._run, query=EventQuery(self._after, BATCH))
        logs = [(0, log) for log in self._grown(self._system.logs.list_(*self._run))]
        if page.items:
            self._after = page.items[-1].number
        more = len(page.items) == BATCH
        items = [(event.number, event) for event in page.items]
        return Told([*logs, *items], more, ended=page.status in TERMINAL and not more)

    def _grown(self, logs: Iterable[LogFile]) -> Iterator[EventRecord]:
        for log in logs:
            told = self._told.get(log.path)
            anew = told is not None and told.content != log.content
            if anew or told is None or told.size != log.size:
                self._told[log.path] = log
                data = {"path": log.path, "size": str(log.size)}
                if anew:
                    data["anew"] = "true"
                # Without a number: who resumes behind an event is told the size of every log anew.
                yield EventRecord(0, LOG, iso(self._system.clock.now_us()), data=data)
