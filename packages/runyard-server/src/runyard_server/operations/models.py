"""Models: named, versioned sets of files.

A version refers to stored contents, so registering from a run copies nothing; the one exception
are logs, which become contents first.
"""

from collections.abc import Sequence
from dataclasses import replace

from runyard.protocol.errors import AlreadyExists, InvalidRequest, ModelNotFound
from runyard.protocol.files import FileEntry
from runyard.protocol.models import (
    NAME_RULE,
    ChangeModel,
    ModelPage,
    ModelQuery,
    ModelRecord,
    RegisterModel,
)
from runyard_server.core import lookups, names
from runyard_server.core.clock import iso
from runyard_server.core.lookups import workspace_row
from runyard_server.core.suggestions import KNOWN, suggest
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.operations import model_sources
from runyard_server.store import models as rows
from runyard_server.store import pages
from runyard_server.store.models import ModelFilter, ModelRow

_MEANING = "1 to 255 letters, digits, '-', '.' or '_', and begin with a letter or a digit"
_SCAN = 500


def register(system: System, workspace: str, *, body: RegisterModel) -> ModelRecord:
    """Register the next version of a model, from a run's files or from stored contents.

    Raises:
        WrongName: The name breaks its rule.
        RunFileNotFound: No file of the run is at `path` or below it.
        MissingBlobs: Contents are not stored; `details["missing"]` lists their digests.
    """
    names.checked("model", body.name, NAME_RULE, _MEANING)
    if not body.files and body.run is None:
        raise InvalidRequest("a model needs files, or the run they come from; give one of them")
    if body.framework_version and not body.framework:
        raise InvalidRequest("framework_version is given without framework; give both")
    if body.files:
        path, files = model_sources.from_contents(system, body.path, body.files)
    else:
        path, files = model_sources.from_run(system, workspace, body.run or "", body.path)
    draft = _draft(workspace, body, path, files)

    def write(work: Work) -> ModelRecord:
        row = _add(work, draft, files)
        return work.answered(_record(row, files))

    return system.write(write)


def list_(system: System, workspace: str, query: ModelQuery) -> ModelPage:
    """List model versions, newest first, without their files."""
    limit = pages.limit(query.page_size)
    before = pages.after(query.page_token, int)
    chosen = ModelFilter(query.name, query.run, query.framework, query.latest)

    def read(work: Work) -> list[ModelRow]:
        workspace_row(work, workspace)
        return _matching(work, workspace, chosen, query, before, limit + 1)

    page, token = pages.cut(system.read(read), limit, lambda row: row.key)
    return ModelPage(items=[_record(row, []) for row in page], next_page_token=token)


def get(system: System, workspace: str, model: str) -> ModelRecord:
    """Give a model by `name` (its latest version) or `name:version`, with its files.

    Raises:
        ModelNotFound: There is none; the message names the nearest.
    """

    def read(work: Work) -> ModelRecord:
        row = _require(work, workspace, model)
        return _record(row, rows.files(work.connection, row.key))

    return system.read(read)


def change(system: System, workspace: str, model: str, *, body: ChangeModel) -> ModelRecord:
    """Change a version's tags, properties or description.

    Raises:
        ModelNotFound: There is none.
        AlreadyExists: A property is there with another value; nothing was changed.
    """

    def write(work: Work) -> ModelRecord:
        row = _require(work, workspace, _with_version(model))
        tags = {k: v for k, v in row.tags.items() if k not in body.removed_tags} | body.tags
        _refuse_changes(row, body.properties)
        changed = replace(
            row,
            tags=tags,
            properties=row.properties | body.properties,
            description=row.description if body.description is None else body.description,
        )
        rows.change(
            work.connection,
            row.key,
            tags=changed.tags,
            properties=changed.properties,
            description=changed.description,
        )
        return _record(changed, rows.files(work.connection, row.key))

    return system.write(write)


def delete(system: System, workspace: str, model: str) -> None:
    """Delete a version, `name:version`; its number is never given again.

    Raises:
        ModelNotFound: There is none.
    """
    system.write(
        lambda work: rows.remove(work.connection, _require(work, workspace, _with_version(model)))
    )


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
        tags=dict(body.tags),
        properties=dict(body.properties),
    )


def _add(work: Work, draft: ModelRow, files: Sequence[FileEntry]) -> ModelRow:
    workspace_row(work, draft.workspace)
    experiment = None
    if draft.run is not None:
        experiment = lookups.run_row(work, draft.workspace, draft.run).experiment
    version = rows.next_version(work.connection, draft.workspace, draft.name)
    row = replace(draft, created_at=work.now, version=version, experiment=experiment)
    return replace(row, key=rows.add(work.connection, row, files))


def _matching(
    work: Work,
    workspace: str,
    chosen: ModelFilter,
    query: ModelQuery,
    before: int | None,
    wanted: int,
) -> list[ModelRow]:
    """Give up to `wanted` versions; tags and properties are looked at row by row."""
    if not query.tags and not query.properties:
        return rows.page(work.connection, workspace, chosen, before, wanted)
    found: list[ModelRow] = []
    while len(found) < wanted:
        scanned = rows.page(work.connection, workspace, chosen, before, _SCAN)
        found += [
            row
            for row in scanned
            if _has(row.tags, query.tags) and _has(row.properties, query.properties)
        ]
        if len(scanned) < _SCAN:
            break
        before = scanned[-1].key
    return found[:wanted]


def _has(texts: dict[str, str], wanted: Sequence[str]) -> bool:
    """Say whether `texts` has every entry: `key`, or `key=value`."""
    return all(entry in texts or _has_pair(texts, entry) for entry in wanted)


def _has_pair(texts: dict[str, str], entry: str) -> bool:
    key, equals, value = entry.partition("=")
    return bool(equals) and texts.get(key) == value


def _with_version(model: str) -> str:
    """Give `model` if it names one version.

    Raises:
        InvalidRequest: It is a name alone, which would mean another version tomorrow.
    """
    if ":" not in model:
        raise InvalidRequest(f"say which version of {model!r}: {model}:<version>")
    return model


def _require(work: Work, workspace: str, model: str) -> ModelRow:
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
        files=list(files),
    )
