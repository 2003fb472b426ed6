"""Datasets: definitions under ids, and versions of them under names.

A version keeps the files that its definition meant, so that two versions over one folder are
different when its bytes are. What was registered stays in the lineage of runs and models under its
id when a name is given up.
"""

import json
from dataclasses import replace
from functools import partial

from runyard.protocol.datasets import (
    ChangeDataset,
    DatasetFile,
    DatasetFilePage,
    DatasetFileQuery,
    DatasetMeasure,
    DatasetPage,
    DatasetQuery,
    DatasetRecord,
    MeasureDataset,
    NoteUrl,
    RegisterDataset,
    SaveDataset,
    UrlContent,
    UrlQuery,
)
from runyard.protocol.errors import MissingBlobs, NotFound
from runyard_server.core import holding, permissions
from runyard_server.core.clock import iso
from runyard_server.core.dataset_lookups import (
    definition_row,
    find,
    is_id,
    read_by,
    record_of,
    unknown,
    version_row,
)
from runyard_server.core.lookups import workspace_row
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.execution import dataset_files, dataset_pins, dataset_versions
from runyard_server.execution.dataset_versions import LONGEST_READ, checked_definition
from runyard_server.operations.dataset_lineage import (
    note_changes,
    note_reference,
    of_run,
    readers,
)
from runyard_server.store import datasets as rows
from runyard_server.store import pages
from runyard_server.store.datasets import DefinitionRow, VersionRow, WebFileRow

__all__ = ["note_changes", "note_reference", "of_run", "readers"]


def save(system: System, workspace: str, body: SaveDataset) -> DatasetRecord:
    """Keep a definition under its id.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        body: The definition.

    Raises:
        WorkspaceNotFound: No such workspace.
        InvalidRequest: It is no definition.
    """
    definition = checked_definition(body.definition)

    def write(work: Work) -> DatasetRecord:
        workspace_row(work, workspace)
        return record_of(dataset_versions.kept(work, workspace, definition))

    return system.write(write)


def measure(system: System, workspace: str, body: MeasureDataset) -> DatasetMeasure:
    """Measure what a definition means now, and read its files for some seconds.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        body: The definition, and the seconds.

    Raises:
        InvalidRequest: It is no definition.
        DatastoreNotFound: It names a datastore that is not there.
    """
    seconds = min(max(body.seconds, 0.0), LONGEST_READ)
    found = dataset_files.resolve(system, workspace, checked_definition(body.definition), seconds)
    return DatasetMeasure(found.digest, found.size, len(found.files), found.unread)


def keep(system: System, workspace: str, body: MeasureDataset) -> DatasetMeasure:
    """Store the bytes of a definition's files for some seconds, so that a version can keep them.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        body: The definition, and the seconds.

    Raises:
        InvalidRequest: It is no definition.
        DatastoreNotFound: It names a datastore that is not there.
    """
    seconds = min(max(body.seconds, 0.0), LONGEST_READ)
    found = dataset_pins.keep(system, workspace, checked_definition(body.definition), seconds)
    return DatasetMeasure(found.digest, found.size, len(found.files), found.unread)


def register(system: System, workspace: str, body: RegisterDataset) -> DatasetRecord:
    """Register a definition under a name; the latest one's definition and bytes are that version.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        body: The name, the definition and the rest.

    Raises:
        InvalidRequest: The name or the definition cannot be one, or the name is of another kind.
        AlreadyExists: The name is taken, and no new version was asked for.
        MissingBlobs: It is to be pinned, and not all of its bytes are stored.
    """
    made_by = permissions.asker(system).run or ""
    return dataset_versions.register(system, workspace, body, made_by)


def list_(system: System, workspace: str, query: DatasetQuery) -> DatasetPage:
    """List the latest version of each name, by name; or the versions of one, newest first.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        query: Which page, and of which name.
    """
    limit = pages.limit(query.page_size)
    if query.name is not None:
        return system.read(partial(_versions, workspace, query.name, query.page_token, limit))
    after = pages.after(query.page_token, str) or ""

    def read(work: Work) -> DatasetPage:
        workspace_row(work, workspace)
        found = rows.latest_versions(work.connection, workspace, after, limit + 1)
        page, token = pages.cut(found, limit, lambda row: row.name)
        return DatasetPage(_records(work, page, {row.name: row.version for row in page}), token)

    return system.read(read)


def get(system: System, workspace: str, dataset: str) -> DatasetRecord:
    """Get a dataset by `name`, `name:version` or id.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        dataset: What names it.

    Raises:
        NotFound: There is none; the message names the nearest.
    """
    return system.read(lambda work: find(work, workspace, dataset))


