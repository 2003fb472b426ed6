"""Journals replayed into the sweeps that show their studies, some entries at a time.

How many entries are shown is written with what they changed, so a replay that was killed goes on
where it was, and none is shown twice.
"""

import json

from runyard_server.core.notices import work_topic
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.execution import optuna_operations
from runyard_server.execution.shown_studies import ShownStudies
from runyard_server.store import journals
from runyard_server.store.subjects import Subject

BATCH = 200
"""Entries of one step: a few milliseconds."""

# Of large entries fewer: a step has all of them in memory.
_SIZE = 1 << 20


def advance(system: System, subject: Subject) -> bool:
    """Show the next entries of a journal; say whether these were the last there are.

    Args:
        system: The service's parts.
        subject: The journal.
    """

    def read(work: Work) -> tuple[ShownStudies, int, int] | None:
        row = journals.find(work.connection, subject.workspace, subject.id)
        if row is None or row.shown >= row.entries:
            return None
        texts = journals.entries(work.connection, row.key, row.shown, BATCH, _SIZE)
        entries = [json.loads(text) for text in texts]
        about = map(optuna_operations.trial_of, entries)
        shown = ShownStudies(work, row, [trial for trial in about if trial is not None])
        for entry in entries:
            optuna_operations.apply(shown, entry)
        return shown, row.shown + len(entries), row.entries

    found = system.read(read)
    if found is None:
        return False
    shown, until, known = found

    def write(work: Work) -> None:
        journal = shown.journal
        row = journals.find(work.connection, journal.workspace, journal.name)
        # It may have been deleted meanwhile, and its name be another's.
        if row is not None and (row.id, row.shown) == (journal.id, journal.shown):
            shown.write(work, until)
            if until < known:
                work.announce(work_topic(subject))

    system.write(write)
    return until >= known
