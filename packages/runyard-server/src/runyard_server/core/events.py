"""Appending to the history of a subject, whatever its kind.

    events.append(work, Subject("endpoint", workspace, name), [EventDraft("ready", "2 replicas")])

The events get the next numbers of their subject and the next positions in the feed of their
workspace, in the same commit as what they tell of; whoever follows either is woken after it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from runyard_server.core.notices import feed_topic, subject_topic
from runyard_server.core.work import Work
from runyard_server.store import events
from runyard_server.store.events import EventRow
from runyard_server.store.subjects import Subject


@dataclass(frozen=True, slots=True)
class EventDraft:
    """An event before it has its number."""

    kind: str
    message: str = ""
    status: str | None = None
    data: dict[str, str] = field(default_factory=dict)


def append(
    work: Work, subject: Subject, drafts: Sequence[EventDraft], last: int | None = None
) -> int:
    """Append events to the history of a subject.

    Args:
        work: The unit of work.
        subject: What they are about.
        drafts: What happened, in order.
        last: The number of the subject's last event where it is known; read otherwise.

    Returns:
        The number of the subject's last event now.
    """
    # A run's row counts its events, so the hot path needs no look at the table.
    before = events.last_number(work.connection, subject) if last is None else last
    rows = [
        EventRow(number, draft.kind, work.now, draft.message, draft.status, draft.data)
        for number, draft in enumerate(drafts, start=before + 1)
    ]
    if rows:
        events.append(work.connection, subject, rows)
        work.announce(subject_topic(subject))
        work.announce(feed_topic(subject.workspace))
    return before + len(rows)