def change(system: System, workspace: str, dataset: str, body: ChangeDataset) -> DatasetRecord:
    """Change the description or the tags of a version.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        dataset: The version.
        body: What is to be different.

    Raises:
        NotFound: There is none.
    """

    def write(work: Work) -> DatasetRecord:
        row, _ = version_row(work, workspace, dataset)
        changed = replace(
            row,
            description=row.description if body.description is None else body.description,
            tags=row.tags if body.tags is None else body.tags,
        )
        rows.change_version(work.connection, changed)
        return find(work, workspace, f"{row.name}:{row.version}")

    return system.write(write)


def delete(system: System, workspace: str, dataset: str) -> None:
    """Unregister a version, or all versions of a name; their data and their lineage stay.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        dataset: `name:version`, or `name` for all of them.

    Raises:
        NotFound: There is none.
    """

    def write(work: Work) -> None:
        row, name = version_row(work, workspace, dataset)
        alone = ":" in dataset
        rows.remove_versions(work.connection, workspace, name.name, row.version if alone else None)
        left = rows.versions(work.connection, workspace, name.name, None, 1)
        latest = left[0].version if left else 0
        if latest != name.latest:
            rows.put_name(work.connection, replace(name, latest=latest))

    system.write(write)


def files(system: System, workspace: str, dataset: str, query: DatasetFileQuery) -> DatasetFilePage:
    """List the files of a dataset: of a version as it was registered, else as they are now.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        dataset: What names it.
        query: Which page, and whether the files of now are wanted.

    Raises:
        NotFound: There is no such dataset.
    """
    limit = pages.limit(query.page_size)
    begin = pages.offset(query.page_token)
    found = _files(system, workspace, dataset, now=query.now)
    more = pages.token(begin + limit) if begin + limit < len(found) else None
    return DatasetFilePage(found[begin : begin + limit], more)


def note_url(system: System, workspace: str, body: NoteUrl) -> UrlContent:
    """Note what a web file holds; a job notes only what nobody has noted yet.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        body: The file, and the content that is stored.

    Raises:
        MissingBlobs: The content is not stored.
    """
    if system.blobs.missing([body.digest]):
        raise MissingBlobs(
            f"the content of {body.url!r} is not stored; send it first", {"missing": [body.digest]}
        )
    # What the body says of it is not asked: agents refuse a content of another size.
    size = system.blobs.size(body.digest)
    by_job = permissions.asker(system).run is not None

    def write(work: Work) -> UrlContent:
        workspace_row(work, workspace)
        known = rows.find_web_file(work.connection, workspace, body.url)
        if by_job and known is not None:
            # Other runs read it: what one job has fetched, or made up, must not change their data.
            return _content(known)
        holding.claim(work, [body.digest])
        row = WebFileRow(workspace, body.url, body.digest, size, body.etag, work.now)
        rows.put_web_file(work.connection, row)
        return _content(row)

    return system.write(write)


def url(system: System, workspace: str, query: UrlQuery) -> UrlContent:
    """Find what a web file held when it was fetched last.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        query: Its address.

    Raises:
        NotFound: Nobody has fetched it.
    """
    row = system.read(lambda work: rows.find_web_file(work.connection, workspace, query.url))
    if row is None:
        raise NotFound(f"{query.url!r} was not fetched yet")
    return _content(row)


def _versions(
    workspace: str, name: str, page_token: str | None, limit: int, work: Work
) -> DatasetPage:
    known = rows.find_name(work.connection, workspace, name)
    if known is None:
        raise unknown(work, workspace, name)
    before = pages.after(page_token, int)
    found = rows.versions(work.connection, workspace, name, before, limit + 1)
    page, token = pages.cut(found, limit, lambda row: row.version)
    return DatasetPage(_records(work, page, {name: known.latest}), token)


def _records(work: Work, versions: list[VersionRow], latest: dict[str, int]) -> list[DatasetRecord]:
    definitions = rows.definitions(work.connection, [row.dataset for row in versions])
    return [
        record_of(
            DefinitionRow(row.dataset, row.workspace, definitions[row.dataset], row.created_at),
            row,
            latest[row.name],
        )
        for row in versions
    ]


def _files(system: System, workspace: str, dataset: str, *, now: bool) -> list[DatasetFile]:
    if not now and not is_id(dataset):

        def read(work: Work) -> list[DatasetFile]:
            row, _ = version_row(work, workspace, dataset)
            return rows.files_of_version(work.connection, workspace, row.name, row.version)

        return system.read(read)
    if now:
        row = system.read(lambda work: definition_row(work, workspace, dataset))
        return dataset_files.resolve(system, workspace, json.loads(row.definition)).files
    definition = system.read(lambda work: read_by(work, workspace, dataset))
    return dataset_files.resolve(system, workspace, definition).files


def _content(row: WebFileRow) -> UrlContent:
    return UrlContent(row.url, row.digest, row.size, iso(row.fetched_at), row.etag)
