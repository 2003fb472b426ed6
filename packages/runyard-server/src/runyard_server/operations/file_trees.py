"""A run's files folder by folder, and their removal, as trackers such as MLflow ask for them.

Files are rows by their whole path; a folder is what several paths begin with. So a listing leaps
from one folder to the next and never reads what is below it.
"""

from collections.abc import Mapping
from typing import NamedTuple

from runyard.protocol import events as kinds
from runyard.protocol.files import FileEntry
from runyard_server.core import lookups
from runyard_server.core.events import EventDraft
from runyard_server.core.lifecycle import append_events
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.operations import tracked_runs
from runyard_server.store import files as rows

_MANY = 500
_BEHIND_ALL = "\U0010ffff"


class Child(NamedTuple):
    """What is in a folder: a file with its size in bytes, or another folder (None)."""

    name: str
    size: int | None


def children(system: System, workspace: str, run: str, folder: str) -> list[Child]:
    """The files and folders in a folder of a run, by name; none where there is no such folder.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        run: Id of the run.
        folder: Its path, "" for all that the run has.

    Raises:
        RunNotFound: No such run.
    """
    prefix = f"{folder}/" if folder else ""

    def read(work: Work) -> dict[str, int | None]:
        return _rows(work, lookups.run_key(work, workspace, run), prefix)

    found = system.read(read)
    for log in system.logs.list_(workspace, run):
        if log.path.startswith(prefix):
            name, below, _ = log.path.removeprefix(prefix).partition("/")
            found[name] = None if below else log.size
    return [Child(name, found[name]) for name in sorted(found)]


def level(sizes: Mapping[str, int], folder: str) -> list[Child]:
    """The files and folders in a folder of files that are all known.

    Args:
        sizes: The size of each file, by its path.
        folder: The folder's path, "" for the uppermost.
    """
    prefix = f"{folder}/" if folder else ""
    found: dict[str, int | None] = {}
    for path, size in sizes.items():
        if path.startswith(prefix):
            name, below, _ = path.removeprefix(prefix).partition("/")
            found[name] = None if below else size
    return [Child(name, found[name]) for name in sorted(found)]


def entries(system: System, workspace: str, run: str, folder: str) -> list[FileEntry]:
    """All artifacts in a folder of a run and below it, by their paths in the folder.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        run: Id of the run.
        folder: Its path, "" for all that the run has.

    Raises:
        RunNotFound: No such run.
    """
    prefix = f"{folder}/" if folder else ""

    def read(work: Work) -> list[rows.FileRow]:
        key = lookups.run_key(work, workspace, run)
        return rows.all_below(work.connection, key, prefix)

    return [
        FileEntry(row.path.removeprefix(prefix), row.digest, row.size, row.executable)
        for row in system.read(read)
        if row.digest is not None
    ]


def remove(system: System, workspace: str, run: str, path: str) -> None:
    """Remove a file of a run, or a folder with all in it; logs stay.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        run: Id of the run.
        path: Its path, "" for all files.

    Raises:
        RunNotFound: No such run.
        InvalidRequest: The run is deleted.
    """

    def write(work: Work) -> None:
        row = tracked_runs.required(work, workspace, run)
        rows.remove(work.connection, row.key, f"{path}/" if path else "")
        if path:
            rows.remove_one(work.connection, row.key, path)
        told = EventDraft(kinds.FILE, f"removed {path or 'all files'}", data={"path": path})
        append_events(work, row, [told])

    system.write(write)


def _rows(work: Work, key: int, prefix: str) -> dict[str, int | None]:
    found: dict[str, int | None] = {}
    after: str | None = None
    while True:
        page = rows.page(work.connection, key, prefix, after, _MANY)
        for row in page:
            name, below, _ = row.path.removeprefix(prefix).partition("/")
            found[name] = None if below else row.size
            after = row.path
            if below:
                # On behind all that is in that folder.
                after = f"{prefix}{name}/{_BEHIND_ALL}"
                break
        else:
            if len(page) < _MANY:
                return found
