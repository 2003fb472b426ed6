"""Brings what killed processes logged last: their spools stay in the state folder until then.

    spool/<run id>/<writer>.jsonl     lines; locked by the writer as long as it lives (`own_file`)
    spool/<sweep>/<client>.trials     what processes that make trials have told (`trial_lines`)
    spool/<run id>/place.json         the run's workspace and service

The next client of the state folder looks here and brings what is left of runs of its service. A
file is brought by whoever gets the lock on it, so two clients never do the same work, and lines
carry their numbers, so nothing is stored twice even if they did.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import threading
import time
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterator, List, Optional

from runyard.client import home, own_file, trial_lines
from runyard.client.courier import Courier
from runyard.client.sender import REFUSED_SUFFIX
from runyard.client.spool import USER_LOG, USER_LOG_PATH, writers
from runyard.client.workspace import WorkspaceClient
from runyard.protocol.errors import RunNotFound, RunyardError
from runyard.protocol.timeouts import LEFTOVER_SECONDS

if TYPE_CHECKING:
    from pathlib import Path

    from runyard.client.connection import Connection

FOLDER = "spool"
PLACE = "place.json"
UNKNOWN = "unknown-"
# As in a job's environment; `protocol.jobs`, which says so, is more than a first use waits for.
IN_JOB = "RUNYARD_RUN_ID"


def mark(folder: Path, service: WorkspaceClient) -> None:
    """Write down in a spool folder where its run is, for whoever has to bring it later."""
    place = folder / PLACE
    if not place.exists():
        folder.mkdir(parents=True, exist_ok=True)
        temporary = folder / f".{PLACE}-{os.getpid()}"
        temporary.write_text(json.dumps(_place(service)), encoding="utf-8")
        temporary.replace(place)


def found(but: Callable[[Path], bool]) -> List[Path]:
    """List the spool folders of the state folder that are not `but` this process's own."""
    try:
        folders = list((home.locate() / FOLDER).iterdir())
    except OSError:
        return []
    return [f for f in folders if f.is_dir() and not f.name.startswith(UNKNOWN) and not but(f)]


def begin(
    service: WorkspaceClient, but: Callable[[Path], bool] = lambda _: False
) -> Optional[threading.Thread]:
    """Begin to bring, on a thread of its own, what killed processes left in the state folder.

    Args:
        service: A workspace's client.
        but: Says of a spool folder that it is this process's own.

    Returns:
        The thread, to be waited for; None in a job, and where nothing was left.
    """
    folders = [] if os.environ.get(IN_JOB) else found(but)
    if not folders:
        return None
    _load(service, folders)
    work = threading.Thread(
        target=bring_each, args=(service, folders), name="runyard-leftovers", daemon=True
    )
    work.start()
    return work


def _load(service: WorkspaceClient, folders: List[Path]) -> None:
    """Import what bringing needs, before there is a thread that does.

    Who forks while a thread imports a module gets a child that waits for that module for ever.
    """
    with contextlib.suppress(ImportError):
        importlib.import_module("fcntl")
    _ = service.runs
    if any(trial_lines.files(folder) for folder in folders):
        importlib.import_module("runyard.protocol.sweeps")


def bring_each(service: WorkspaceClient, folders: List[Path]) -> None:
    """Bring what dead processes left in spool folders, as far as can be just now."""
    for folder in folders:
        # Whatever hinders: it stays there, and the next process tries again.
        with contextlib.suppress(RunyardError, OSError, ValueError):
            bring(service, folder, LEFTOVER_SECONDS)


def bring(service: WorkspaceClient, folder: Path, seconds: float) -> bool:
    """Bring what dead processes left in a spool folder, and remove it.

    Args:
        service: A workspace's client; the folder may be of another workspace of its service.
        folder: The spool folder of one run.
        seconds: How long to try.

    Returns:
        Whether nothing is left that this client could bring.
    """
    place = _read(folder)
    at = _client(service, place)
    present = _files(folder)
    # Clients that wrote no place held no lock either: there the process ids have to do.
    if at is None or (not place and any(own_file.lives(own_file.writer_of(p)) for p in present)):
        return True
    with _held(present) as files:
        # Held by their writers, which live, or by another client that brings them just now.
        if (present and not files) or _is_unknown(at, folder):
            return True
        if not trial_lines.bring(at, folder, seconds):
            return False
        logs = {path: USER_LOG_PATH for path in files if path.name == USER_LOG}
        courier = Courier(at, folder.name, folder, logs, resumes=True)
        return _bring(courier, folder, files, time.monotonic() + seconds)


def finish(courier: Courier, folder: Path, deadline: float) -> bool:
    """Remove what a courier has brought from a spool folder but for the files of living processes.

    Args:
        courier: Who brings what they wrote last.
        folder: The spool folder of one run.
        deadline: On the clock of `time.monotonic`.

    Returns:
        Whether all has arrived; else nothing is removed.
    """
    with _held(_files(folder)) as files:
        return _bring(courier, folder, files, deadline)


def _bring(courier: Courier, folder: Path, files: List[Path], deadline: float) -> bool:
    if not courier.drain(deadline) or courier.refused:
        return False
    for path in files:
        for each in (path, path.with_suffix(REFUSED_SUFFIX)):
            with contextlib.suppress(FileNotFoundError):
                each.unlink()
    clear(folder)
    return True


@contextlib.contextmanager
def _held(paths: List[Path]) -> Iterator[List[Path]]:
    """Keep those of the files to ourselves whose process has ended and that nobody else has."""
    held = [(path, own_file.take(path)) for path in paths]
    try:
        yield [path for path, descriptor in held if descriptor is not None]
    finally:
        for _, descriptor in held:
            if descriptor is not None:
                os.close(descriptor)


def _is_unknown(service: WorkspaceClient, folder: Path) -> bool:
    """Put a folder aside whose run the service does not have: nobody shall ask again and again."""
    try:
        service.runs.get(folder.name)
    except RunNotFound:
        with contextlib.suppress(OSError):
            folder.rename(folder.with_name(UNKNOWN + folder.name))
        return True
    return False


def clear(folder: Path) -> None:
    """Remove a spool folder from which all has been brought, unless somebody writes there anew."""
    if not _files(folder) and not trial_lines.files(folder):
        with contextlib.suppress(OSError):
            (folder / PLACE).unlink()
        with contextlib.suppress(OSError):
            folder.rmdir()


def _files(folder: Path) -> List[Path]:
    """What processes write in a spool folder, locked as long as they live."""
    user_log = folder / USER_LOG
    return [*writers(folder), *([user_log] if user_log.exists() else [])]


def _place(service: WorkspaceClient) -> Dict[str, str]:
    url = service.connection.url
    return {"workspace": service.id, "url": "" if _is_embedded(service.connection) else url}


def _is_embedded(connection: Connection) -> bool:
    """Whether this is the state folder's own service, whose address changes."""
    record = home.read_connection(home.connection_file(home.locate()))
    return record is not None and record.url.rstrip("/") == connection.url


def _read(folder: Path) -> Dict[str, Any]:
    try:
        read: Dict[str, Any] = json.loads((folder / PLACE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return read


def _client(service: WorkspaceClient, place: Dict[str, Any]) -> Optional[WorkspaceClient]:
    """The client of a folder's workspace; None if that is at another service.

    Older clients wrote no place: then it is tried here.
    """
    if not place:
        return service
    if place.get("url") != _place(service)["url"]:
        return None
    return WorkspaceClient(service.connection, str(place.get("workspace")))
