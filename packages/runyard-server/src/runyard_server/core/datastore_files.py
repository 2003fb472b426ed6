"""The files of a datastore, wherever they are: in a folder, or in an object store.

A folder is what jobs on this machine see by themselves. What lies in a store they get as copies,
as machines do that do not see the service's folders.
"""

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from runyard.protocol.datastores import AZURE, DRAFT_PREFIX, FOLDER
from runyard.protocol.paths import UPLOADS
from runyard_server.core import sealing
from runyard_server.core.lookups import datastore_row, folder_of_row
from runyard_server.core.system import System
from runyard_server.store.datastores import DatastoreRow
from runyard_server.store.folders import INCOMING
from runyard_server.store.objects.places import Place
from runyard_server.store.trees import Tree

if TYPE_CHECKING:
    from runyard_server.store.objects.files import ObjectFiles

_USE = "datastore"


def files_of(system: System, workspace: str, name: str) -> "Tree | ObjectFiles":
    """The files of a datastore.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        name: The datastore's name.

    Raises:
        DatastoreNotFound: There is no such datastore.
    """
    row = system.read(lambda work: datastore_row(work, workspace, name))
    root = folder_of_row(system, row)
    beside = system.home.datastore(workspace, name).parent
    if root is not None:
        if root == system.home.datastore(workspace, name):
            return Tree(root, beside / INCOMING)
        # What is renamed must be on one file system, which a folder of somebody else's need not be.
        # Inside it, by names that are listed as no files of the datastore.
        drafts = root / f"{DRAFT_PREFIX}uploads"
        return Tree(root, root / f"{DRAFT_PREFIX}incoming", drafts)
    from runyard_server.store.objects.files import ObjectFiles

    return ObjectFiles(place_of(system, row), beside / UPLOADS, name)


def is_direct(system: System, row: DatastoreRow) -> bool:
    """Whether clients may be given addresses of the store's own for a datastore's files."""
    if row.kind == FOLDER or f"{row.account_name}/{row.container_name}" in system.settings.mirrors:
        return False
    place = place_of(system, row)
    # A token that opens a whole container cannot be given away as the address of one file.
    opens = place.credential("account_key") if row.kind == AZURE else place.credentials
    return bool(opens)


def place_of(system: System, row: DatastoreRow) -> Place:
    """Where a datastore of an object store is, with what opens it."""
    settings = json.loads(row.settings or "{}")
    credentials: dict[str, str] = {}
    if row.credentials:
        lost = (
            f"what opens datastore {row.name!r} was kept under another secret than the service has "
            "now; register it again with overwrite=True"
        )
        credentials = json.loads(sealing.opened(system.secret, _USE, row.credentials, lost))
    return Place(
        kind=row.kind,
        container=row.container_name,
        account=row.account_name,
        endpoint=settings.get("endpoint", ""),
        region=settings.get("region", ""),
        prefix=settings.get("prefix", ""),
        credentials=tuple(sorted(credentials.items())),
    )


def kept(system: System, row: DatastoreRow, place: Place) -> DatastoreRow:
    """A datastore's row with its place in it, as `place_of` reads it.

    Args:
        system: The service's parts.
        row: The row without.
        place: The place.
    """
    settings = {"endpoint": place.endpoint, "region": place.region, "prefix": place.prefix}
    given = json.dumps(dict(place.credentials))
    return replace(
        row,
        kind=place.kind,
        settings=json.dumps({name: value for name, value in settings.items() if value}),
        credentials=sealing.sealed(system.secret, _USE, given) if place.credentials else "",
    )
