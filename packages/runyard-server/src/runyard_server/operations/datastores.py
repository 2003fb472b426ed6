"""Datastores: named places where data is kept and reached by jobs.

Every workspace begins with two, `workspaceblobstore` (the default) and `workspacefilestore`.
Both are folders of the state folder; jobs on this machine see the same folders. Others are
registered: buckets and containers of object stores, which have the same verbs.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from runyard.protocol.datastores import (
    DatastoreFile,
    DatastoreFilePage,
    DatastoreFileQuery,
    DatastorePage,
    DatastoreRecord,
    PathList,
    WriteQuery,
)
from runyard.protocol.errors import (
    DatastorePathNotFound,
    InvalidRequest,
    WrongState,
)
from runyard.protocol.files import (
    ArchiveQuery,
    BatchResult,
    FilePage,
    FileQuery,
    FileRecord,
    Refusal,
)
from runyard_server.core.clock import iso
from runyard_server.core.datastore_files import files_of
from runyard_server.core.lookups import datastore_row, workspace_row
from runyard_server.core.system import Chunks, Content, RemoteContent, System
from runyard_server.core.work import Work
from runyard_server.operations import batches
from runyard_server.operations.datastore_addresses import addresses, begin_write, end_write
from runyard_server.operations.datastore_lookups import no_path, record_of, taken
from runyard_server.operations.datastore_registering import register, unregister
from runyard_server.operations.media import media_type
from runyard_server.store import datastores as rows
from runyard_server.store import pages
from runyard_server.store.datastores import DatastoreRow
from runyard_server.store.folders import Body, checked
from runyard_server.store.trees import Tree, TreeFile
from runyard_server.store.uploads import Draft, has, named
from runyard_server.store.workspaces import WorkspaceRow

if TYPE_CHECKING:
    from runyard_server.store.objects.files import ObjectFiles

__all__ = [
    "addresses",
    "archive",
    "begin_write",
    "check_free",
    "draft",
    "end_write",
    "files",
    "get",
    "list_",
    "read",
    "read_many",
    "register",
    "remove",
    "unregister",
    "write",
    "write_many",
]

Replaces = Callable[[str], bool]
_ANEW = {"size": 0}


def _any(_path: str) -> bool:
    """A user replaces whatever there is."""
    return True


def list_(system: System, workspace: str) -> DatastorePage:
    """List a workspace's datastores, by name."""

    def read(work: Work) -> tuple[WorkspaceRow, list[DatastoreRow]]:
        return workspace_row(work, workspace), rows.of_workspace(work.connection, workspace)

    owner, found = system.read(read)
    return DatastorePage(items=[record_of(system, row, owner) for row in found])


def get(system: System, workspace: str, datastore: str) -> DatastoreRecord:
    """The datastore of this name.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        datastore: Name of the datastore.

    Raises:
        DatastoreNotFound: There is none; the message names those there are.
    """

    def read(work: Work) -> tuple[DatastoreRow, WorkspaceRow]:
        owner = workspace_row(work, workspace)
        return datastore_row(work, workspace, datastore), owner

    return record_of(system, *system.read(read))


def files(
    system: System, workspace: str, datastore: str, query: DatastoreFileQuery
) -> DatastoreFilePage:
    """List the files whose path begins with `prefix`, by path; `./` before it is dropped.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        datastore: Name of the datastore.
        query: What is asked for.
    """
    limit = pages.limit(query.page_size)
    after = pages.after(query.page_token, str)
    found = files_of(system, workspace, datastore).page(_prefix(query.prefix), after, limit + 1)
    page, token = pages.cut(found, limit, lambda file: file.path)
    return DatastoreFilePage(items=[_file(file) for file in page], next_page_token=token)


