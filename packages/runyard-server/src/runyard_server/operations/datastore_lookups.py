"""What the verbs of datastores share: records, and refusals that name what is there."""

from typing import TYPE_CHECKING

from runyard.protocol.datastores import FOLDER, DatastoreRecord
from runyard.protocol.errors import AlreadyExists, DatastorePathNotFound, Forbidden, RunyardError
from runyard.protocol.suggestions import suggest
from runyard_server.core.clock import iso
from runyard_server.core.datastore_files import is_direct, place_of
from runyard_server.core.system import System
from runyard_server.store.datastores import DatastoreRow
from runyard_server.store.folders import checked
from runyard_server.store.workspaces import WorkspaceRow

if TYPE_CHECKING:
    from runyard_server.store.objects.files import ObjectFiles
    from runyard_server.store.trees import Tree

# Read for each wrong path, where there may be millions of files.
_SHOWN = 500


def record_of(system: System, row: DatastoreRow, owner: WorkspaceRow) -> DatastoreRecord:
    """A datastore's record, which has nothing of what opens its store.

    Args:
        system: The service's parts.
        row: The datastore.
        owner: Its workspace.
    """
    at_home = row.kind == FOLDER
    place = None if at_home else place_of(system, row)
    mirrored = f"{row.account_name}/{row.container_name}" in system.settings.mirrors
    return DatastoreRecord(
        name=row.name,
        datastore_type=row.datastore_type,
        account_name=row.account_name,
        container_name=row.container_name,
        created_at=iso(row.created_at),
        is_default=row.name == owner.default_datastore,
        protocol="file" if mirrored else row.protocol,
        kind=FOLDER if mirrored else row.kind,
        endpoint=place.endpoint if place else "",
        region=place.region if place else "",
        prefix=place.prefix if place else "",
        direct=is_direct(system, row),
    )


def no_path(tree: "Tree | ObjectFiles", datastore: str, path: str) -> DatastorePathNotFound:
    """The refusal for a file that is not there.

    Args:
        tree: The datastore's files.
        datastore: Its name.
        path: The path, from outside.
    """
    wanted = checked(path)
    below = tree.page(wanted + "/", None, 1)
    if below:
        return DatastorePathNotFound(
            f"{wanted!r} on datastore {datastore!r} is a folder, not a file; list its files "
            "and take them one by one",
            {"nearest": [below[0].path]},
        )
    near = suggest(wanted, [file.path for file in tree.page("", None, _SHOWN)], "it is empty")
    return DatastorePathNotFound(
        f"datastore {datastore!r} has no file {wanted!r}; {near.sentence}",
        {"nearest": near.names},
    )


def taken(datastore: str, path: str, *, closed: bool) -> RunyardError:
    """The refusal for a file that is there already.

    Args:
        datastore: The datastore's name.
        path: The path.
        closed: Whether it is a job that asks, which may not replace this one.
    """
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
