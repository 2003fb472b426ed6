"""Rows of journals: their entries by number, who appends to them, and which trial is whose.

A journal's row counts its entries, so appending reads nothing that grows with them; entries lie by
journal and number, so reading from a number on costs what is read.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from runyard_server.store.journal_schema import (
    journal_clients,
    journal_entries,
    journal_trials,
    journals,
)


@dataclass(frozen=True, slots=True)
class JournalRow:
    """One row of `journals`; times are microseconds since 1970.

    Of its entries, `shown` are in the sweeps that show its studies; the next study and trial that
    entries make have the numbers `next_study` and `next_trial`.
    """

    key: int
    workspace: str
    name: str
    id: str
    created_at: int
    changed_at: int
    entries: int = 0
    size: int = 0
    shown: int = 0
    next_study: int = 0
    next_trial: int = 0


_NAMES = tuple(f.name for f in fields(JournalRow))
_COLUMNS = [journals.c[name] for name in _NAMES]
# Made once: making a statement costs more than running it.
_FIND = select(*_COLUMNS).where(
    journals.c.workspace == bindparam("in_workspace"), journals.c.name == bindparam("named")
)
_BEHIND = select(journals.c.workspace, journals.c.name).where(journals.c.shown < journals.c.entries)
_CHANGE = update(journals).where(journals.c.key == bindparam("of_journal"))
_ADD_ENTRIES = insert(journal_entries)
_MINE = journal_entries.c.journal_key == bindparam("of_journal")
_READ = (
    select(journal_entries.c.text)
    .where(_MINE, journal_entries.c.number >= bindparam("first"))
    .order_by(journal_entries.c.number)
    .limit(bindparam("most"))
)
_THIS_CLIENT = (
    journal_clients.c.journal_key == bindparam("of_journal"),
    journal_clients.c.client == bindparam("named"),
)
_CLIENT = select(journal_clients.c.sequence, journal_clients.c.first).where(*_THIS_CLIENT)
_MOVE_CLIENT = (
    update(journal_clients)
    .where(*_THIS_CLIENT)
    .values({name: bindparam(f"new_{name}") for name in ("sequence", "first", "heard_at")})
)
_ADD_CLIENT = insert(journal_clients)
_FORGET = delete(journal_clients).where(
    journal_clients.c.journal_key == bindparam("of_journal"),
    journal_clients.c.heard_at < bindparam("before"),
)
_ADD_TRIALS = insert(journal_trials)
_PLACES = select(journal_trials.c.trial, journal_trials.c.sweep_key, journal_trials.c.number).where(
    journal_trials.c.journal_key == bindparam("of_journal"),
    journal_trials.c.trial.in_(bindparam("trials", expanding=True)),
)


def find(connection: Connection, workspace: str, name: str) -> JournalRow | None:
    """The journal of this name, or None.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        name: Name of the journal.
    """
    row = connection.execute(_FIND, {"in_workspace": workspace, "named": name}).one_or_none()
    return None if row is None else JournalRow(*row)


def page(connection: Connection, workspace: str, after: str, limit: int) -> list[JournalRow]:
    """Up to `limit` journals of a workspace with names behind `after`, by name.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        after: The last name that is known.
        limit: The most that are wanted.
    """
    found = select(*_COLUMNS).where(journals.c.workspace == workspace, journals.c.name > after)
    return [JournalRow(*row) for row in connection.execute(found.order_by("name").limit(limit))]


def behind(connection: Connection) -> list[tuple[str, str]]:
    """Workspace and name of every journal with entries that are not shown yet."""
    return [(row.workspace, row.name) for row in connection.execute(_BEHIND)]


def add(connection: Connection, row: JournalRow) -> int:
    """Add a journal (its `key` is not looked at); give its key."""
    values = {name: getattr(row, name) for name in _NAMES if name != "key"}
    key = connection.execute(insert(journals), values).inserted_primary_key
    assert key is not None
    return int(key[0])


def change(connection: Connection, key: int, **values: Any) -> None:
    """Set the named columns of a journal."""
    connection.execute(_CHANGE, {"of_journal": key, **values})


def remove(connection: Connection, key: int) -> None:
    """Delete a journal with all that is its own; the sweeps that show it are not."""
    for table in (journal_entries, journal_clients, journal_trials):
        connection.execute(delete(table).where(table.c.journal_key == key))
    connection.execute(delete(journals).where(journals.c.key == key))


def add_entries(connection: Connection, key: int, first: int, texts: Sequence[str]) -> None:
    """Append entries.

    Args:
        connection: The transaction's connection.
        key: Key of the journal's row.
        first: The number of the first.
        texts: The entries.
    """
    rows = [
        {"journal_key": key, "number": number, "text": text}
        for number, text in enumerate(texts, first)
    ]
    connection.execute(_ADD_ENTRIES, rows)


def entries(connection: Connection, key: int, first: int, limit: int, size: int) -> list[str]:
    """The entries from number `first` on, in order.

    Args:
        connection: The transaction's connection.
        key: Key of the journal's row.
        first: The first number that is wanted.
        limit: The most that are wanted.
        size: Characters after which no further one is given; at least one is.
    """
    found: list[str] = []
    rows = connection.execute(_READ, {"of_journal": key, "first": first, "most": limit})
    for (text,) in rows:
        size -= len(text)
        # The first in any case: one that is larger than a page has to be read, too.
        if found and size < 0:
            break
        found.append(text)
    return found


def client(connection: Connection, key: int, name: str) -> tuple[int, int] | None:
    """A client's last append and the number of its first entry, None of one that had none.

    Args:
        connection: The transaction's connection.
        key: Key of the journal's row.
        name: Name of the client.
    """
    row = connection.execute(_CLIENT, {"of_journal": key, "named": name}).one_or_none()
    return None if row is None else (row.sequence, row.first)


def put_client(
    connection: Connection, key: int, name: str, sequence: int, first: int, now: int
) -> bool:
    """Keep the last append of a client; say whether it is new.

    Args:
        connection: The transaction's connection.
        key: Key of the journal's row.
        name: Name of the client.
        sequence: Number of the append.
        first: The number of its first entry.
        now: Microseconds since 1970.
    """
    values = {"sequence": sequence, "first": first, "heard_at": now}
    named = {f"new_{name}": value for name, value in values.items()}
    if connection.execute(_MOVE_CLIENT, {"of_journal": key, "named": name, **named}).rowcount:
        return False
    connection.execute(_ADD_CLIENT, {"journal_key": key, "client": name, **values})
    return True


def forget_clients(connection: Connection, key: int, before: int) -> None:
    """Drop the clients of a journal that have not appended since.

    Args:
        connection: The transaction's connection.
        key: Key of the journal's row.
        before: Microseconds since 1970.
    """
    connection.execute(_FORGET, {"of_journal": key, "before": before})


def add_trials(connection: Connection, key: int, places: dict[int, tuple[int, int]]) -> None:
    """Keep where trials of a journal are shown: key of the sweep and number there, by trial.

    Args:
        connection: The transaction's connection.
        key: Key of the journal's row.
        places: By the journal's number of the trial.
    """
    rows = [
        {"journal_key": key, "trial": trial, "sweep_key": sweep, "number": number}
        for trial, (sweep, number) in places.items()
    ]
    if rows:
        connection.execute(_ADD_TRIALS, rows)


def places(connection: Connection, key: int, trials: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Where trials of a journal are shown: key of the sweep and number there, by trial.

    Args:
        connection: The transaction's connection.
        key: Key of the journal's row.
        trials: The journal's numbers of the trials.
    """
    rows = connection.execute(_PLACES, {"of_journal": key, "trials": list(trials)})
    return {trial: (sweep, number) for trial, sweep, number in rows}