def read(system: System, workspace: str, datastore: str, path: str) -> Content | RemoteContent:
    """Read a file.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        datastore: Name of the datastore.
        path: Path below the datastore's root.

    Raises:
        DatastorePathNotFound: No file at that path; the message names the nearest.
    """
    tree = files_of(system, workspace, datastore)
    if isinstance(tree, Tree):
        place = tree.find(path)
        if place is None:
            raise no_path(tree, datastore, path)
        return Content(path=place, size=place.stat().st_size, media_type=media_type(path))
    known = tree.look(path)
    if known is None:
        raise no_path(tree, datastore, path)
    reading = partial(tree.read, path)
    return RemoteContent(known.size, reading, media_type(path), digest=known.etag or None)


def archive(system: System, workspace: str, datastore: str, query: ArchiveQuery) -> Chunks:
    """A folder as a ZIP archive, made while it is sent.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        datastore: Name of the datastore.
        query: Which folder.

    Raises:
        DatastorePathNotFound: The folder has no file.
        InvalidRequest: The folder has more than an archive may hold.
    """
    # Loaded when it is asked for: a service at rest need not know how archives are written.
    from runyard_server.operations import archives

    folder = checked(query.folder) if query.folder else ""

    def listed(asked: FileQuery) -> FilePage:
        wanted = DatastoreFileQuery(asked.prefix, asked.page_size, asked.page_token)
        page = files(system, workspace, datastore, wanted)
        found = [FileRecord(one.path, one.size, "", one.modified_at) for one in page.items]
        return FilePage(found, page.next_page_token)

    found = archives.files_in(folder, listed, "runyard datastores download")
    if not found:
        where = f"folder {folder!r} of datastore" if folder else "datastore"
        raise DatastorePathNotFound(f"the {where} {datastore!r} has no file")
    reading = partial(read, system, workspace, datastore)
    return archives.answer(datastore, folder, found, reading)


def remove(system: System, workspace: str, datastore: str, path: str) -> None:
    """Remove a file.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        datastore: Name of the datastore.
        path: Path below the datastore's root.

    Raises:
        DatastorePathNotFound: No file at that path; the message names the nearest.
    """
    tree = files_of(system, workspace, datastore)
    if not tree.remove(path):
        raise no_path(tree, datastore, path)


def write(
    system: System,
    workspace: str,
    datastore: str,
    path: str,
    query: WriteQuery,
    body: Body,
    replaces: Replaces = _any,
) -> DatastoreFile:
    """Write a file, whole or not at all, or a part of one that is written when all have come.

    Args:
        system: The service's parts.
        workspace: The workspace.
        datastore: The datastore.
        path: Path below its root, from outside.
        query: Whether a file that is there is replaced, and which part of one this is.
        body: The bytes.
        replaces: Which files the caller may replace at all.

    Raises:
        AlreadyExists: It is there and `overwrite` is False.
        InvalidRequest: The path is malformed, is a folder, or leads through a file.
        Forbidden: It is there and the caller may not replace it.
        WrongState: Parts before this one are missing.
        StorageFull: No space is left; nothing is kept.
    """
    tree = files_of(system, workspace, datastore)
    # Not looked up: the store alone can tell, in one step with the write, that a name is free.
    overwrite = query.overwrite and replaces(path)
    try:
        if query.offset is None:
            size = tree.write(path, body, overwrite=overwrite)
        else:
            size = _write_part(tree, path, query, query.offset, body, overwrite=overwrite)
    except FileExistsError:
        raise taken(datastore, path, closed=query.overwrite and not overwrite) from None
    return DatastoreFile(path=checked(path), size=size, modified_at=iso(system.clock.now_us()))


def _write_part(
    tree: "Tree | ObjectFiles",
    path: str,
    query: WriteQuery,
    offset: int,
    body: Body,
    *,
    overwrite: bool,
) -> int:
    if not 0 <= offset < query.size:
        raise InvalidRequest(
            f"a part at {offset} of a file of {query.size} bytes: say the file's whole size, "
            "and an offset in it"
        )
    upload, place = _draft(tree, path, query), _local(tree, path)
    if place is not None and upload.became(place):
        if has(place, offset, body):
            # All of it has come, and the answer to the last part was lost.
            return query.size
        upload.forget()
        if overwrite:
            raise WrongState("another file of this version came whole before: begin anew", _ANEW)
    if not overwrite and tree.look(path) is not None:
        # Before anything is kept of a file that could get no name.
        raise FileExistsError(path)
    return upload.add(offset, body, partial(tree.adopt, path, overwrite=overwrite))


