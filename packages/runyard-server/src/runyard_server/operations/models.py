"""Models: named, versioned sets of files.

A version refers to stored contents, so registering from a run copies nothing; the one exception
are logs, which become contents first.
"""

from collections.abc import Sequence
from dataclasses import replace

from runyard.protocol import events as kinds
from runyard.protocol.errors import AlreadyExists, InvalidRequest, ModelNotFound, WrongState
from runyard.protocol.files import FileEntry
from runyard.protocol.filters import PROPERTY, TAG
from runyard.protocol.models import (
    NAME_RULE,
    ChangeModel,
    ModelPage,
    ModelQuery,
    ModelRecord,
    ModelResources,
    RegisterModel,
)
from runyard.protocol.search import Search
from runyard.protocol.suggestions import KNOWN, suggest
from runyard_server.core import events, lookups, names
from runyard_server.core.clock import iso
from runyard_server.core.events import EventDraft
from runyard_server.core.lookups import workspace_row
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.operations import model_sources, searches
from runyard_server.operations.searches import Columns, Words, is_
from runyard_server.store import endpoints, nouns, pages
from runyard_server.store import models as rows
from runyard_server.store.models import ModelRow
from runyard_server.store.searched import Wanted

_MEANING = "1 to 255 letters, digits, '-', '.' or '_', and begin with a letter or a digit"
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
    names.checked("model", body.name, NAME_RULE, _MEANING)
    names.check_texts("tag", body.tags)
    names.check_texts("property", body.properties)
    if not body.files and body.run is None:
        raise InvalidRequest("a model needs files, or the run they come from; give one of them")
    # v1 refuses it too.
    if body.framework_version and not body.framework:
        raise InvalidRequest("framework_version is given without framework; give both")
    if body.files:
        path, files = model_sources.from_contents(system, body.path, body.files)
    else:
        path, files = model_sources.from_run(system, workspace, body.run or "", body.path)
    draft = _draft(workspace, body, path, files)

    def write(work: Work) -> ModelRecord:
        row = _add(work, draft, files)
        of = f"from run {row.run}" if row.run else ""
        events.append(work, row.subject, [EventDraft(kinds.REGISTERED, of)])
        return work.answered(_record(row, files))

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
        return ModelPage([_record(row, []) for row in rows.find_many(work.connection, keys)], token)

    return system.read(read)


def search(system: System, workspace: str, body: Search) -> ModelPage:
    """One page of a search for model versions, without their files.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        body: What is asked for.

    Raises:
        InvalidRequest: The filter, an order, a column or the page token makes no sense.
    """
    asked = searches.prepared(WORDS, workspace, body)

    def read(work: Work) -> ModelPage:
        workspace_row(work, workspace)
        page = searches.found(work, asked)
        found = rows.find_many(work.connection, page.keys)
        kept = [_shortened(row, asked.columns) for row in found]
        return ModelPage([_record(row, []) for row in kept], page.token, page.looked_at)

    return system.read(read)


def get(system: System, workspace: str, model: str) -> ModelRecord:
    """A model by `name` (its latest version) or `name:version`, with its files.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        model: The model: `name` or `name:version`.

    Raises:
        ModelNotFound: There is none; the message names the nearest.
    """

    def read(work: Work) -> ModelRecord:
        row = require(work, workspace, model)
        return _record(row, rows.files(work.connection, row.key))

    return system.read(read)


