"""Models: named, versioned sets of files.

A version from a run refers to the run's files as long as none of them changes, so registering
copies nothing, however many they are; see `store.file_sets`. The one exception are logs, which
become contents of the version first.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from runyard.protocol import events as kinds
from runyard.protocol.errors import AlreadyExists, InvalidRequest
from runyard.protocol.files import FileEntry
from runyard.protocol.filters import PROPERTY, TAG
from runyard.protocol.models import (
    ARCHIVED,
    NAME_RULE,
    STAGES,
    ChangeModel,
    ModelDataset,
    ModelPage,
    ModelQuery,
    ModelRecord,
    ModelResources,
    RegisterModel,
    SetStage,
)
from runyard.protocol.search import Search
from runyard.protocol.trash import MODEL, AddTrash
from runyard_server.core import holding, lookups, names
from runyard_server.core.clock import iso
from runyard_server.core.lookups import workspace_row
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.operations import files as run_files
from runyard_server.operations import model_datasets, model_history, model_sources, searches, trash
from runyard_server.operations.model_checks import verify
from runyard_server.operations.model_history import history
from runyard_server.operations.model_lineage import lineage
from runyard_server.operations.model_lookups import one_version, require
from runyard_server.operations.model_sources import NothingThere
from runyard_server.operations.searches import Columns, Words, is_
from runyard_server.store import models as rows
from runyard_server.store import nouns, pages
from runyard_server.store import registered_models as registered
from runyard_server.store.models import ModelRow
from runyard_server.store.searched import Wanted

__all__ = [
    "MEANING",
    "WORDS",
    "change",
    "delete",
    "get",
    "history",
    "lineage",
    "list_",
    "record_of",
    "refer",
    "register",
    "require",
    "search",
    "stage",
    "verify",
]

MEANING = "1 to 255 letters, digits, '-', '.' or '_', and begin with a letter or a digit"
WORDS = Words(
    "models",
    nouns.MODELS,
    others={
        "version_number": "version",
        "run_id": "run",
        "file_count": "files",
        "created": "created_at",
        "creation_timestamp": "created_at",
    },
)
TITLED = replace(WORDS, noun=nouns.TITLED_MODELS)


def register(system: System, workspace: str, *, body: RegisterModel) -> ModelRecord:
    """Register the next version of a model, from a run's files or from stored contents.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        body: What is asked for.

    Raises:
        WrongName: The name breaks its rule.
        InvalidRequest: The name of a tag or property is empty or too long.
        RunFileNotFound: No file of the run is at `path` or below it.
        MissingBlobs: Contents are not stored; `details["missing"]` lists their digests.
    """
    names.checked("model", body.name, NAME_RULE, MEANING)
    names.check_texts("tag", body.tags)
    names.check_texts("property", body.properties)
    if not body.files and body.run is None:
        raise InvalidRequest("a model needs files, or the run they come from; give one of them")
    # v1 refuses it too.
    if body.framework_version and not body.framework:
        raise InvalidRequest("framework_version is given without framework; give both")
    if body.files:
        path, files = model_sources.from_contents(system, body.path, body.files)
        return _written(system, _draft(workspace, body, path, files), files, body.datasets)
    source = model_sources.of_run(system, workspace, body.run or "", body.path)
    if source.files:
        draft = _draft(workspace, body, source.base, source.files)
        return _written(system, draft, source.files, body.datasets)
    draft = replace(_draft(workspace, body, source.base, []), files_below=source.below)
    try:
        return _written(system, draft, [], body.datasets)
    except NothingThere:
        raise run_files.not_found(system, workspace, body.run or "", body.path) from None


def refer(system: System, workspace: str, body: RegisterModel) -> ModelRecord:
    """Register the next version of a model whose files are elsewhere; see `register`.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        body: What is asked for; its run may be none of ours.

    Raises:
        WrongName: The name breaks its rule.
        InvalidRequest: The name of a tag or property is empty or too long.
    """
    names.checked("model", body.name, NAME_RULE, MEANING)
    names.check_texts("tag", body.tags)
    names.check_texts("property", body.properties)
    return _written(system, _draft(workspace, body, body.path, []), [])


def _written(
    system: System,
    draft: ModelRow,
    files: Sequence[FileEntry],
    datasets: Sequence[ModelDataset] = (),
) -> ModelRecord:
    """Write a version, with rows of its own or with those of its run."""

    def write(work: Work) -> ModelRecord:
        holding.claim(work, [entry.digest for entry in files])
        row = _add(work, draft, files)
        model_datasets.add(work, row, datasets)
        more = {"run": row.run or "", "files": str(row.file_count)}
        _note(work, row, kinds.REGISTERED, **more)
        return work.answered(record_of(row))

    return system.write(write)


def list_(system: System, workspace: str, query: ModelQuery) -> ModelPage:
    """List model versions, newest first, without their files.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        query: What is asked for.
    """
    limit = pages.limit(query.page_size)
    before = pages.after(query.page_token, int)

    def read(work: Work) -> ModelPage:
        workspace_row(work, workspace)
        keys, token = searches.listed(work, _wanted(workspace, query), before, limit)
        return ModelPage([record_of(row) for row in rows.find_many(work.connection, keys)], token)

    return system.read(read)


def search(system: System, workspace: str, body: Search, *, titled: bool = False) -> ModelPage:
    """One page of a search for model versions, without their files.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        body: What is asked for.
        titled: Whether `title`, what trackers call their models, is one of the attributes.

    Raises:
        InvalidRequest: The filter, an order, a column or the page token makes no sense.
    """
    asked = searches.prepared(TITLED if titled else WORDS, workspace, body)

    def read(work: Work) -> ModelPage:
        workspace_row(work, workspace)
        page = searches.found(work, asked)
        found = rows.find_many(work.connection, page.keys)
        kept = [_shortened(row, asked.columns) for row in found]
        return ModelPage([record_of(row) for row in kept], page.token, page.looked_at)

    return system.read(read)


def get(system: System, workspace: str, model: str) -> ModelRecord:
    """A model by `name` (its latest version), `name:version` or `name@alias`, with its files.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        model: The model: `name`, `name:version` or `name@alias`.

    Raises:
        ModelNotFound: There is none; the message names the nearest.
    """

    def read(work: Work) -> ModelRecord:
        row = require(work, workspace, model)
        found = record_of(row, rows.files(work.connection, row))
        return replace(found, datasets=model_datasets.of_version(work, row))

    return system.read(read)


def change(
    system: System,
    workspace: str,
    model: str,
    *,
    body: ChangeModel,
    check: Callable[[str | None], None] | None = None,
) -> ModelRecord:
    """Change a version's tags, properties or description, or add datasets to it.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        model: The model: `name`, `name:version` or `name@alias`.
        body: What is asked for.
        check: Refuses to change what a run has registered, or None has; asked first.

    Raises:
        InvalidRequest: The name of a tag or property is empty or too long.
        ModelNotFound: There is none.
        NotFound: A dataset is not there.
        AlreadyExists: A property is there with another value; nothing was changed.
    """
    names.check_texts("tag", body.tags)
    names.check_texts("property", body.properties)
    if check is not None:
        found = system.read(lambda work: require(work, workspace, one_version(model)))
        check(found.run)
        # An alias may be another version's by now.
        model = f"{found.name}:{found.version}"

    def write(work: Work) -> ModelRecord:
        row = require(work, workspace, one_version(model))
        tags = {k: v for k, v in row.tags.items() if k not in body.removed_tags} | body.tags
        _refuse_changes(row, body.properties)
        changed = replace(
            row,
            tags=tags,
            properties=row.properties | body.properties,
            description=row.description if body.description is None else body.description,
            changed_at=work.now,
            **({} if body.resources is None else vars(body.resources)),
        )
        rows.change(work.connection, changed)
        model_datasets.add(work, row, body.datasets)
        _note(work, row, kinds.CHANGED, **_told(body))
        return record_of(changed, rows.files(work.connection, row))

    return system.write(write)


def stage(system: System, workspace: str, model: str, *, body: SetStage) -> ModelRecord:
    """Move a version to a stage; others that are there may go to Archived.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        model: The model: `name:version` or `name@alias`.
        body: What is asked for.

    Raises:
        ModelNotFound: There is none.
        InvalidRequest: There is no such stage.
    """
    wanted = next((each for each in STAGES if each.lower() == body.stage.lower()), None)
    if wanted is None:
        raise InvalidRequest(
            f"there is no stage {body.stage[:80]!r}; the stages are {', '.join(STAGES)}"
        )

    def write(work: Work) -> ModelRecord:
        row = require(work, workspace, one_version(model))
        if body.archive_existing and wanted != ARCHIVED:
            for version in registered.of_stage(work.connection, workspace, row.name, wanted):
                other = rows.find(work.connection, workspace, row.name, version)
                if other is not None and other.key != row.key:
                    _move(work, other, ARCHIVED)
        return record_of(_move(work, row, wanted))

    return system.write(write)


def delete(system: System, workspace: str, model: str) -> None:
    """Delete a version; the trash has it for a while, and its number is never given again.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        model: The model: `name:version` or `name@alias`.

    Raises:
        ModelNotFound: There is none.
        WrongState: An endpoint serves it, or an alias points to it.
    """
    trash.add(system, workspace, AddTrash(MODEL, one_version(model)))


def _move(work: Work, row: ModelRow, wanted: str) -> ModelRow:
    if row.stage == wanted:
        return row
    moved = replace(row, stage=wanted, changed_at=work.now)
    rows.change(work.connection, moved)
    name = _note(work, row, model_history.STAGED, stage=wanted, before=row.stage)
    registered.change(work.connection, name, changed_at=work.now)
    return moved


def _note(work: Work, row: ModelRow, action: str, **details: str) -> int:
    """Write down what was done with a version; give the key of its name."""
    name = registered.find(work.connection, row.workspace, row.name)
    assert name is not None
    model_history.note(work, name.key, row.subject, action, row.version, details)
    return name.key


def _told(body: ChangeModel) -> dict[str, str]:
    """What of a version is changed, for its history."""
    tags = [f"{name}={value}" for name, value in body.tags.items()]
    tags += [f"-{name}" for name in body.removed_tags]
    properties = [f"{name}={value}" for name, value in body.properties.items()]
    wishes = {} if body.resources is None else vars(body.resources)
    return {
        "tags": ", ".join(tags),
        "properties": ", ".join(properties),
        "description": body.description or "",
        "resources": ", ".join(f"{name}={value}" for name, value in wishes.items()),
        "datasets": ", ".join(f"{each.scenario}={each.dataset}" for each in body.datasets),
    }


def _draft(workspace: str, body: RegisterModel, path: str, files: Sequence[FileEntry]) -> ModelRow:
    return ModelRow(
        key=0,
        workspace=workspace,
        name=body.name,
        version=0,
        path=path,
        size=sum(entry.size for entry in files),
        file_count=len(files),
        created_at=0,
        run=body.run,
        description=body.description,
        framework=body.framework,
        framework_version=body.framework_version,
        cpus=body.resources.cpus,
        memory_gb=body.resources.memory_gb,
        gpus=body.resources.gpus,
        tags=dict(body.tags),
        properties=dict(body.properties),
    )


def _add(work: Work, draft: ModelRow, files: Sequence[FileEntry]) -> ModelRow:
    workspace_row(work, draft.workspace)
    experiment, run_key = None, 0
    # One whose files are elsewhere may be of a run that is elsewhere, too.
    is_here = bool(files) or draft.files_below is not None
    if draft.run is not None and (is_here or lookups.has_run(work, draft.workspace, draft.run)):
        run = lookups.run_row(work, draft.workspace, draft.run)
        experiment, run_key = run.experiment, run.key
    row = replace(
        draft,
        created_at=work.now,
        changed_at=work.now,
        created_by=work.person,
        experiment=experiment,
    )
    if draft.files_below is not None:
        found = model_sources.referred(work, run_key, draft.files_below)
        row = replace(row, files_of=run_key, size=found.size, file_count=found.count)
    # Within the write: of two that register one name at once, each has a number of its own.
    name = registered.ensure(work.connection, row.workspace, row.name, work.now, row.created_by)
    version = rows.next_version(work.connection, name, work.now)
    row = replace(row, version=version)
    return replace(row, key=rows.add(work.connection, row, files))


def _wanted(workspace: str, query: ModelQuery) -> Wanted:
    """What a query of the old list asks for, as a search."""
    equal = {
        "name": query.name,
        "run": query.run,
        "framework": query.framework,
        "latest": query.latest or None,
    }
    conditions = [is_(name, "=", value) for name, value in equal.items() if value is not None]
    more = [rows.has_entry(TAG, entry) for entry in query.tags]
    more += [rows.has_entry(PROPERTY, entry) for entry in query.properties]
    return Wanted(nouns.MODELS, workspace, conditions, more=more)


def _shortened(row: ModelRow, columns: Columns) -> ModelRow:
    """A version with the tags and properties that were asked for."""
    tags, properties = columns.of(TAG), columns.of(PROPERTY)
    return replace(
        row,
        tags={k: v for k, v in row.tags.items() if tags is None or k in tags},
        properties={
            k: v for k, v in row.properties.items() if properties is None or k in properties
        },
    )


def _refuse_changes(row: ModelRow, properties: dict[str, str]) -> None:
    for key, value in properties.items():
        if row.properties.get(key, value) != value:
            raise AlreadyExists(
                f"property {key!r} of model {row.name}:{row.version} is "
                f"{row.properties[key]!r} and properties are written once; use a tag for what "
                "changes"
            )


def record_of(row: ModelRow, files: Sequence[FileEntry] = ()) -> ModelRecord:
    """A version as it is told, with its files where these are given.

    Args:
        row: The version.
        files: Its files.
    """
    return ModelRecord(
        id=f"{row.name}:{row.version}",
        name=row.name,
        version=row.version,
        created_at=iso(row.created_at),
        path=row.path,
        size=row.size,
        file_count=row.file_count,
        run=row.run,
        experiment=row.experiment,
        tags=row.tags,
        properties=row.properties,
        description=row.description,
        framework=row.framework,
        framework_version=row.framework_version,
        resources=ModelResources(row.cpus, row.memory_gb, row.gpus),
        files=list(files),
        stage=row.stage,
        aliases=row.aliases,
        changed_at=iso(row.changed_at),
        created_by=row.created_by,
    )
