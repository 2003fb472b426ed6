"""Sweeps that show the studies of journals: found by study, written as a replay leaves them."""

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, delete, select

from runyard_server.store import sweeps as rows
from runyard_server.store.schema import sweep_clients, sweeps, trial_values, trials
from runyard_server.store.sweeps import SweepRow, TrialRow

_OF_JOURNAL = select(sweeps.c.key, sweeps.c.study, sweeps.c.name).where(
    sweeps.c.journal_key == bindparam("of_journal")
)
_DROP = delete(trials).where(
    trials.c.sweep_key == bindparam("of_sweep"), trials.c.number == bindparam("numbered")
)


def studies(connection: Connection, journal: int) -> dict[int, tuple[int, str]]:
    """The studies of a journal that have a sweep: its key, and the study's name, by study.

    Args:
        connection: The transaction's connection.
        journal: Key of the journal's row.
    """
    found = connection.execute(_OF_JOURNAL, {"of_journal": journal})
    return {row.study: (row.key, row.name) for row in found}


def by_key(connection: Connection, key: int) -> SweepRow:
    """The sweep of a key; there is one."""
    workspace, sweep = connection.execute(
        select(sweeps.c.workspace, sweeps.c.id).where(sweeps.c.key == key)
    ).one()
    row = rows.find(connection, workspace, sweep)
    assert row is not None
    return row


def some_trials(connection: Connection, key: int, numbers: Sequence[int]) -> list[TrialRow]:
    """The trials of a sweep with these numbers.

    Args:
        connection: The transaction's connection.
        key: Key of the sweep's row.
        numbers: Their numbers.
    """
    found = (rows.trial(connection, key, number) for number in numbers)
    return [trial for trial in found if trial is not None]


def put_trials(connection: Connection, key: int, changed: Sequence[TrialRow]) -> None:
    """Write trials of a sweep, new ones and others, as they are now.

    Args:
        connection: The transaction's connection.
        key: Key of the sweep's row.
        changed: The trials.
    """
    if changed:
        # Deleted, then added: whether there is a row of it is not known, and upserts are spelt for
        # each database apart.
        connection.execute(_DROP, [{"of_sweep": key, "numbered": t.number} for t in changed])
        rows.add_trials(connection, key, changed)


def remove(connection: Connection, key: int) -> None:
    """Delete a sweep with its trials."""
    for table in (trials, trial_values, sweep_clients):
        connection.execute(delete(table).where(table.c.sweep_key == key))
    connection.execute(delete(sweeps).where(sweeps.c.key == key))