def change(system: System, workspace: str, model: str, *, body: ChangeModel) -> ModelRecord:
    """Change a version's tags, properties or description.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        model: The model: `name` or `name:version`.
        body: What is asked for.

    Raises:
        InvalidRequest: The name of a tag or property is empty or too long.
        ModelNotFound: There is none.
        AlreadyExists: A property is there with another value; nothing was changed.
    """
    names.check_texts("tag", body.tags)
    names.check_texts("property", body.properties)

    def write(work: Work) -> ModelRecord:
        row = require(work, workspace, _with_version(model))
        tags = {k: v for k, v in row.tags.items() if k not in body.removed_tags} | body.tags
        _refuse_changes(row, body.properties)
        changed = replace(
            row,
            tags=tags,
            properties=row.properties | body.properties,
            description=row.description if body.description is None else body.description,
            **({} if body.resources is None else vars(body.resources)),
        )
        rows.change(work.connection, changed)
        events.append(work, row.subject, [EventDraft(kinds.CHANGED)])
        return _record(changed, rows.files(work.connection, row.key))

    return system.write(write)


def delete(system: System, workspace: str, model: str) -> None:
    """Delete a version, `name:version`; its number is never given again.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        model: The model: `name` or `name:version`.

    Raises:
        ModelNotFound: There is none.
        WrongState: An endpoint serves it.
    """

    def write(work: Work) -> None:
        row = require(work, workspace, _with_version(model))
        _refuse_deployed(work, row)
        rows.remove(work.connection, row)
        events.append(work, row.subject, [EventDraft(kinds.DELETED)])

    system.write(write)


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
    experiment = None
    if draft.run is not None:
        experiment = lookups.run_row(work, draft.workspace, draft.run).experiment
    # Within the write: of two that register one name at once, each has a number of its own.
    version = rows.next_version(work.connection, draft.workspace, draft.name, work.now)
    row = replace(draft, created_at=work.now, version=version, experiment=experiment)
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


def _with_version(model: str) -> str:
    """`model` if it names one version.

    Raises:
        InvalidRequest: It is a name alone, which would mean another version tomorrow.
    """
    if ":" not in model:
        raise InvalidRequest(f"say which version of {model!r}: {model}:<version>")
    return model


def require(work: Work, workspace: str, model: str) -> ModelRow:
    """The row of a model.

    Args:
        work: The unit of work.
        workspace: Id of the workspace.
        model: The model: `name` or `name:version`.

    Raises:
        ModelNotFound: There is none; the message names the nearest.
    """
    name, _, version = model.partition(":")
    row = None
    if not version:
        row = rows.latest(work.connection, workspace, name)
    elif version.isdecimal() and len(version) < 10:  # noqa: PLR2004 - beyond any real version
        row = rows.find(work.connection, workspace, name, int(version))
    if row is None:
        workspace_row(work, workspace)
        raise _not_found(work, workspace, name, version)
    return row


def _not_found(work: Work, workspace: str, name: str, version: str) -> ModelNotFound:
    known = rows.versions(work.connection, workspace, name, 5)
    if known:
        near = [f"{name}:{number}" for number in known]
        return ModelNotFound(
            f"model {name!r} has no version {version!r}; there are: {', '.join(near)}",
            {"nearest": near},
        )
    close = suggest(name, rows.names(work.connection, workspace, KNOWN), "it has none yet")
    return ModelNotFound(
        f"workspace {workspace!r} has no model {name!r}; {close.sentence}",
        {"nearest": close.names},
    )


def _refuse_deployed(work: Work, row: ModelRow) -> None:
    users = endpoints.serving_model(work.connection, row.workspace, row.subject.id)
    if users:
        named = ", ".join(repr(name) for name in users)
        raise WrongState(
            f"model {row.subject.id} is served by endpoint{'' if len(users) == 1 else 's'} "
            f"{named}; deploy another there, or delete the endpoint, first",
            {"endpoints": users},
        )


def _refuse_changes(row: ModelRow, properties: dict[str, str]) -> None:
    for key, value in properties.items():
        if row.properties.get(key, value) != value:
            raise AlreadyExists(
                f"property {key!r} of model {row.name}:{row.version} is "
                f"{row.properties[key]!r} and properties are written once; use a tag for what "
                "changes"
            )


def _record(row: ModelRow, files: Sequence[FileEntry]) -> ModelRecord:
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
    )
