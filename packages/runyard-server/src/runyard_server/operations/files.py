"""Files of a run: artifacts, stored by content, and logs, which may still grow.

Artifacts are rows. Logs are files on the disk, and what is on the disk is what is listed; when a
run has ended `seal` also writes them down as rows.
"""

from collections.abc import Mapping, Sequence
from functools import partial

from runyard.protocol import events as kinds
from runyard.protocol.errors import AlreadyExists, Conflict, RunFileNotFound
from runyard.protocol.files import (
    ARTIFACT_KIND,
    LOG_KIND,
    ArchiveQuery,
    FileEntry,
    FilePage,
    FileQuery,
    FileRecord,
    RegisterFiles,
)
from runyard.protocol.suggestions import KNOWN, suggest
from runyard_server.core import holding, lookups
from runyard_server.core.clock import iso
from runyard_server.core.events import EventDraft
from runyard_server.core.lifecycle import append_events
from runyard_server.core.system import Chunks, Content, RemoteContent, System
from runyard_server.core.work import Work
from runyard_server.operations.blobs import checked_entries, content
from runyard_server.operations.media import PLAIN, media_type
from runyard_server.store import files as rows
from runyard_server.store import pages
from runyard_server.store.files import FileRow
from runyard_server.store.folders import checked
from runyard_server.store.logs import LogFile
from runyard_server.store.runs import RunRow

# Two look-ups in the index for each; a folder of thousands does not wait for that.
_MOST_CHECKED = 100


def list_(system: System, workspace: str, run: str, query: FileQuery) -> FilePage:
    """List a run's files, by path.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        run: Id of the run.
        query: What is asked for.

    Raises:
        RunNotFound: No such run.
    """
    limit = pages.limit(query.page_size)
    after = pages.after(query.page_token, str)

    def read(work: Work) -> tuple[RunRow, list[FileRow]]:
        row = lookups.run_row(work, workspace, run)
        # Rows and logs give a whole page each: what is beyond the end of either is not on this
        # page.
        return row, rows.page(work.connection, row.key, query.prefix, after, limit + 1)

    row, kept = system.read(read)
    logs = [
        log
        for log in system.logs.list_(workspace, run)
        if log.path.startswith(query.prefix) and (after is None or log.path > after)
    ]
    merged = _merged(kept, logs, live=row.active)
    page, token = pages.cut(merged[: limit + 1], limit, lambda file: file.path)
    return FilePage(items=page, next_page_token=token)


def register(system: System, workspace: str, run: str, *, body: RegisterFiles) -> FilePage:
    """Add stored contents to a run; the same path with the same content is no conflict.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        run: Id of the run.
        body: What is asked for.

    Raises:
        RunNotFound: No such run.
        MissingBlobs: Contents are not stored; `details["missing"]` lists their digests.
        AlreadyExists: A path has another content and `overwrite` is False; nothing was added.
        Conflict: A new path is a folder of a file that is there, or leads through one, and
            `overwrite` is False; nothing was added.
    """
    entries = checked_entries(system, body.files)
    logs = {log.path for log in system.logs.list_(workspace, run)}
    _refuse(run, [entry.path for entry in entries if entry.path in logs])

    def write(work: Work) -> int:
        row = lookups.run_row(work, workspace, run)
        known = rows.find_many(work.connection, row.key, [entry.path for entry in entries])
        changed = _changed(row, entries, known, overwrite=body.overwrite)
        if not changed:
            return work.now
        # Whoever overwrites brings what a job leaves behind; of that nothing may be lost.
        if not body.overwrite and len(changed) <= _MOST_CHECKED:
            _refuse_beside(work, row, [entry.path for entry in changed])
        holding.claim(work, [entry.digest for entry in changed])
        rows.put(work.connection, row.key, [_row(entry, work.now) for entry in changed], known)
        append_events(work, row, [_news(changed)])
        return work.now

    now = system.write(write)
    return FilePage(items=[_record(_row(entry, now)) for entry in entries])


def read(system: System, workspace: str, run: str, path: str) -> Content | RemoteContent:
    """A file of a run; a log of a run that goes on may still grow.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        run: Id of the run.
        path: The file's path in the run.

    Raises:
        RunNotFound: No such run.
        RunFileNotFound: No such file; the message names the nearest.
    """
    name = checked(path)

    def read(work: Work) -> tuple[RunRow, FileRow | None]:
        row = lookups.run_row(work, workspace, run)
        return row, rows.find(work.connection, row.key, name)

    row, file = system.read(read)
    # A log has a row without a content once its run has ended: its bytes stay where logs are.
    if file is not None and file.digest is not None:
        return content(system, file.digest, file.size, media_type(name))
    size = system.logs.size(workspace, run, name)
    if size is None:
        raise not_found(system, workspace, run, name)
    place = system.logs.path(workspace, run, name)
    return Content(path=place, size=size, media_type=PLAIN, live=row.active)


