"""Journals: append-only series of entries that several processes write and all read alike.

The service numbers entries from 0 in the order in which they come, and acknowledges them once they
are on disk. An entry is a text: one operation of Optuna's journal storage as JSON, in which Python
also writes NaN and Infinity. Whoever replays the entries in order comes to the same studies and
trials; so does the service, which shows them as sweeps.
"""

from dataclasses import field
from typing import List, Optional

from runyard.protocol.records import dataclass
from runyard.protocol.route import ADDS, CONTRIBUTOR, IN_WORKSPACE, READS, REPORTS, Nothing, Route

IN_JOURNAL = IN_WORKSPACE + "/journals/{journal}"
LONGEST_ENTRY = 4 << 20
MOST_ENTRIES = 10_000


@dataclass(frozen=True)
class AppendEntries:
    """Append entries, all together.

    Args:
        client: Names the process that appends.
        sequence: Numbers its appends from 1: the answer to a repeat of the last one is the same.
        entries: Up to MOST_ENTRIES texts of up to LONGEST_ENTRY characters, each a JSON object
            with an integer `op_code`.
        known: How many entries the process knows; it is told what came between.
        id: The journal that it knows; None: it knows none yet.
    """

    client: str
    sequence: int
    entries: List[str]
    known: int = 0
    id: Optional[str] = None


@dataclass(frozen=True)
class EntriesAppended:
    """The number of the first of the appended entries, and those between it and what was known.

    `between` is empty where they are too many for one answer; reading brings them.
    """

    id: str
    first: int
    between: List[str] = field(default_factory=list)


@dataclass(frozen=True)
class EntryQuery:
    """Which entries to read: from number `first` on, at most `limit`; of the journal `id` alone."""

    first: int = 0
    limit: int = MOST_ENTRIES
    id: Optional[str] = None


@dataclass(frozen=True)
class EntryPage:
    """Entries from number `first` on; `total` is how many the journal has.

    A journal to which nobody has appended yet has none, and the `id` "".
    """

    id: str
    first: int
    entries: List[str] = field(default_factory=list)
    total: int = 0


@dataclass(frozen=True)
class JournalRecord:
    """A journal: how many entries it has, and how many characters these are."""

    name: str
    id: str
    entries: int
    size: int
    created_at: str
    changed_at: str


@dataclass(frozen=True)
class JournalQuery:
    """Which journals to list, by name."""

    page_size: int = 100
    page_token: Optional[str] = None


@dataclass(frozen=True)
class JournalPage:
    """One page of journals, by name."""

    items: List[JournalRecord]
    next_page_token: Optional[str] = None


JOURNALS_LIST: Route[JournalPage] = Route(
    "journals.list",
    "GET",
    IN_WORKSPACE + "/journals",
    JournalPage,
    "List journals, by name.",
    query=JournalQuery,
    scope=READS,
)
JOURNALS_READ: Route[EntryPage] = Route(
    "journals.read",
    "GET",
    IN_JOURNAL + "/entries",
    EntryPage,
    "Read entries of a journal from a number on.",
    query=EntryQuery,
    scope=READS,
)
JOURNALS_APPEND: Route[EntriesAppended] = Route(
    "journals.append",
    "POST",
    IN_JOURNAL + "/entries",
    EntriesAppended,
    "Append entries to a journal; the first makes it.",
    body=AppendEntries,
    scope=ADDS,
    audit=REPORTS,
)
JOURNALS_DELETE: Route[Nothing] = Route(
    "journals.delete",
    "DELETE",
    IN_JOURNAL,
    Nothing,
    "Delete a journal, with the sweeps that show its studies.",
    role=CONTRIBUTOR,
)
