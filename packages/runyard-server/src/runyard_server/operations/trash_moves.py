"""How each kind of thing is found, put into the trash, and brought back: rules of one transaction.

A run takes all runs below it along, an experiment its runs, a model its versions. Where these are
many, the first transaction moves what names them all, and `move_rest` a part at a time, so that
nobody else's write waits for a hundred thousand rows.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import msgspec

from runyard.protocol import events as kinds
from runyard.protocol import trash as protocol
from runyard.protocol.endpoints import HIDDEN_EXPERIMENT
from runyard.protocol.errors import (
    EnvironmentNotFound,
    ExperimentNotFound,
    InvalidRequest,
    WrongState,
)
from runyard.protocol.suggestions import KNOWN, suggest
from runyard_server.core import events
from runyard_server.core.events import EventDraft
from runyard_server.core.lifecycle import append_events
from runyard_server.core.lookups import run_row, workspace_row
from runyard_server.core.work import Work
from runyard_server.operations import trash_models
from runyard_server.store import environments, experiments, runs, trashed
from runyard_server.store import trash as rows
from runyard_server.store.logs import LogStore
from runyard_server.store.subjects import ENVIRONMENT, EXPERIMENT, Subject
from runyard_server.store.trash import RunName, TrashRow

AT_ONCE = 500
_SHOWN = 3


class Details(msgspec.Struct):
    """What an entry knows beside its name.

    Args:
        up_to: Key of the newest run when an experiment was deleted: those after it are others.
        description: Of a model's name.
        tags: Of a model's name.
        versions: Keys of the versions of a model that went with its name.
    """

    up_to: int = 0
    description: str = ""
    tags: dict[str, str] = {}
    versions: list[int] = []


@dataclass(frozen=True)
class Found:
    """What would be deleted.

    Args:
        name: Its name, in one spelling.
        count: How many runs or versions.
        size: Their bytes.
        details: What the entry is to know.
        runs: The runs, as far as they are moved at once.
    """

    name: str
    count: int
    size: int
    details: Details = field(default_factory=Details)
    runs: Sequence[RunName] = ()


@dataclass(frozen=True)
class Kind:
    """The rules of one kind: `find` refuses, `put` and `back` move.

    Args:
        find: What would be deleted, by its name.
        put: Moves it, or the first of it.
        back: Moves it back, or the first of it.
        size: Measures what takes long to measure; None: `find` has.
    """

    find: Callable[[Work, str, str], Found]
    put: Callable[[Work, str, Found], None]
    back: Callable[[Work, TrashRow], None]
    size: Callable[[Work, str, Found, LogStore], int] | None = None

    def measured(self, work: Work, workspace: str, name: str, logs: LogStore) -> Found:
        """What would be deleted, with its bytes.

        Args:
            work: A unit of work that only reads.
            workspace: Id of the workspace.
            name: Its name.
            logs: The logs of runs, which go with them.
        """
        found = self.find(work, workspace, name)
        if self.size is None:
            return found
        return replace(found, size=self.size(work, workspace, found, logs))


def details_of(entry: TrashRow) -> Details:
    """What an entry knows beside its name."""
    return msgspec.json.decode(entry.details, type=Details)


def move_rest(work: Work, entry: TrashRow, start: str, to: str) -> bool:
    """Move the next part of what belongs to an entry; whether there was any.

    Args:
        work: The unit of work.
        entry: The entry.
        start: The workspace that it leaves.
        to: The one that it goes to.
    """
    some = rest(work, entry, start)
    rows.move_runs(work.connection, some, start, to)
    return bool(some)


def rest(work: Work, entry: TrashRow, place: str) -> list[RunName]:
    """Some of the runs of an entry that are in one of its two workspaces; none at the end.

    Args:
        work: The unit of work.
        entry: The entry.
        place: The workspace or its trash.
    """
    up_to = details_of(entry).up_to
    return rows.of_entry(work.connection, entry, place, up_to, AT_ONCE)


def merged(found: Found, entry: TrashRow | None) -> Found:
    """What is deleted together with what was deleted under the same name before.

    Args:
        found: What is deleted now.
        entry: The entry of what was deleted before, if it is still there.
    """
    if entry is None:
        return found
    former = details_of(entry)
    given = found.details
    details = Details(
        max(given.up_to, former.up_to),
        given.description or former.description,
        given.tags or former.tags,
        [*former.versions, *given.versions],
    )
    return Found(
        found.name, found.count + entry.count, found.size + entry.size, details, found.runs
    )


def _find_run(work: Work, workspace: str, run: str) -> Found:
    row = run_row(work, workspace, run)
    if row.experiment == HIDDEN_EXPERIMENT:
        raise WrongState(
            f"run {run} belongs to an endpoint, and goes with it: `runyard endpoints delete`"
        )
    found = rows.below(work.connection, workspace, run)
    _refuse_open(work, found)
    return Found(run, len(found), 0, runs=found)


def _size_of_runs(work: Work, workspace: str, found: Found, logs: LogStore) -> int:
    return _size(work, workspace, found.runs, logs)


def _size(work: Work, workspace: str, some: Sequence[RunName], logs: LogStore) -> int:
    # By their files: of a run without a job no row says how large its logs are.
    kept = sum(logs.space(workspace, one.id) for one in some)
    return kept + rows.size_of_runs(work.connection, [one.key for one in some])


def _put_run(work: Work, workspace: str, found: Found) -> None:
    row = run_row(work, workspace, found.name)
    append_events(work, row, [EventDraft(kinds.DELETED)])
    # Of many the ones furthest below go with the run itself: the way to others leads past them.
    root, others = found.runs[:1], found.runs[1:]
    some = [*root, *others[-AT_ONCE:]]
    rows.move_runs(work.connection, some, workspace, trashed.of(workspace))


def _back_run(work: Work, entry: TrashRow) -> None:
    trash = trashed.of(entry.workspace)
    _bring(work, entry, rest(work, entry, trash))
    row = runs.find(work.connection, entry.workspace, entry.subject)
    if row is not None:
        append_events(work, row, [EventDraft(kinds.RESTORED)])


def _find_experiment(work: Work, workspace: str, name: str) -> Found:
    if experiments.find(work.connection, workspace, name) is None or name == HIDDEN_EXPERIMENT:
        workspace_row(work, workspace)
        near = suggest(name, experiments.names(work.connection, workspace, KNOWN), "it has none")
        raise ExperimentNotFound(
            f"workspace {workspace!r} has no experiment {name!r}; {near.sentence}",
            {"nearest": near.names},
        )
    _refuse_open(work, rows.open_of_experiment(work.connection, workspace, name, _SHOWN + 1))
    count, newest = rows.count_of_experiment(work.connection, workspace, name)
    first = rows.of_experiment(work.connection, workspace, name, 0, AT_ONCE)
    return Found(name, count, 0, Details(up_to=newest), first)


def _size_of_experiment(work: Work, workspace: str, found: Found, logs: LogStore) -> int:
    after = size = 0
    while page := rows.of_experiment(work.connection, workspace, found.name, after, AT_ONCE):
        after = page[-1].key
        size += _size(work, workspace, page, logs)
    return size


def _put_experiment(work: Work, workspace: str, found: Found) -> None:
    trash = trashed.of(workspace)
    rows.move_experiment(work.connection, found.name, workspace, trash)
    rows.move_runs(work.connection, found.runs, workspace, trash)
    subject = Subject(EXPERIMENT, workspace, found.name)
    events.append(work, subject, [EventDraft(kinds.DELETED, f"with {found.count} runs")])


def _back_experiment(work: Work, entry: TrashRow) -> None:
    trash = trashed.of(entry.workspace)
    rows.move_experiment(work.connection, entry.subject, trash, entry.workspace)
    _bring(work, entry, rest(work, entry, trash))
    subject = Subject(EXPERIMENT, entry.workspace, entry.subject)
    events.append(work, subject, [EventDraft(kinds.RESTORED)])


def _bring(work: Work, entry: TrashRow, found: Sequence[RunName]) -> None:
    """Move runs back, into experiments that there are."""
    for name in {one.experiment for one in found}:
        experiments.ensure(work.connection, entry.workspace, name, work.now)
    rows.move_runs(work.connection, found, trashed.of(entry.workspace), entry.workspace)


def _refuse_open(work: Work, found: Sequence[RunName]) -> None:
    active = [one.id for one in found if one.active]
    if active:
        more = f" and {len(active) - _SHOWN} more" if len(active) > _SHOWN else ""
        raise WrongState(
            f"{', '.join(active[:_SHOWN])}{more} {'go' if len(active) > 1 else 'goes'} on; cancel "
            "first (`runyard runs cancel`), then delete",
            {"runs": active[:AT_ONCE]},
        )
    key = rows.undelivered(work.connection, [one.key for one in found])
    if key is not None:
        run = next(one.id for one in found if one.key == key)
        raise WrongState(f"what run {run} has left is still being delivered; try again in a moment")


def _find_environment(work: Work, workspace: str, named: str) -> Found:
    name, _, version = named.partition(":")
    found = environments.versions(work.connection, workspace, name)
    if version:
        found = [row for row in found if str(row.version) == version]
    if not found:
        workspace_row(work, workspace)
        known = environments.newest_of_each(work.connection, workspace)
        near = suggest(name, [row.name for row in known], "it has none")
        raise EnvironmentNotFound(
            f"workspace {workspace!r} has no environment {named!r}; {near.sentence}",
            {"nearest": near.names},
        )
    versions = [row.version for row in found]
    size = sum(len(row.document) for row in found)
    return Found(named, len(found), size, Details(versions=versions))


def _put_environment(work: Work, workspace: str, found: Found) -> None:
    name = found.name.partition(":")[0]
    to = trashed.of(workspace)
    environments.move(work.connection, workspace, to, name, found.details.versions)
    subject = Subject(ENVIRONMENT, workspace, found.name)
    events.append(work, subject, [EventDraft(kinds.DELETED)])


def _back_environment(work: Work, entry: TrashRow) -> None:
    name, versions = entry.subject.partition(":")[0], details_of(entry).versions
    trash = trashed.of(entry.workspace)
    environments.move(work.connection, trash, entry.workspace, name, versions)
    subject = Subject(ENVIRONMENT, entry.workspace, entry.subject)
    events.append(work, subject, [EventDraft(kinds.RESTORED)])


def _find_model(work: Work, workspace: str, name: str) -> Found:
    found = trash_models.found(work, workspace, name)
    details = Details(0, found.description, found.tags, [row.key for row in found.versions])
    return Found(found.name, len(found.versions), found.size, details)


def _put_model(work: Work, workspace: str, found: Found) -> None:
    trash_models.put(work, workspace, found.name, found.details.versions)


def _back_model(work: Work, entry: TrashRow) -> None:
    given = details_of(entry)
    trash_models.back(work, entry, given.versions, given.description, given.tags)


OF_KIND = {
    protocol.RUN: Kind(_find_run, _put_run, _back_run, _size_of_runs),
    protocol.EXPERIMENT: Kind(
        _find_experiment, _put_experiment, _back_experiment, _size_of_experiment
    ),
    protocol.MODEL: Kind(_find_model, _put_model, _back_model),
    protocol.ENVIRONMENT: Kind(_find_environment, _put_environment, _back_environment),
}


def of_kind(kind: str) -> Kind:
    """The rules of a kind.

    Raises:
        InvalidRequest: There is no such kind.
    """
    found = OF_KIND.get(kind)
    if found is None:
        raise InvalidRequest(f"kind is {kind[:80]!r}; it must be one of {', '.join(OF_KIND)}")
    return found
