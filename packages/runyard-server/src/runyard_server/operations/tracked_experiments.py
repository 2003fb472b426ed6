"""Experiments as trackers such as MLflow have them: by id, with any title, with tags, deletable.

Ours are named by a stricter rule, and runs refer to the name. So an experiment of any title gets a
name that is made of it and never changes; a tracker renames the title alone. Trackers take it for
granted that there is an experiment 0; it is ours of the name Default, made when it is first meant.
"""

import hashlib
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from runyard.protocol import events as kinds
from runyard.protocol.errors import AlreadyExists, ExperimentNotFound, InvalidRequest, NotFound
from runyard.protocol.experiments import NAME_RULE
from runyard.protocol.filters import Condition, Order
from runyard_server.core import events
from runyard_server.core.events import EventDraft
from runyard_server.core.lookups import workspace_row
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.operations.experiments import ensured
from runyard_server.store import experiment_facts as rows
from runyard_server.store import hidden_runs, pages
from runyard_server.store.experiment_facts import FactsRow
from runyard_server.store.subjects import EXPERIMENT, Subject

DEFAULT_ID = "0"
DEFAULT_TITLE = "Default"
_LONGEST_SLUG = 200
_OTHERS = re.compile(r"[^A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class TrackedExperiment:
    """An experiment with its tags."""

    row: FactsRow
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The id that trackers know it by."""
        return id_of(self.row.name, self.row.id)


@dataclass(frozen=True, slots=True)
class TrackedSearch:
    """What to look for; see `store.experiment_facts.Asked`. The token is of the page before."""

    conditions: Sequence[Condition] = ()
    order: Sequence[Order] = ()
    deleted: bool | None = False
    limit: int = 1000
    page_token: str | None = None


def id_of(name: str, key: str) -> str:
    """The id by which trackers know an experiment.

    Args:
        name: Its name.
        key: Its own id.
    """
    return DEFAULT_ID if name == DEFAULT_TITLE else key


def create(
    system: System, workspace: str, title: str, location: str, tags: Mapping[str, str]
) -> TrackedExperiment:
    """Make an experiment.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        title: Its title, any text.
        location: Where a tracker's client keeps files, "" for here.
        tags: Its tags.

    Raises:
        WorkspaceNotFound: There is no such workspace.
        AlreadyExists: One has that title, deleted or not.
    """

    def write(work: Work) -> TrackedExperiment:
        workspace_row(work, workspace)
        _check_free(work, workspace, title)
        made = ensured(work, workspace, _free_name(work, workspace, title))
        row = FactsRow(
            made.id, workspace, made.name, made.created_at, title, location, None, work.now
        )
        if title != made.name or location:
            rows.put(work.connection, row)
        rows.set_tags(work.connection, row.id, tags)
        return TrackedExperiment(row, tags)

    return system.write(write)


def get(system: System, workspace: str, experiment: str) -> TrackedExperiment:
    """The experiment of an id, deleted or not.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        experiment: Its id.

    Raises:
        ExperimentNotFound: There is none.
    """
    if experiment == DEFAULT_ID:
        _ensure_default(system, workspace)
    return system.read(lambda work: _with_tags(work, [required(work, workspace, experiment)])[0])


def get_by_title(system: System, workspace: str, title: str) -> TrackedExperiment:
    """The experiment of a title, deleted or not.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        title: Its title.

    Raises:
        ExperimentNotFound: There is none.
    """

    def read(work: Work) -> TrackedExperiment:
        row = rows.by_title(work.connection, workspace, title)
        if row is None:
            raise ExperimentNotFound(f"workspace {workspace!r} has no experiment {title!r}")
        return _with_tags(work, [row])[0]

    if title == DEFAULT_TITLE:
        _ensure_default(system, workspace)
    return system.read(read)


def rename(system: System, workspace: str, experiment: str, title: str) -> None:
    """Change the title of an experiment.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        experiment: Its id.
        title: The new title.

    Raises:
        ExperimentNotFound: There is none.
        InvalidRequest: It is deleted.
        AlreadyExists: Another one has that title.
    """

    def write(work: Work) -> None:
        row = active(work, workspace, experiment)
        if row.title != title:
            _check_free(work, workspace, title)
        _change(work, replace(row, title=title))

    if experiment == DEFAULT_ID:
        _ensure_default(system, workspace)
    system.write(write)


def set_deleted(system: System, workspace: str, experiment: str, *, deleted: bool) -> None:
    """Delete an experiment with its runs, or restore it with them; nothing is lost by either.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        experiment: Its id.
        deleted: Which of the two.

    Raises:
        ExperimentNotFound: There is none that could be deleted or restored.
    """

    def write(work: Work) -> None:
        row = required(work, workspace, experiment)
        if (row.deleted_at is not None) == deleted:
            state = "deleted" if deleted else "not deleted"
            raise ExperimentNotFound(f"experiment {row.title!r} ({experiment}) is {state}")
        at = work.now if deleted else None
        hidden_runs.mark_deleted(work.connection, workspace, row.name, at)
        _change(work, replace(row, deleted_at=at))

    if experiment == DEFAULT_ID:
        _ensure_default(system, workspace)
    system.write(write)


def set_tag(system: System, workspace: str, experiment: str, name: str, value: str) -> None:
    """Set a tag of an experiment.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        experiment: Its id.
        name: Name of the tag.
        value: Its value.

    Raises:
        ExperimentNotFound: There is none.
        InvalidRequest: It is deleted.
    """

    def write(work: Work) -> None:
        row = active(work, workspace, experiment)
        rows.set_tags(work.connection, row.id, {name: value})
        _change(work, row)

    if experiment == DEFAULT_ID:
        _ensure_default(system, workspace)
    system.write(write)


def remove_tag(system: System, workspace: str, experiment: str, name: str) -> None:
    """Remove a tag of an experiment.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        experiment: Its id.
        name: Name of the tag.

    Raises:
        ExperimentNotFound: There is no such experiment.
        NotFound: It has no such tag.
        InvalidRequest: It is deleted.
    """

    def write(work: Work) -> None:
        row = active(work, workspace, experiment)
        if not rows.remove_tags(work.connection, row.id, [name]):
            raise NotFound(f"experiment {row.title!r} has no tag {name!r}")
        _change(work, row)

    if experiment == DEFAULT_ID:
        _ensure_default(system, workspace)
    system.write(write)


def search(
    system: System, workspace: str, asked: TrackedSearch
) -> tuple[list[TrackedExperiment], str | None]:
    """One page of a search for experiments, and the token of the next one.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        asked: What to look for.

    Raises:
        InvalidRequest: The token is none of ours.
    """
    limit = pages.limit(asked.limit)
    # By a name or a change, all are sorted; there are few, and nobody reads on for long.
    is_by_key = tuple(asked.order) == rows.NEWEST_FIRST
    after = pages.after(asked.page_token, tuple[int, str]) if is_by_key else None
    offset = 0 if is_by_key else pages.offset(asked.page_token)

    def read(work: Work) -> tuple[list[TrackedExperiment], str | None]:
        workspace_row(work, workspace)
        wanted = rows.Asked(
            workspace, asked.conditions, asked.order, asked.deleted, offset, limit + 1, after
        )
        page, token = pages.cut(
            rows.search(work.connection, wanted),
            limit,
            lambda row: (row.created_at, row.id) if is_by_key else offset + limit,
        )
        return _with_tags(work, page), token

    _ensure_default(system, workspace)
    return system.read(read)


def required(work: Work, workspace: str, experiment: str) -> FactsRow:
    """The row of an experiment by its id, deleted or not.

    Args:
        work: The unit of work.
        workspace: Id of the workspace.
        experiment: Its id.

    Raises:
        ExperimentNotFound: There is none.
    """
    if experiment == DEFAULT_ID:
        row = rows.by_name(work.connection, workspace, DEFAULT_TITLE)
    else:
        row = rows.by_id(work.connection, workspace, experiment)
    if row is None:
        workspace_row(work, workspace)
        raise ExperimentNotFound(f"no experiment of workspace {workspace!r} has id {experiment!r}")
    return row


def active(work: Work, workspace: str, experiment: str) -> FactsRow:
    """The row of an experiment by its id, which must not be deleted.

    Args:
        work: The unit of work.
        workspace: Id of the workspace.
        experiment: Its id.

    Raises:
        ExperimentNotFound: There is none.
        InvalidRequest: It is deleted.
    """
    row = required(work, workspace, experiment)
    if row.deleted_at is not None:
        raise InvalidRequest(
            f"The experiment {experiment} ({row.title!r}) must be in the 'active' state and is "
            "deleted; restore it first"
        )
    return row


def names_of(work: Work, workspace: str, ids: Sequence[str]) -> list[str]:
    """The names of those experiments that exist, deleted or not.

    Args:
        work: The unit of work.
        workspace: Id of the workspace.
        ids: Their ids.
    """
    found = []
    for one in dict.fromkeys(ids):
        if one == DEFAULT_ID:
            row = rows.by_name(work.connection, workspace, DEFAULT_TITLE)
        else:
            row = rows.by_id(work.connection, workspace, one)
        found += [row.name] if row is not None else []
    return found


def _ensure_default(system: System, workspace: str) -> None:
    def read(work: Work) -> bool:
        return rows.by_name(work.connection, workspace, DEFAULT_TITLE) is not None

    def write(work: Work) -> None:
        workspace_row(work, workspace)
        ensured(work, workspace, DEFAULT_TITLE)

    if not system.read(read):
        system.write(write)


def _check_free(work: Work, workspace: str, title: str) -> None:
    other = rows.by_title(work.connection, workspace, title)
    if other is not None:
        state = "" if other.deleted_at is None else ", which is deleted: restore it, or"
        raise AlreadyExists(
            f"experiment {title!r} already exists in workspace {workspace!r}{state}; use another "
            "name"
        )


def _free_name(work: Work, workspace: str, title: str) -> str:
    """A name by our rule that is made of a title, and that no experiment has."""
    name = title
    if not re.fullmatch(NAME_RULE, title, re.ASCII):
        slug = _OTHERS.sub("-", title).strip("-_")[:_LONGEST_SLUG] or "experiment"
        name = f"{slug}-{hashlib.sha256(title.encode('utf-8', 'replace')).hexdigest()[:8]}"
    if rows.by_name(work.connection, workspace, name) is None:
        return name
    # One that has been renamed since keeps the name that was made of its first title.
    return f"{name[:_LONGEST_SLUG]}-{uuid.uuid4().hex[:8]}"


def _change(work: Work, row: FactsRow) -> None:
    rows.put(work.connection, replace(row, changed_at=work.now))
    subject = Subject(EXPERIMENT, row.workspace, row.name)
    events.append(work, subject, [EventDraft(kinds.CHANGED)])


def _with_tags(work: Work, found: Sequence[FactsRow]) -> list[TrackedExperiment]:
    tags = rows.tags(work.connection, [row.id for row in found])
    return [TrackedExperiment(row, tags[row.id]) for row in found]
