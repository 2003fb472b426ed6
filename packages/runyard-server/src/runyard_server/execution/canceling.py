"""Canceling runs: the rule, for whoever asks for it."""

from runyard.protocol import runs as states
from runyard.protocol.pipelines import DRIVEN_TYPES, STEP_RUN
from runyard_server.core.lifecycle import append_events, end, moved
from runyard_server.core.work import Work
from runyard_server.store import job_nodes, runs
from runyard_server.store.runs import RunRow

_OF_THEIR_OWN = (states.SCRIPT_RUN, STEP_RUN, *DRIVEN_TYPES)


def cancel(work: Work, row: RunRow, reason: str | None = None) -> RunRow:
    """Ask for a run to be canceled; one that nobody works on is canceled at once.

    A sweep ends once its trials have, a pipeline once its steps have.

    Args:
        work: The unit of work.
        row: The run as read in this write.
        reason: Why, where it was no person who asked.
    """
    # Twice is asked easily: by a person, a parent, and a service that was killed in between.
    if not row.active or row.cancel_requested:
        return row
    row = append_events(work, row, [moved(states.CANCEL_REQUESTED, reason or "")], reason=reason)
    if row.run_type in DRIVEN_TYPES:
        return row
    # An agent has the last word: what it has yet to deliver comes before the end.
    has_agent = bool(job_nodes.of_run(work.connection, row.key))
    return row if has_agent else end(work, row, states.CANCELED)


def jobs_below(work: Work, row: RunRow) -> list[RunRow]:
    """The submitted runs and the sweeps among a run's descendants that have not ended.

    Steps that have not begun are left to the turn of their pipeline: thousands in one transaction
    would hold up whoever else writes for seconds.
    """
    found: list[RunRow] = []
    above = [row]
    while above:
        children = runs.children(work.connection, above.pop())
        children = [each for each in children if each.status != states.NOT_STARTED]
        # Also through runs that were begun by hand: there may be jobs below one.
        above += children
        found += [each for each in children if each.active and each.run_type in _OF_THEIR_OWN]
    return found
