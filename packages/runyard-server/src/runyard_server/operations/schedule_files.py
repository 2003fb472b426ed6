"""The files that a schedule of a folder is due for: those in it, and none below.

A file has changed when its size, its time or what its store calls its version is another one: none
of these alone would do, for files come by copies that keep the time, too.
"""

from runyard.protocol.errors import InvalidRequest
from runyard.protocol.schedules import DataTrigger
from runyard_server.core.datastore_files import files_of
from runyard_server.core.system import System
from runyard_server.store.folders import checked

MOST = 100_000
_FEW, _MANY = 100, 10_000
_BEHIND_ALL = "\U0010ffff"


def versions(system: System, workspace: str, trigger: DataTrigger) -> dict[str, str]:
    """The files of a folder with what tells their versions apart, by name.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        trigger: The folder.

    Raises:
        DatastoreNotFound: There is no such datastore.
        InvalidRequest: The folder has too many files, or its path is malformed.
        RunyardError: The store cannot be asked.
    """
    tree = files_of(system, workspace, trigger.datastore)
    folder = _folder(trigger)
    prefix = f"{folder}/" if folder else ""
    found: dict[str, str] = {}
    after: str | None = None
    size = _FEW
    while len(found) <= MOST:
        page = tree.page(prefix, after, size)
        full = len(page) == size
        size = min(size * 4, _MANY)
        for file in page:
            name, below, _ = file.path.removeprefix(prefix).partition("/")
            after = file.path
            if below:
                # On behind all that is in that folder; a page of it is read for nothing.
                after, full, size = f"{prefix}{name}/{_BEHIND_ALL}", True, _FEW
                break
            found[name] = f"{file.size} {file.modified_at} {file.etag}"
        if not full:
            return found
    raise InvalidRequest(
        f"{trigger.path or 'the root'!r} of datastore {trigger.datastore!r} has more than {MOST} "
        "files, too many to be looked at every few minutes; have the schedule look at a folder "
        "for new ones alone"
    )


def place(trigger: DataTrigger, changed: list[str]) -> dict[str, str]:
    """What the parameter of a run gets: the changed file, or the folder when there are several.

    Args:
        trigger: The folder.
        changed: Names of files in it.
    """
    folder = _folder(trigger)
    path = "/".join(filter(None, [folder, *changed])) if len(changed) == 1 else folder
    return {"datastore": trigger.datastore, "path": path}


def _folder(trigger: DataTrigger) -> str:
    """The folder in its one spelling, "" for the root."""
    given = trigger.path.strip("/")
    return "" if given in ("", ".") else checked(given)
