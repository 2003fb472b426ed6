"""Experiments: named series of runs. Asking for one makes it.

That one is archived is a tag, which says of how many runs: one with more has been used since.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from runyard.protocol import events as kinds
from runyard.protocol.errors import ExperimentNotFound, InvalidRequest
from runyard.protocol.experiments import (
    NAME_RULE,
    ChangeExperiment,
    CreateExperiment,
    ExperimentPage,
    ExperimentQuery,
    ExperimentRecord,
)
from runyard.protocol.search import Search
from runyard.protocol.suggestions import KNOWN, suggest
from runyard_server.core import events, names
from runyard_server.core.clock import iso
from runyard_server.core.events import EventDraft
from runyard_server.core.lookups import workspace_row
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.operations import searches
from runyard_server.store import experiment_facts, hidden_runs, nouns, pages
from runyard_server.store import experiments as rows
from runyard_server.store.experiments import ExperimentRow
from runyard_server.store.searched import Wanted
from runyard_server.store.subjects import EXPERIMENT, Subject

# Among the tags of experiments, which MLflow has as well; `tags` never shows it.
_ARCHIVED = "runyard.archived"
_LONGEST_NOTES = 64 << 10
_MEANING = "1 to 255 letters, digits, '_' or '-', and begin with a letter or a digit"
WORDS = searches.Words(
    "experiments",
    nouns.EXPERIMENTS,
    others={"run_count": "runs", "created": "created_at", "creation_time": "created_at"},
)


def create(system: System, workspace: str, body: CreateExperiment) -> ExperimentRecord:
    """The experiment of that name; it is made if there is none.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        body: What is asked for.

    Raises:
        WrongName: The name breaks its rule.
        WorkspaceNotFound: There is no such workspace.
    """
    checked(body.name)

    def write(work: Work) -> ExperimentRecord:
        workspace_row(work, workspace)
        return work.answered(_record(ensured(work, workspace, body.name)))

    # Every script asks for its experiment, which mostly is there: a read waits for no disk.
    found = system.read(lambda work: rows.find(work.connection, workspace, body.name))
    return system.write(write) if found is None else _record(found)


def ensured(work: Work, workspace: str, name: str) -> ExperimentRow:
    """The experiment of that name, made if there is none.

    Args:
        work: The unit of work.
        workspace: Id of the workspace.
        name: Its name.
    """
    row = rows.ensure(work.connection, workspace, name, work.now)
    # `ensure` does not say whether it made the row; one that it made has this unit's time.
    if (row.run_count, row.created_at) == (0, work.now):
        subject = Subject(EXPERIMENT, workspace, name)
        events.append(work, subject, [EventDraft(kinds.CREATED)])
    return row


def list_(system: System, workspace: str, query: ExperimentQuery) -> ExperimentPage:
    """List a workspace's experiments, by name.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        query: What is asked for.
    """
    limit = pages.limit(query.page_size)
    name = pages.after(query.page_token, str)

    def read(work: Work) -> ExperimentPage:
        workspace_row(work, workspace)
        wanted = Wanted(nouns.EXPERIMENTS, workspace, more=nouns.SHOWN_EXPERIMENTS)
        return _page(work, workspace, *searches.listed(work, wanted, name, limit))

    return system.read(read)


def search(system: System, workspace: str, body: Search) -> ExperimentPage:
    """One page of a search for experiments.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        body: What is asked for.

    Raises:
        InvalidRequest: The filter, an order, a column or the page token makes no sense.
    """
    asked = searches.prepared(WORDS, workspace, body)
    asked = replace(asked, wanted=replace(asked.wanted, more=nouns.SHOWN_EXPERIMENTS))

    def read(work: Work) -> ExperimentPage:
        workspace_row(work, workspace)
        page = searches.found(work, asked)
        found = _page(work, workspace, page.keys, page.token)
        return replace(found, looked_at=page.looked_at)

    return system.read(read)


def get(system: System, workspace: str, experiment: str) -> ExperimentRecord:
    """The experiment of this name, with its notes.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        experiment: Name of the experiment.

    Raises:
        ExperimentNotFound: There is none; the message names the nearest.
    """

    def read(work: Work) -> ExperimentRecord:
        row = _required(work, workspace, experiment)
        return _whole(work, row)

    return system.read(read)


def change(
    system: System, workspace: str, experiment: str, *, body: ChangeExperiment
) -> ExperimentRecord:
    """Change the notes or the tags of an experiment, archive it or take it back.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        experiment: Name of the experiment.
        body: What is asked for.

    Raises:
        ExperimentNotFound: There is none; the message names the nearest.
        InvalidRequest: The notes are too long, or the name of a tag is empty or too long.
    """
    names.check_texts("tag", body.tags or {})
    if body.notes is not None and len(body.notes) > _LONGEST_NOTES:
        raise InvalidRequest(
            f"notes have at most {_LONGEST_NOTES} characters, not {len(body.notes)}"
        )

    def write(work: Work) -> ExperimentRecord:
        row = _required(work, workspace, experiment)
        if body.notes is not None:
            rows.set_notes(work.connection, row.id, body.notes)
        _tag(work, row, body)
        if body != ChangeExperiment():
            subject = Subject(EXPERIMENT, workspace, experiment)
            events.append(work, subject, [EventDraft(kinds.CHANGED)])
        return _whole(work, row)

    return system.write(write)


def checked(name: str) -> str:
    """An experiment's name if it fits its rule.

    Raises:
        WrongName: It does not.
    """
    return names.checked("experiment", name, NAME_RULE, _MEANING)


def _required(work: Work, workspace: str, name: str) -> ExperimentRow:
    row = rows.find(work.connection, workspace, name)
    if row is None:
        workspace_row(work, workspace)
        raise _not_found(work, workspace, name)
    return row


def _not_found(work: Work, workspace: str, name: str) -> ExperimentNotFound:
    near = suggest(name, rows.names(work.connection, workspace, KNOWN), "it has none yet")
    return ExperimentNotFound(
        f"workspace {workspace!r} has no experiment {name!r}; {near.sentence}",
        {"nearest": near.names},
    )


def _page(work: Work, workspace: str, names: Sequence[str], token: str | None) -> ExperimentPage:
    found = rows.find_many(work.connection, workspace, names)
    archived = hidden_runs.archived_of(work.connection, workspace, [row.name for row in found])
    tags = experiment_facts.tags(work.connection, [row.id for row in found])
    return ExperimentPage(
        [_told(row, tags[row.id], archived_count=archived[row.name]) for row in found], token
    )


def _whole(work: Work, row: ExperimentRow) -> ExperimentRecord:
    """The record of one experiment, with its notes."""
    archived = hidden_runs.archived_of(work.connection, row.workspace, [row.name])
    notes = rows.notes(work.connection, row.id)
    tags = experiment_facts.tags(work.connection, [row.id])[row.id]
    return _told(row, tags, notes=notes, archived_count=archived[row.name])


def _told(row: ExperimentRow, tags: Mapping[str, str], **more: Any) -> ExperimentRecord:
    """The record of an experiment with its tags, of which one tells that it is archived."""
    at, _, count = tags.get(_ARCHIVED, "").partition(" ")
    # A new run is all it takes to bring it back, and none of those has to look here.
    archived_at = at if count == str(row.run_count) else None
    shown = {name: value for name, value in tags.items() if name != _ARCHIVED}
    return replace(_record(row), tags=shown, archived_at=archived_at, **more)


def _tag(work: Work, row: ExperimentRow, body: ChangeExperiment) -> None:
    given = dict(body.tags or {})
    removed = list(body.removed_tags or ())
    if body.archived:
        given[_ARCHIVED] = f"{iso(work.now)} {row.run_count}"
    elif body.archived is not None:
        removed.append(_ARCHIVED)
    experiment_facts.remove_tags(work.connection, row.id, removed)
    experiment_facts.set_tags(work.connection, row.id, given)


def _record(row: ExperimentRow) -> ExperimentRecord:
    return ExperimentRecord(
        id=row.id, name=row.name, created_at=iso(row.created_at), run_count=row.run_count
    )
