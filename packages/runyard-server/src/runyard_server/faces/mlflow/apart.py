"""Files of MLflow's store that are no run's and no model's: a folder of a datastore.

MLflow's server keeps whatever path it is told. What no run and no model could have lies below one
folder of the workspace's first datastore, where jobs and people see it as files like others.
"""

from runyard.protocol.datastores import BLOB_STORE, WriteQuery
from runyard_server.core.datastore_files import files_of
from runyard_server.core.system import Content, RemoteContent
from runyard_server.faces.mlflow.asked import Asked
from runyard_server.operations import datastores
from runyard_server.operations.file_trees import Child
from runyard_server.store.folders import Body, checked

FOLDER = "mlflow-artifacts"
_MANY = 100
_BEHIND_ALL = "\U0010ffff"


def read(given: Asked, path: str) -> Content | RemoteContent:
    """A file.

    Args:
        given: The request.
        path: Its path below the folder.

    Raises:
        DatastorePathNotFound: There is none.
    """
    return datastores.read(given.system, given.workspace, BLOB_STORE, _below(path))


def write(given: Asked, path: str, body: Body) -> None:
    """Write a file; one of the same path is replaced, as MLflow's server does.

    Args:
        given: The request.
        path: Its path below the folder.
        body: The bytes.
    """
    query = WriteQuery(overwrite=True)
    datastores.write(given.system, given.workspace, BLOB_STORE, _below(path), query, body)


def children(given: Asked, folder: str) -> list[Child]:
    """The files and folders in a folder, by name; none where there is no such folder.

    Args:
        given: The request.
        folder: Its path below the folder, "" for all of it.
    """
    tree = files_of(given.system, given.workspace, BLOB_STORE)
    prefix = f"{_below(folder)}/" if folder else f"{FOLDER}/"
    found: dict[str, int | None] = {}
    after: str | None = None
    while page := tree.page(prefix, after, _MANY):
        for file in page:
            name, below, _ = file.path.removeprefix(prefix).partition("/")
            found[name], after = None if below else file.size, file.path
            if below:
                # On behind all that is in that folder, however much it is.
                after = f"{prefix}{name}/{_BEHIND_ALL}"
                break
    return [Child(name, found[name]) for name in sorted(found)]


def remove(given: Asked, path: str) -> None:
    """Remove a file, or a folder with all in it; what is not there is no fault.

    Args:
        given: The request.
        path: Its path below the folder.
    """
    tree = files_of(given.system, given.workspace, BLOB_STORE)
    place = _below(path)
    tree.remove(place)
    # Each page anew from the first: what it had is gone.
    while page := tree.page(f"{place}/", None, _MANY):
        for file in page:
            tree.remove(file.path)


def _below(path: str) -> str:
    return f"{FOLDER}/{checked(path)}"