def archive(system: System, workspace: str, run: str, query: ArchiveQuery) -> Chunks:
    """A folder of a run as a ZIP archive, made while it is sent.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        run: Id of the run.
        query: Which folder.

    Raises:
        RunNotFound: No such run.
        RunFileNotFound: The folder has no file.
        InvalidRequest: The folder has more than an archive may hold.
    """
    # Loaded when it is asked for: a service at rest need not know how archives are written.
    from runyard_server.operations import archives

    folder = checked(query.folder) if query.folder else ""
    found = archives.files_in(
        folder, partial(list_, system, workspace, run), "runyard runs download"
    )
    if not found:
        raise not_found(system, workspace, run, folder or "outputs")
    return archives.answer(run, folder, found, partial(read, system, workspace, run))


def not_found(system: System, workspace: str, run: str, path: str) -> RunFileNotFound:
    """Make the error that says which files the run has that are most like `path`.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        run: Id of the run.
        path: The path that there is no file at.
    """
    known = [file.path for file in list_(system, workspace, run, FileQuery(page_size=KNOWN)).items]
    near = suggest(path, known, "it has no files yet")
    return RunFileNotFound(
        f"run {run} has no file {path!r}; {near.sentence}",
        {"nearest": near.names},
    )


def _merged(kept: Sequence[FileRow], logs: Sequence[LogFile], *, live: bool) -> list[FileRecord]:
    """Bring rows and the disk together: of a log the disk knows best, of a content the row."""
    found = {log.path: _log_record(log, live=live) for log in logs}
    for row in kept:
        # An artifact may have taken a log's name. Else the log's own file tells more: it may have
        # grown.
        if row.digest is not None or row.path not in found:
            found[row.path] = _record(row)
    return [found[path] for path in sorted(found)]


def _changed(
    row: RunRow, entries: Sequence[FileEntry], known: Mapping[str, FileRow], *, overwrite: bool
) -> list[FileEntry]:
    """The entries whose content is not there yet, of those that the run has."""
    changed = [
        entry
        for entry in entries
        if entry.path not in known or known[entry.path].digest != entry.digest
    ]
    if not overwrite:
        _refuse(row.id, [entry.path for entry in changed if entry.path in known])
    return changed


def _refuse(run: str, taken: list[str]) -> None:
    if taken:
        raise AlreadyExists(
            # As v1's error for a name that is taken begins.
            f"Resource Conflict: run {run} has {taken[0]!r} with another content"
            f"{f' (and {len(taken) - 1} more)' if len(taken) > 1 else ''}; choose another name "
            "or overwrite",
            {"paths": taken},
        )


def _refuse_beside(work: Work, row: RunRow, paths: list[str]) -> None:
    """Refuse paths that no disk could hold beside the files of the run."""
    above = {
        "/".join(parts[:depth]): path
        for path in paths
        for parts in [path.split("/")]
        for depth in range(1, len(parts))
    }
    for found in rows.find_many(work.connection, row.key, list(above)):
        _refuse_both(row.id, above[found], found)
    for path in paths:
        for below in rows.page(work.connection, row.key, f"{path}/", None, 1):
            _refuse_both(row.id, path, below.path)


def _refuse_both(run: str, path: str, there: str) -> None:
    name = min(path, there, key=len)
    raise Conflict(
        f"{path!r} cannot stand beside {there!r}, which run {run} has: {name!r} would be a file "
        "and a folder; choose another name",
        {"path": path, "beside": there},
    )


def _news(changed: Sequence[FileEntry]) -> EventDraft:
    first = changed[0].path
    message = first if len(changed) == 1 else f"{first} and {len(changed) - 1} more"
    return EventDraft(kinds.FILE, message, data={"path": first, "count": str(len(changed))})


def _row(entry: FileEntry, now: int) -> FileRow:
    return FileRow(entry.path, ARTIFACT_KIND, entry.size, now, entry.digest, entry.executable)


def _record(row: FileRow) -> FileRecord:
    return FileRecord(
        path=row.path,
        size=row.size,
        kind=row.kind,
        created_at=iso(row.created_at),
        digest=row.digest,
        executable=row.executable,
    )


def _log_record(log: LogFile, *, live: bool) -> FileRecord:
    return FileRecord(
        path=log.path,
        size=log.size,
        kind=LOG_KIND,
        created_at=iso(log.modified_at),
        live=live,
    )
