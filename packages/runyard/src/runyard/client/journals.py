"""Journals: appended to, read, listed and deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from runyard.client.paging import Listing
from runyard.client.workspace_connection import NounClient
from runyard.protocol import journals as routes
from runyard.protocol.journals import EntryQuery, JournalQuery

if TYPE_CHECKING:
    from runyard.protocol.journals import (
        AppendEntries,
        EntriesAppended,
        EntryPage,
        JournalRecord,
    )


class Journals(NounClient):
    """The journals of a workspace, by name."""

    def append(self, journal: str, entries: AppendEntries) -> EntriesAppended:
        """Append entries; they are on disk when this returns.

        Args:
            journal: The journal's name; the first append makes it.
            entries: What is appended; a repeat of it changes nothing and gets the same answer.

        Raises:
            InvalidRequest: An entry is no operation; nothing was appended.
            NotFound: The journal that was known has been deleted.
        """
        return self._service.call(routes.JOURNALS_APPEND, journal, body=entries)

    def read(self, journal: str, query: Optional[EntryQuery] = None) -> EntryPage:
        """Read entries from a number on: as many as one answer holds.

        Args:
            journal: The journal's name; one to which nobody has appended has no entries.
            query: From where on, and how many.

        Raises:
            NotFound: The journal that was known has been deleted.
        """
        return self._service.call(routes.JOURNALS_READ, journal, query=query or EntryQuery())

    def list(self, limit: Optional[int] = None) -> Listing[JournalRecord]:
        """List journals, by name; at most `limit`, None is all."""
        return Listing(
            lambda asked: self._service.call(routes.JOURNALS_LIST, query=asked),
            JournalQuery(),
            limit,
        )

    def delete(self, journal: str) -> None:
        """Delete a journal, with the sweeps that show its studies.

        Raises:
            NotFound: There is none of that name.
        """
        self._service.call(routes.JOURNALS_DELETE, journal)
