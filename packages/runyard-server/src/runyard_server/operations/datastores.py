"""Datastores: named folders where data is kept and reached by jobs.

Every workspace begins with two, `workspaceblobstore` (the default) and `workspacefilestore`.
Both are folders of the state folder; jobs on this machine see the same folders.
"""

from collections.abc import Callable
from functools import partial

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
    AlreadyExists,
    DatastorePathNotFound,
    Forbidden,
    InvalidRequest,
    RunyardError,
    WrongState,
)
from runyard.protocol.files import BatchResult, Refusal
from runyard.protocol.suggestions import suggest
from runyard_server.core.clock import iso
from runyard_server.core.lookups import datastore_folder, datastore_row, workspace_row
from runyard_server.core.system import Chunks, Content, System
from runyard_server.core.work import Work
from runyard_server.operations import batches
from runyard_server.operations.media import media_type
from runyard_server.store import datastores as rows
from runyard_server.store import pages
from runyard_server.store.datastores import DatastoreRow
from runyard_server.store.folders import INCOMING, Body, checked
from runyard_server.store.trees import Tree, TreeFile
from runyard_server.store.uploads import UPLOADS, Draft, has
from runyard_server.store.workspaces import WorkspaceRow

Replaces = Callable[[str], bool]
# Read from the disk for each wrong path, where there may be millions of files.
_SHOWN = 500
_ANEW = {"size": 0}


def _any(_path: str) -> bool:
    """A user replaces whatever there is."""
    return True


def list_(system: System, workspace: str) -> DatastorePage:
    """List a workspace's datastores, by name."""

    def read(work: Work) -> tuple[WorkspaceRow, list[DatastoreRow]]:
        return workspace_row(work, workspace), rows.of_workspace(work.connection, workspace)

    owner, found = system.read(read)
    return DatastorePage(items=[_record(row, owner) for row in found])


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

    return _record(*system.read(read))


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
    found = _tree(system, workspace, datastore).page(_prefix(query.prefix), after, limit + 1)
    page, token = pages.cut(found, limit, lambda file: file.path)
    return DatastoreFilePage(items=[_file(file) for file in page], next_page_token=token)


def read(system: System, workspace: str, datastore: str, path: str) -> Content:
    """Read a file.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        datastore: Name of the datastore.
        path: Path below the datastore's root.

    Raises:
        DatastorePathNotFound: No file at that path; the message names the nearest.
    """
    tree = _tree(system, workspace, datastore)
    place = tree.find(path)
    if place is None:
        raise _no_path(tree, datastore, path)
    return Content(path=place, size=place.stat().st_size, media_type=media_type(path))


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
    tree = _tree(system, workspace, datastore)
    # Not looked up: the store alone can tell, in one step with the write, that a name is free.
    overwrite = query.overwrite and replaces(path)
    try:
        if query.offset is None:
            size = tree.write(path, body, overwrite=overwrite)
        else:
            size = _write_part(tree, path, query, query.offset, body, overwrite=overwrite)
    except FileExistsError:
        raise _taken(datastore, path, closed=query.overwrite and not overwrite) from None
    return DatastoreFile(path=checked(path), size=size, modified_at=iso(system.clock.now_us()))


def _write_part(
    tree: Tree, path: str, query: WriteQuery, offset: int, body: Body, *, overwrite: bool
) -> int:
    if not 0 <= offset < query.size:
        raise InvalidRequest(
            f"a part at {offset} of a file of {query.size} bytes: say the file's whole size, "
            "and an offset in it"
        )
    upload, place = _draft(tree, path, query), tree.find(path)
    if place is not None and upload.became(place):
        if has(place, offset, body):
            # All of it has come, and the answer to the last part was lost.
            return query.size
        upload.forget()
        if overwrite:
            raise WrongState("another file of this version came whole before: begin anew", _ANEW)
    if not overwrite and place is not None:
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
    tree = _tree(system, workspace, datastore)
    found = _draft(tree, path, query)
    place = tree.find(path)
    return None if place is not None and found.became(place) else found


def _draft(tree: Tree, path: str, query: WriteQuery) -> Draft:
    name = f"{tree.root.name}\0{checked(path)}\0{query.size}\0{query.version}"
    return Draft(tree.root.parent / UPLOADS, name, query.size)


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
    if _tree(system, workspace, datastore).find(path) is not None:
        raise _taken(datastore, path, closed=False)


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
    tree = _tree(system, workspace, datastore)
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
    tree = _tree(system, workspace, datastore)
    return batches.answer(zip(body.paths, tree.find_many(body.paths), strict=True), len(body.paths))


def _tree(system: System, workspace: str, datastore: str) -> Tree:
    root = datastore_folder(system, workspace, datastore)
    return Tree(root, incoming=root.parent / INCOMING)


def _prefix(given: str) -> str:
    """Bring a prefix from outside to the paths' spelling; a "/" at its end stays."""
    while given.startswith(("./", "/")):
        given = given[given.index("/") + 1 :]
    # The slash stays, or `data/` would find what is in `database/`.
    return "" if given == "." else given


def _no_path(tree: Tree, datastore: str, path: str) -> DatastorePathNotFound:
    wanted = checked(path)
    below = tree.page(wanted + "/", None, 1)
    if below:
        return DatastorePathNotFound(
            f"{wanted!r} on datastore {datastore!r} is a folder, not a file; list its files "
            "and read them one by one",
            {"nearest": [below[0].path]},
        )
    near = suggest(wanted, [file.path for file in tree.page("", None, _SHOWN)], "it is empty")
    return DatastorePathNotFound(
        f"datastore {datastore!r} has no file {wanted!r}; {near.sentence}",
        {"nearest": near.names},
    )


def _taken(datastore: str, path: str, *, closed: bool) -> RunyardError:
    if closed:
        return Forbidden(
            f"datastore {datastore!r} has {path!r} already, and a job replaces files only below "
            f"paths that it was submitted with to write to; submit it with path(…).as_mount() or "
            "as_upload() of that path as an argument, or choose another path"
        )
    return AlreadyExists(
        f"datastore {datastore!r} has {path!r} already; "
        "pass overwrite=True to replace a file, or choose another path"
    )


def _refusal(datastore: str, path: str, error: Exception, *, closed: bool) -> Refusal:
    if isinstance(error, InvalidRequest):
        return Refusal(path, error.code, error.message)
    known = _taken(datastore, path, closed=closed)
    return Refusal(path, known.code, known.message)


def _file(file: TreeFile) -> DatastoreFile:
    return DatastoreFile(path=file.path, size=file.size, modified_at=iso(file.modified_at))


def _record(row: DatastoreRow, owner: WorkspaceRow) -> DatastoreRecord:
    return DatastoreRecord(
        name=row.name,
        datastore_type=row.datastore_type,
        account_name=row.account_name,
        container_name=row.container_name,
        created_at=iso(row.created_at),
        is_default=row.name == owner.default_datastore,
        protocol=row.protocol,
    )
