"""Frees what is in the trash, once its time is over.

First what lies beside the database goes (logs), then the rows, and the entry last: whoever is
killed in between leaves an entry that is freed again, from where it was. Contents stay, for others
may have them too; `execution.collecting` removes those that nobody has.
"""

from collections.abc import Sequence

import msgspec

from runyard.protocol.trash import ENVIRONMENT, EXPERIMENT, FREEING, KEPT, MODEL, RUN, WORKSPACE
from runyard_server.core.clock import SECOND
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.store import (
    experiment_facts,
    hidden_runs,
    purge,
    references,
    trashed,
    workspaces,
)
from runyard_server.store import trash as rows
from runyard_server.store.subjects import Subject
from runyard_server.store.trash import RunName, TrashRow

TRASH_WORK = Subject("cleanup", "", "trash")
# Longer than any request takes between its look at a content and its reference to it.
SHORTEST = 60 * SECOND
# Each takes a few milliseconds in the writer, for which everybody else waits.
_RUNS, _EVENTS = 50, 2000
_WORKSPACES = 100_000
_DAY = 24 * 3600 * SECOND


class _Details(msgspec.Struct):
    """What of an entry's details freeing needs."""

    up_to: int = 0
    versions: list[int] = []


def due(system: System, limit: int = 100) -> list[TrashRow]:
    """The entries whose time is over.

    Args:
        system: The service's parts.
        limit: The most that are wanted.
    """
    return system.read(lambda work: rows.due(work.connection, work.now, limit))


def take_up_hidden(system: System) -> None:
    """Have what trackers have deleted freed, once it was hidden for as long as the trash keeps.

    A tracker's deleted run stays where it is, for the tracker still reads and restores it. When its
    time is over it goes through the trash, as an entry that is over at once, so that a kill leaves
    nothing half.
    """
    before = system.clock.now_us() - int(system.settings.trash_days * _DAY)
    for workspace in system.read(lambda work: workspaces.ids(work.connection, _WORKSPACES)):
        _take_up_all(system, workspace, before)


def _take_up_all(system: System, workspace: str, before: int) -> None:
    # A write that changes nothing would sync the disk all the same.
    while system.read(lambda work: _is_over(work, workspace, before)):
        if not system.write(lambda work: _take_up(work, workspace, before)):
            break


def _is_over(work: Work, workspace: str, before: int) -> bool:
    found = hidden_runs.deleted_before(work.connection, workspace, before, 1)
    return bool(found or experiment_facts.deleted_before(work.connection, workspace, before))


def _take_up(work: Work, workspace: str, before: int) -> int:
    """Move some runs whose time is over into the trash, and drop experiments without any."""
    found = hidden_runs.deleted_before(work.connection, workspace, before, _RUNS)
    names = [RunName(row.key, row.id, row.experiment, row.active, row.run_type) for row in found]
    # One of that name may be in the trash already: it goes first.
    there = rows.with_entries(work.connection, workspace, [one.id for one in names])
    names = [one for one in names if one.id not in there]
    rows.move_runs(work.connection, names, workspace, trashed.of(workspace))
    for one in names:
        made = (work.person, work.now, 0, msgspec.json.encode(_Details()).decode())
        rows.put(work.connection, TrashRow(0, workspace, RUN, one.id, FREEING, 1, 0, *made))
    empty = experiment_facts.deleted_before(work.connection, workspace, before)
    for name in empty:
        purge.remove_experiment(work.connection, workspace, name)
    return len(names) + len(empty)


def purge_entry(system: System, entry: TrashRow) -> None:
    """Free an entry; doing it again goes on where it was broken off.

    Args:
        system: The service's parts.
        entry: The entry.
    """
    claimed = system.write(lambda work: _claimed(work, entry))
    if claimed is None:
        return
    entry = claimed
    place = trashed.of(entry.workspace)
    details = msgspec.json.decode(entry.details, type=_Details)
    if entry.kind in (RUN, EXPERIMENT):
        _purge_runs(system, entry, place, details.up_to)
    elif entry.kind == MODEL:
        _remove_models(system, details.versions)
    elif entry.kind == ENVIRONMENT:
        name = entry.subject.partition(":")[0]
        system.write(
            lambda work: purge.remove_environments(work.connection, place, name, details.versions)
        )
    elif entry.kind == WORKSPACE:
        _purge_workspace(system, entry.workspace)
    system.write(lambda work: rows.remove(work.connection, entry.key))


def _claimed(work: Work, entry: TrashRow) -> TrashRow | None:
    """Let nobody bring back the half of an entry; None where it is not to be freed any more.

    It is looked at anew: others may have been freed for minutes since it was found, and whoever
    brought it back meanwhile must not lose it.
    """
    found = rows.find(work.connection, entry.workspace, entry.key)
    if found is None or found.state not in (KEPT, FREEING) or found.until > work.now:
        return None
    rows.change(work.connection, found.key, state=FREEING, until=0)
    return found


def _purge_runs(system: System, entry: TrashRow, place: str, up_to: int) -> None:
    def read(work: Work) -> list[tuple[int, str]]:
        found = rows.of_entry(work.connection, entry, place, up_to, _RUNS)
        return [(one.key, one.id) for one in found]

    while some := system.read(read):
        _remove_runs(system, entry.workspace, some)
    if entry.kind == EXPERIMENT:
        name = entry.subject
        system.write(lambda work: purge.remove_experiment(work.connection, place, name))


def _purge_place(system: System, workspace: str, place: str) -> None:
    """Remove the runs and the models of a workspace, or those of its trash."""
    while some := system.read(lambda work: purge.some_runs(work.connection, place, _RUNS)):
        _remove_runs(system, workspace, some)
    while keys := system.read(lambda work: purge.some_models(work.connection, place, _RUNS)):
        _remove_models(system, keys)


def _remove_runs(system: System, workspace: str, some: Sequence[tuple[int, str]]) -> None:
    keys, ids = [key for key, _ in some], [run for _, run in some]
    for run in ids:
        purge.remove_folder(system.logs.folder(workspace, run))

    def write(work: Work) -> None:
        _mark(work, purge.digests_of_runs(work.connection, keys))
        purge.remove_runs(work.connection, workspace, keys, ids)

    system.write(write)


def _remove_models(system: System, keys: Sequence[int]) -> None:
    def write(work: Work) -> None:
        _mark(work, purge.digests_of_models(work.connection, keys))
        purge.remove_models(work.connection, keys)

    system.write(write)


def _mark(work: Work, digests: Sequence[str]) -> None:
    """Let contents go soon if nobody else has them: the next pass of the collector sees to that."""
    there = references.marked(work.connection, digests)
    fresh = [digest for digest in digests if digest not in there]
    references.mark(work.connection, fresh, work.now, work.now + SHORTEST)


def _purge_workspace(system: System, workspace: str) -> None:
    places = [workspace, trashed.of(workspace)]
    for place in places:
        _purge_place(system, workspace, place)
    purge.remove_folder(system.home.datastores / workspace)
    purge.remove_folder(system.home.run_logs / workspace)
    while system.write(lambda work: purge.remove_some_events(work.connection, workspace, _EVENTS)):
        pass
    system.write(lambda work: purge.remove_workspace(work.connection, places))
