"""A run's events, in order. The live stream of them is the service's (`service.streams`)."""

from runyard.protocol.events import EventPage, EventQuery, EventRecord
from runyard_server.core.clock import iso
from runyard_server.core.lookups import run_row
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.store import events
from runyard_server.store.events import EventRow

_MOST = 10_000


def list_(system: System, workspace: str, run: str, query: EventQuery) -> EventPage:
    """Give the events of a run after a number.

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
    """Give an event as clients see it."""
    return EventRecord(
        number=row.number,
        kind=row.kind,
        time=iso(row.time),
        message=row.message,
        status=row.status,
        data=row.data,
    )
