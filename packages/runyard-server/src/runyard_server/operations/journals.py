"""Journals: entries that several processes append, read from any number on.

The numbering is the service's: entries of one append stand together, in one transaction with the
journal's count and with what the client's repeat is answered.
"""

import json
import uuid
from dataclasses import replace

from runyard.protocol.errors import Conflict, InvalidRequest, NotFound
from runyard.protocol.journals import (
    LONGEST_ENTRY,
    MOST_ENTRIES,
    AppendEntries,
    EntriesAppended,
    EntryPage,
    EntryQuery,
    JournalPage,
    JournalQuery,
    JournalRecord,
)
from runyard_server.core import names
from runyard_server.core.clock import SECOND, iso
from runyard_server.core.lookups import workspace_row
from runyard_server.core.notices import work_topic
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.store import journal_sweeps, pages
from runyard_server.store import journals as rows
from runyard_server.store.journals import JournalRow
from runyard_server.store.subjects import JOURNAL, Subject

NAME_RULE = r"[a-zA-Z0-9][\w\-]{0,254}"
_MEANING = "1 to 255 letters, digits, '_' and '-', and begin with a letter or a digit"
PAGE_SIZE = 4 << 20
"""Characters after which an answer holds no further entry."""

BETWEEN = 1000
"""Entries of others that the answer to an append may hold."""

_LONGEST_CLIENT = 200
# Who was not heard of for so long repeats nothing any more.
_DAY = 86400 * SECOND


def append(system: System, workspace: str, journal: str, body: AppendEntries) -> EntriesAppended:
    """Append entries to a journal; they are on disk when this returns.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        journal: Name of the journal; the first append makes it.
        body: What is asked for.

    Raises:
        InvalidRequest: An entry is no operation; nothing was appended.
        NotFound: The journal that the client knows has been deleted.
        Conflict: The append is older than the client's last one.
        WrongName: The name does not fit its rule.
    """
    names.checked("journal", journal, NAME_RULE, _MEANING)
    _check(body)
    return system.write(lambda work: _append(work, workspace, journal, body))


def read(system: System, workspace: str, journal: str, query: EntryQuery) -> EntryPage:
    """Read entries of a journal from a number on.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        journal: Name of the journal.
        query: What is asked for.

    Raises:
        NotFound: The journal that the client knows has been deleted.
        InvalidRequest: `first` is negative or `limit` not positive.
    """
    if query.first < 0 or query.limit < 1:
        raise InvalidRequest(
            f"first is {query.first} and limit {query.limit}; use 0 or more and 1 or more"
        )

    def look(work: Work) -> EntryPage:
        row = _known(work, workspace, journal, query.id)
        if row is None:
            return EntryPage("", query.first)
        most = min(query.limit, MOST_ENTRIES)
        found = rows.entries(work.connection, row.key, query.first, most, PAGE_SIZE)
        return EntryPage(row.id, query.first, found, row.entries)

    return system.read(look)


def list_(system: System, workspace: str, query: JournalQuery) -> JournalPage:
    """One page of journals, by name.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        query: What is asked for.

    Raises:
        InvalidRequest: The page token is unknown.
        WorkspaceNotFound: No such workspace.
    """
    size, after = pages.limit(query.page_size), pages.after(query.page_token, str)

    def look(work: Work) -> JournalPage:
        workspace_row(work, workspace)
        found = rows.page(work.connection, workspace, after or "", size + 1)
        items, token = pages.cut(found, size, lambda row: row.name)
        return JournalPage([_record(row) for row in items], token)

    return system.read(look)


def delete(system: System, workspace: str, journal: str) -> None:
    """Delete a journal, with the sweeps that show its studies.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        journal: Name of the journal.

    Raises:
        NotFound: No such journal in the workspace.
    """

    def write(work: Work) -> None:
        row = _known(work, workspace, journal, None)
        if row is None:
            raise NotFound(f"workspace {workspace!r} has no journal {journal[:80]!r}")
        for key, _ in journal_sweeps.studies(work.connection, row.key).values():
            journal_sweeps.remove(work.connection, key)
        rows.remove(work.connection, row.key)

    system.write(write)


