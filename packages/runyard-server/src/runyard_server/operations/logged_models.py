"""Logged models: what a tracker such as MLflow 3 has logged as a model, of a run or of none.

One of a run keeps its files among the run's, below `logged_models/<id>/`, where everybody finds
them; one of no run has rows of its own for them.
"""

import json
import math
import re
import secrets
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from sqlalchemy import Table

from runyard.protocol.errors import (
    AlreadyExists,
    Conflict,
    InvalidRequest,
    NotFound,
    RunFileNotFound,
)
from runyard.protocol.files import FileEntry, RegisterFiles
from runyard.protocol.filters import Condition
from runyard_server.core import holding, lookups
from runyard_server.core.system import Content, RemoteContent, System
from runyard_server.core.work import Work
from runyard_server.operations import file_trees, files, tracked_experiments
from runyard_server.operations.blobs import content
from runyard_server.operations.file_trees import Child
from runyard_server.operations.media import media_type
from runyard_server.store import experiment_facts, pages
from runyard_server.store import logged_models as rows
from runyard_server.store.folders import Body, checked
from runyard_server.store.logged_models import Asked, Dataset, LoggedModelRow, MetricRow, Sort
from runyard_server.store.tracking_schema import logged_model_params, logged_model_tags

FOLDER = "logged_models"
VERSIONS_TAG = "mlflow.modelVersions"
_ID = re.compile(r"m-[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class CreateLogged:
    """What a logged model begins with; `experiment` is an id, `run` may be of none of ours.

    `id` is what it is called by; "" for a new one.
    """

    experiment: str
    name: str
    run: str
    model_type: str
    tags: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    id: str = ""


@dataclass(frozen=True, slots=True)
class LoggedModel:
    """A logged model with all that is known of it; `experiment` is the id that trackers know."""

    row: LoggedModelRow
    experiment: str
    location: str
    tags: Mapping[str, str]
    params: Mapping[str, str]
    metrics: Sequence[MetricRow]


class Measured(NamedTuple):
    """A metric of a logged model; the time is microseconds since 1970."""

    model: str
    name: str
    value: float
    time: int
    step: int
    run: str
    dataset_name: str | None
    dataset_digest: str | None


@dataclass(frozen=True, slots=True)
class LoggedSearch:
    """What to look for; `experiments` are ids. See `store.logged_models.Asked`."""

    experiments: Sequence[str]
    conditions: Sequence[Condition] = ()
    datasets: Sequence[Dataset] = ()
    order: Sequence[Sort] = ()
    limit: int = 100
    page_token: str | None = None


def create(system: System, workspace: str, body: CreateLogged) -> LoggedModel:
    """Begin a logged model, which is pending until it is finalized.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        body: What it begins with.

    Raises:
        ExperimentNotFound: There is no such experiment.
        InvalidRequest: The experiment is deleted, or the id is none of a logged model.
        AlreadyExists: There is one of that id.
    """
    if body.id and not _ID.fullmatch(body.id):
        raise InvalidRequest(f"{body.id[:80]!r} is no id of a logged model, such as m-0123abcd…")

    def write(work: Work) -> LoggedModel:
        facts = tracked_experiments.active(work, workspace, body.experiment)
        if body.id and rows.find(work.connection, workspace, body.id) is not None:
            raise AlreadyExists(f"there is a logged model {body.id} already")
        row = LoggedModelRow(
            key=0,
            workspace=workspace,
            id=body.id or f"m-{uuid.uuid4().hex}",
            experiment=facts.name,
            name=body.name or f"model-{secrets.token_hex(4)}",
            run=body.run or None,
            model_type=body.model_type,
            status=rows.PENDING,
            created_at=work.now,
            changed_at=work.now,
        )
        key = rows.add(work.connection, row)
        rows.put(work.connection, logged_model_tags, key, body.tags)
        rows.put(work.connection, logged_model_params, key, body.params)
        return _views(work, workspace, [_required(work, workspace, row.id)])[0]

    if body.experiment == tracked_experiments.DEFAULT_ID:
        tracked_experiments.get(system, workspace, body.experiment)
    return system.write(write)


def get(system: System, workspace: str, model: str, *, deleted: bool = False) -> LoggedModel:
    """A logged model.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        model: Its id.
        deleted: Whether a deleted one is given, too.

    Raises:
        NotFound: There is none.
    """

    def read(work: Work) -> LoggedModel:
        row = _required(work, workspace, model)
        if row.deleted_at is not None and not deleted:
            raise _not_found(model)
        return _views(work, workspace, [row])[0]

    return system.read(read)


def finalize(system: System, workspace: str, model: str, status: int) -> LoggedModel:
    """End the making of a logged model: it is whole, or it failed.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        model: Its id.
        status: READY or FAILED of `store.logged_models`.

    Raises:
        NotFound: There is none.
    """

    def write(work: Work) -> LoggedModel:
        row = _required(work, workspace, model)
        rows.change(work.connection, row.key, status=status, changed_at=work.now)
        return _views(work, workspace, [_required(work, workspace, model)])[0]

    return system.write(write)


def delete(system: System, workspace: str, model: str) -> None:
    """Delete a logged model; its files stay where they are.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        model: Its id.

    Raises:
        NotFound: There is none.
    """

    def write(work: Work) -> None:
        row = _required(work, workspace, model)
        rows.change(work.connection, row.key, deleted_at=work.now, changed_at=work.now)

    system.write(write)


def set_tags(system: System, workspace: str, model: str, given: Mapping[str, str]) -> None:
    """Set tags of a logged model.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        model: Its id.
        given: Value by name.

    Raises:
        NotFound: There is none.
    """
    _put(system, workspace, model, logged_model_tags, given)


def note_version(system: System, workspace: str, model: str, name: str, version: int) -> None:
    """Note in a tag of a logged model which version of a registered one it has become.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        model: Its id.
        name: Name of the registered model.
        version: The version's number.

    Raises:
        NotFound: There is no such logged model.
    """

    def write(work: Work) -> None:
        row = _required(work, workspace, model)
        tags = rows.named(work.connection, logged_model_tags, [row.key])[row.key]
        known = told_in(tags.get(VERSIONS_TAG, "[]"))
        mine = {"name": name, "version": version}
        if mine not in known:
            told = json.dumps([*known, mine])
            rows.put(work.connection, logged_model_tags, row.key, {VERSIONS_TAG: told})

    system.write(write)


def log_params(system: System, workspace: str, model: str, given: Mapping[str, str]) -> None:
    """Add parameters to a logged model; what it has keeps its value.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        model: Its id.
        given: Value by name.

    Raises:
        NotFound: There is none.
        Conflict: A parameter has another value already.
    """

    def write(work: Work) -> None:
        row = _required(work, workspace, model)
        there = rows.named(work.connection, logged_model_params, [row.key])[row.key]
        other = sorted(name for name in given if there.get(name, given[name]) != given[name])
        if other:
            raise Conflict(
                f"logged model {model!r} has the parameters {', '.join(other)} with other values; "
                "a parameter is written once"
            )
        rows.put(work.connection, logged_model_params, row.key, given)

    system.write(write)


def remove_tag(system: System, workspace: str, model: str, name: str) -> None:
    """Remove a tag of a logged model.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        model: Its id.
        name: Name of the tag.

    Raises:
        NotFound: There is no such model, or it has no such tag.
    """

    def write(work: Work) -> None:
        row = _required(work, workspace, model)
        if not rows.remove(work.connection, logged_model_tags, row.key, [name]):
            raise NotFound(f"logged model {model!r} has no tag {name!r}")

    system.write(write)


def measure(system: System, workspace: str, given: Sequence[Measured]) -> None:
    """Add metrics to logged models; those of models that there are not are passed over.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        given: The metrics.
    """

    def write(work: Work) -> None:
        for model in dict.fromkeys(one.model for one in given):
            row = rows.find(work.connection, workspace, model)
            if row is None:
                continue
            known = set(rows.metrics(work.connection, [row.key])[row.key])
            fresh = [_measured(row.key, one) for one in given if one.model == model]
            kept = [one for one in dict.fromkeys(fresh) if one not in known]
            rows.add_metrics(work.connection, kept)

    system.write(write)


def search(
    system: System, workspace: str, body: LoggedSearch
) -> tuple[list[LoggedModel], str | None]:
    """One page of a search for logged models, and the token of the next one.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        body: What to look for.

    Raises:
        InvalidRequest: The page token is none of ours.
    """
    offset, limit = pages.offset(body.page_token), pages.limit(body.limit)

    def read(work: Work) -> tuple[list[LoggedModel], str | None]:
        names = tracked_experiments.names_of(work, workspace, body.experiments)
        wanted = Asked(
            workspace, names, body.conditions, body.datasets, body.order, offset, limit + 1
        )
        found = rows.search(work.connection, wanted)
        token = pages.token(offset + limit) if len(found) > limit else None
        return _views(work, workspace, found[:limit]), token

    return system.read(read)


def children(system: System, workspace: str, model: str, folder: str) -> list[Child]:
    """The files and folders in a folder of a logged model, by name.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        model: Its id.
        folder: Its path, "" for all that the model has.

    Raises:
        NotFound: There is no such model.
    """
    row, of_run = _placed(system, workspace, model)
    if of_run is not None:
        below = f"{_folder(model)}/{folder}".rstrip("/")
        return file_trees.children(system, workspace, of_run, below)
    found = system.read(lambda work: rows.files(work.connection, row.key, ""))
    return file_trees.level({path: size for path, _, size in found}, folder)


def write_file(system: System, workspace: str, model: str, path: str, body: Body) -> None:
    """Add a file to a logged model; one of the same path is replaced.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        model: Its id.
        path: The file's path.
        body: The bytes.

    Raises:
        NotFound: There is no such model.
        StorageFull: No space is left.
    """
    row, of_run = _placed(system, workspace, model)
    path = checked(path)
    digest, size = holding.stored(system, body)
    if of_run is not None:
        entry = FileEntry(f"{_folder(model)}/{path}", digest, size)
        given = RegisterFiles([entry], overwrite=True)
        files.register(system, workspace, of_run, body=given)
        return

    def write(work: Work) -> None:
        holding.claim(work, [digest])
        rows.put_file(work.connection, row.key, path, digest, size)

    system.write(write)


def read_file(system: System, workspace: str, model: str, path: str) -> Content | RemoteContent:
    """A file of a logged model.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        model: Its id.
        path: The file's path.

    Raises:
        NotFound: There is no such model.
        RunFileNotFound: It has no such file.
    """
    row, of_run = _placed(system, workspace, model)
    path = checked(path)
    if of_run is not None:
        return files.read(system, workspace, of_run, f"{_folder(model)}/{path}")
    found = system.read(lambda work: rows.files(work.connection, row.key, path))
    for there, digest, size in found:
        if there == path:
            return content(system, digest, size, media_type(path))
    raise RunFileNotFound(f"logged model {model!r} has no file {path!r}")


def entries(system: System, workspace: str, model: str) -> list[FileEntry]:
    """All files of a logged model, by their paths in it, for whoever registers it.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        model: Its id.

    Raises:
        NotFound: There is no such model.
    """
    row, of_run = _placed(system, workspace, model)
    if of_run is not None:
        return file_trees.entries(system, workspace, of_run, _folder(model))
    found = system.read(lambda work: rows.files(work.connection, row.key, ""))
    return [FileEntry(path, digest, size) for path, digest, size in found]


def run_of(system: System, workspace: str, model: str) -> str | None:
    """The run of ours that a logged model is of, None without one.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        model: Its id.

    Raises:
        NotFound: There is no such model.
    """
    return _placed(system, workspace, model)[1]


def told_in(tag: str) -> list[Any]:
    """The entries that a tag tells of; anybody may have written something else there."""
    try:
        found = json.loads(tag)
    except (ValueError, RecursionError):
        return []
    return found if isinstance(found, list) else []


def _measured(key: int, one: Measured) -> MetricRow:
    """The row of a metric. NaN is one object in all of them, so that a repeat equals its first."""
    row = MetricRow(key, *one[1:])
    return replace(row, value=math.nan) if math.isnan(one.value) else row


def _placed(system: System, workspace: str, model: str) -> tuple[LoggedModelRow, str | None]:
    """A logged model, and the run that has its files; None where it has them itself."""

    def read(work: Work) -> tuple[LoggedModelRow, str | None]:
        row = _required(work, workspace, model)
        if row.run is None:
            return row, None
        return row, row.run if lookups.has_run(work, workspace, row.run) else None

    return system.read(read)


def _put(
    system: System, workspace: str, model: str, table: Table, given: Mapping[str, str]
) -> None:
    def write(work: Work) -> None:
        row = _required(work, workspace, model)
        rows.put(work.connection, table, row.key, given)

    system.write(write)


def _folder(model: str) -> str:
    return f"{FOLDER}/{model}"


def _required(work: Work, workspace: str, model: str) -> LoggedModelRow:
    row = rows.find(work.connection, workspace, model)
    if row is None:
        raise _not_found(model)
    return row


def _not_found(model: str) -> NotFound:
    return NotFound(f"there is no logged model {model!r}")


def _views(work: Work, workspace: str, found: Sequence[LoggedModelRow]) -> list[LoggedModel]:
    keys = [row.key for row in found]
    names = list(dict.fromkeys(row.experiment for row in found))
    ids = experiment_facts.ids_of(work.connection, workspace, names)
    locations = experiment_facts.locations_of(work.connection, workspace, names)
    tags = rows.named(work.connection, logged_model_tags, keys)
    params = rows.named(work.connection, logged_model_params, keys)
    measured = rows.metrics(work.connection, keys)
    return [
        LoggedModel(
            row,
            tracked_experiments.id_of(row.experiment, ids[row.experiment]),
            locations.get(row.experiment, ""),
            tags[row.key],
            params[row.key],
            measured[row.key],
        )
        for row in found
    ]
