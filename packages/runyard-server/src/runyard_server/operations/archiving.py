"""Archiving runs: they leave the lists, with all below them, and come back unchanged.

A sweep may have a hundred thousand trials, so those below go a part at a time and the run itself
last: a service that is killed in between has the run as it was, and a repeat finishes.
"""

from functools import partial

from runyard.protocol import events as kinds
from runyard.protocol.errors import WrongState
from runyard.protocol.runs import RunRecord
from runyard_server.core.events import EventDraft
from runyard_server.core.lifecycle import append_events
from runyard_server.core.lookups import run_row
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.operations.run_records import records
from runyard_server.store import hidden_runs, trash

AT_ONCE = 2000


def archive(system: System, workspace: str, run: str) -> RunRecord:
    """Leave a run that has ended, with all below it, out of lists; nothing of it is lost.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        run: Id of the run.

    Raises:
        RunNotFound: No such run in the workspace.
        WrongState: It, or one below it, goes on.
    """
    return _put(system, workspace, run, archived=True)


def unarchive(system: System, workspace: str, run: str) -> RunRecord:
    """Take a run, with all below it, into lists again.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        run: Id of the run.

    Raises:
        RunNotFound: No such run in the workspace.
    """
    return _put(system, workspace, run, archived=False)


def _put(system: System, workspace: str, run: str, *, archived: bool) -> RunRecord:
    below = system.read(lambda work: _below(work, workspace, run, archived=archived))
    for begin in range(0, len(below), AT_ONCE):
        some = below[begin : begin + AT_ONCE]
        system.write(partial(_mark, keys=some, archived=archived))

    def write(work: Work) -> RunRecord:
        row = run_row(work, workspace, run)
        if archived and row.active:
            raise _goes_on(run)
        if row.archived != archived:
            told = "archived" if archived else "no longer archived"
            row = append_events(work, row, [EventDraft(kinds.CHANGED, told)], archived=archived)
        return records(work, [row])[0]

    return system.write(write)


def _below(work: Work, workspace: str, run: str, *, archived: bool) -> list[int]:
    """The keys of the runs below one, those furthest below first."""
    run_row(work, workspace, run)
    found = trash.below(work.connection, workspace, run)
    going = next((each.id for each in found if each.active), None)
    if archived and going is not None:
        raise _goes_on(going)
    return [each.key for each in reversed(found) if each.id != run]


def _mark(work: Work, keys: list[int], *, archived: bool) -> None:
    hidden_runs.mark_archived(work.connection, keys, archived=archived)


def _goes_on(run: str) -> WrongState:
    return WrongState(
        f"{run} goes on: archive it once it has ended, or cancel it first (`runyard runs cancel`)"
    )