def draft(
    system: System, workspace: str, datastore: str, path: str, query: WriteQuery
) -> Draft | None:
    """What has come of a file that is sent in parts; None if it is there, whole.

    Args:
        system: The service's parts.
        workspace: The workspace.
        datastore: The datastore.
        path: Path below its root, from outside.
        query: The file's size and version.

    Raises:
        InvalidRequest: The path is malformed.
    """
    tree = files_of(system, workspace, datastore)
    found = _draft(tree, path, query)
    place = _local(tree, path)
    return None if place is not None and found.became(place) else found


def _draft(tree: "Tree | ObjectFiles", path: str, query: WriteQuery) -> Draft:
    name = f"{tree.name}\0{checked(path)}\0{query.size}\0{query.version}"
    return named(tree.drafts, name, query.size)


def _local(tree: "Tree | ObjectFiles", path: str) -> Path | None:
    """The place of a file that is there, if it is one of this machine."""
    return tree.find(path) if isinstance(tree, Tree) else None


def check_free(system: System, workspace: str, datastore: str, path: str) -> None:
    """Refuse a path that a file has already.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        datastore: Name of the datastore.
        path: Path below the datastore's root.

    Raises:
        AlreadyExists: It has.
    """
    # Asked before the body is read: who sends gigabytes hears of it at once.
    if files_of(system, workspace, datastore).look(path) is not None:
        raise taken(datastore, path, closed=False)


def write_many(
    system: System,
    workspace: str,
    datastore: str,
    query: WriteQuery,
    body: Body,
    replaces: Replaces = _any,
) -> BatchResult:
    """Write many small files, each whole or not at all; what cannot be is refused by name.

    Returns once all that is written is on the disk.

    Args:
        system: The service's parts.
        workspace: The workspace.
        datastore: The datastore.
        query: Whether files that are there are replaced.
        body: The files, framed as `protocol.batches` says.
        replaces: Which files the caller may replace at all.

    Raises:
        InvalidRequest: The body is no batch, or was cut; what came whole is kept.
        StorageFull: No space is left.
    """
    tree = files_of(system, workspace, datastore)
    closed: set[str] = set()

    def overwrite(path: str) -> bool:
        if query.overwrite and not replaces(path):
            # Called by several threads: to add to a set is one step.
            closed.add(path)
        return query.overwrite and path not in closed

    stored, refused = tree.write_many(batches.contents(body), overwrite=overwrite)
    told = [_refusal(datastore, path, error, closed=path in closed) for path, error in refused]
    return BatchResult(stored, told)


def read_many(system: System, workspace: str, datastore: str, body: PathList) -> Chunks:
    """Many files in one answer; one that is not there is said to be absent.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        datastore: Name of the datastore.
        body: What is asked for.

    Raises:
        InvalidRequest: Too many are asked for.
    """
    tree = files_of(system, workspace, datastore)
    return batches.answer(zip(body.paths, tree.contents(body.paths), strict=True), len(body.paths))


def _prefix(given: str) -> str:
    """Bring a prefix from outside to the paths' spelling; a "/" at its end stays."""
    while given.startswith(("./", "/")):
        given = given[given.index("/") + 1 :]
    # The slash stays, or `data/` would find what is in `database/`.
    return "" if given == "." else given


def _refusal(datastore: str, path: str, error: Exception, *, closed: bool) -> Refusal:
    if isinstance(error, InvalidRequest):
        return Refusal(path, error.code, error.message)
    known = taken(datastore, path, closed=closed)
    return Refusal(path, known.code, known.message)


def _file(file: TreeFile) -> DatastoreFile:
    return DatastoreFile(file.path, file.size, iso(file.modified_at), file.etag)
