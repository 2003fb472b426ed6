"""Where the files of a model come from: a run's files, or contents that a client has sent.

Both give the name under which the model's files are downloaded (the last segment of what was
registered) and the files with paths below the download folder: `model/x` for `outputs/model`,
the file's own name for a single file.
"""

from dataclasses import dataclass, field, replace

from runyard.protocol.files import FileEntry, FileQuery, FileRecord
from runyard_server.core import holding
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.operations import files as run_files
from runyard_server.operations.blobs import checked_entries
from runyard_server.store import file_sets
from runyard_server.store.file_sets import Measured, holds
from runyard_server.store.folders import checked
from runyard_server.store.pages import LARGEST

# v1 scripts give model_path='./' and mean all files of the run.
EVERYTHING = "."


class NothingThere(Exception):
    """A run has no file at a path: told within a write, in which nothing more is looked up."""


@dataclass(frozen=True)
class Source:
    """Where the files of a model are in a run.

    Args:
        base: The name under which the model's files are downloaded.
        below: Their path in the run; "" means all of its files.
        files: The files themselves, where there are logs among them; else the run's rows do.
    """

    base: str
    below: str
    files: list[FileEntry] = field(default_factory=list)


def of_run(system: System, workspace: str, run: str, path: str) -> Source:
    """Find where the files of a run at `path` or below it are; `.` means all of them.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        run: Id of the run.
        path: A path in the run.
    """
    if path.strip("/") in ("", EVERYTHING):
        base, below, parent = EVERYTHING, "", ""
    else:
        below = checked(path)
        base = below.rpartition("/")[2]
        parent = below[: -len(base)]
    # A log grows, and has no content that a version could refer to.
    logs = [log for log in system.logs.list_(workspace, run) if holds(below, log.path)]
    if not logs:
        return Source(base, below)
    records = [each for each in _all(system, workspace, run, below) if holds(below, each.path)]
    files = [_entry(system, workspace, run, record, parent) for record in records]
    return Source(base, below, files)


def referred(work: Work, run_key: int, below: str) -> Measured:
    """How many files of a run a version has, and their bytes.

    Args:
        work: The unit of work.
        run_key: Key of the run.
        below: Their path in the run; "" means all of its files.

    Raises:
        NothingThere: The run has no such file.
    """
    found = file_sets.measured(work.connection, run_key, below)
    if not found.count:
        raise NothingThere
    return found


def from_contents(system: System, path: str, files: list[FileEntry]) -> tuple[str, list[FileEntry]]:
    """Put contents that were sent under the last segment of `path`.

    A single file named as the model's path is the model itself; other paths are relative to the
    model's folder.

    Args:
        system: The service's parts.
        path: The path that the model is registered with.
        files: The files as they were sent.

    Raises:
        MissingBlobs: Contents are not stored; `details["missing"]` lists their digests.
    """
    base = checked(path).rpartition("/")[2]
    entries = checked_entries(system, files)
    if [entry.path for entry in entries] == [base]:
        return base, entries
    return base, [replace(entry, path=f"{base}/{entry.path}") for entry in entries]


def _all(system: System, workspace: str, run: str, prefix: str) -> list[FileRecord]:
    found: list[FileRecord] = []
    query = FileQuery(prefix=prefix, page_size=LARGEST)
    while True:
        page = run_files.list_(system, workspace, run, query)
        found += page.items
        if page.next_page_token is None:
            return found
        query = replace(query, page_token=page.next_page_token)


def _entry(system: System, workspace: str, run: str, record: FileRecord, parent: str) -> FileEntry:
    """A run's file as content; a log is stored as one, as far as it has grown."""
    path = record.path[len(parent) :]
    if record.digest is not None:
        return FileEntry(path, record.digest, record.size, record.executable)
    # A log of a run that goes on would change under the model.
    with system.logs.path(workspace, run, record.path).open("rb") as log:
        digest, size = holding.stored(system, log)
    return FileEntry(path, digest, size)