def _check(body: AppendEntries) -> None:
    if not 0 < len(body.client) <= _LONGEST_CLIENT or body.sequence < 1 or body.known < 0:
        raise InvalidRequest(
            f"an append needs the client's name (1 to {_LONGEST_CLIENT} characters), a sequence "
            "from 1, and in `known` how many entries it knows"
        )
    if not 0 < len(body.entries) <= MOST_ENTRIES:
        raise InvalidRequest(
            f"{len(body.entries)} entries are to be appended; send 1 to {MOST_ENTRIES} at a time"
        )
    for place, text in enumerate(body.entries):
        fault = _fault(text)
        if fault:
            raise InvalidRequest(f"entry {place} of the append {fault}; nothing was appended")


def _fault(text: str) -> str:
    """Why a text is no operation, "" where it is one: a wrong one would stop all who replay it."""
    if len(text) > LONGEST_ENTRY:
        return f"has {len(text)} characters, and {LONGEST_ENTRY} are the most"
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        return f"is not JSON ({error})"
    code = found.get("op_code") if isinstance(found, dict) else None
    if not isinstance(code, int) or isinstance(code, bool) or code < 0:
        return "is no JSON object with an op_code"
    return ""


def _append(work: Work, workspace: str, journal: str, body: AppendEntries) -> EntriesAppended:
    row = _known(work, workspace, journal, body.id) or _begin(work, workspace, journal)
    last, first = rows.client(work.connection, row.key, body.client) or (0, 0)
    if last > body.sequence:
        raise Conflict(
            f"append {body.sequence} of {body.client!r} to journal {journal!r} is older than its "
            f"last one, {last}"
        )
    # Else it is a repeat, whose answer was lost: what it appended is there already.
    if last < body.sequence:
        first = row.entries
        _write(work, row, body)
    return EntriesAppended(row.id, first, _between(work, row, body.known, first))


def _write(work: Work, row: JournalRow, body: AppendEntries) -> None:
    connection, key = work.connection, row.key
    rows.add_entries(connection, key, row.entries, body.entries)
    rows.change(
        connection,
        key,
        entries=row.entries + len(body.entries),
        size=row.size + sum(map(len, body.entries)),
        changed_at=work.now,
    )
    if rows.put_client(connection, key, body.client, body.sequence, row.entries, work.now):
        rows.forget_clients(connection, key, work.now - _DAY)
    work.announce(work_topic(Subject(JOURNAL, row.workspace, row.name)))


def _between(work: Work, row: JournalRow, known: int, first: int) -> list[str]:
    """What others have appended since, if it is little enough to be told by the way."""
    many = first - known
    if not 0 < many <= BETWEEN:
        return []
    # All of them or none: a client that knew only some would read with gaps.
    found = rows.entries(work.connection, row.key, known, many, PAGE_SIZE)
    return found if len(found) == many else []


def _known(work: Work, workspace: str, journal: str, id_: str | None) -> JournalRow | None:
    workspace_row(work, workspace)
    row = rows.find(work.connection, workspace, journal)
    if id_ and (row is None or row.id != id_):
        raise NotFound(
            f"journal {journal!r} has been deleted since it was opened, and the studies in it are "
            "gone; open it anew"
        )
    return row


def _begin(work: Work, workspace: str, journal: str) -> JournalRow:
    row = JournalRow(0, workspace, journal, uuid.uuid4().hex, work.now, work.now)
    return replace(row, key=rows.add(work.connection, row))


def _record(row: JournalRow) -> JournalRecord:
    return JournalRecord(
        name=row.name,
        id=row.id,
        entries=row.entries,
        size=row.size,
        created_at=iso(row.created_at),
        changed_at=iso(row.changed_at),
    )
