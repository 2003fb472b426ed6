"""The rows that a request is about, or the refusal that names those it may have meant."""

from pathlib import Path

from runyard.protocol.errors import DatastoreNotFound, RunNotFound, WorkspaceNotFound
from runyard_server.core.suggestions import KNOWN, suggest
from runyard_server.core.system import System
from runyard_server.store import datastores, runs, workspaces
from runyard_server.store.datastores import DatastoreRow
from runyard_server.store.records import Connection
from runyard_server.store.runs import RunFilter, RunRow
from runyard_server.store.workspaces import WorkspaceRow

_NEWEST = 200
_LONGEST = 200
# Ids of one experiment are alike without being meant: a slip leaves more than that.
_LIKE = 0.85


def workspace_row(connection: Connection, workspace: str) -> WorkspaceRow:
    """The row of a workspace.

    Raises:
        WorkspaceNotFound: There is none; the message names the nearest.
    """
    row = workspaces.find(connection, workspace)
    if row is None:
        near = suggest(workspace, workspaces.ids(connection, KNOWN), "there are none yet")
        raise WorkspaceNotFound(
            f"there is no workspace {workspace!r} here; {near.sentence}. "
            "Workspace.create makes one",
            {"nearest": near.names},
        )
    return row


def datastore_row(connection: Connection, workspace: str, name: str) -> DatastoreRow:
    """The row of a datastore.

    Raises:
        DatastoreNotFound: There is none; the message names those there are.
    """
    row = datastores.find(connection, workspace, name)
    if row is not None:
        return row
    workspace_row(connection, workspace)
    known = [row.name for row in datastores.of_workspace(connection, workspace)]
    near = suggest(name, known, "it has none")
    raise DatastoreNotFound(
        f"workspace {workspace!r} has no datastore {name!r}; {near.sentence}",
        {"nearest": near.names},
    )


def datastore_folder(system: System, workspace: str, name: str) -> Path:
    """The folder of a datastore, made if it is missing.

    Raises:
        DatastoreNotFound: There is no such datastore.
    """
    system.records.read(lambda c: datastore_row(c, workspace, name))
    place = system.home.datastore(workspace, name)
    place.mkdir(parents=True, exist_ok=True)
    return place


def run_row(connection: Connection, workspace: str, run: str) -> RunRow:
    """The row of a run.

    Raises:
        RunNotFound: No such run in the workspace; the message names the nearest of its newest.
        WorkspaceNotFound: No such workspace.
    """
    row = runs.find(connection, workspace, run)
    if row is None:
        workspace_row(connection, workspace)
        newest = runs.page(connection, workspace, RunFilter(), None, _NEWEST)
        ids = [known.id for known in newest]
        near = suggest(run[:_LONGEST], ids, "it has none yet", like=_LIKE, few=0)
        raise RunNotFound(
            f"workspace {workspace!r} has no run {run[:_LONGEST]!r}; {near.sentence}",
            {"nearest": near.names},
        )
    return row


def run_key(connection: Connection, workspace: str, run: str) -> int:
    """The key of a run, which costs less than its row.

    Raises:
        RunNotFound: No such run in the workspace.
    """
    key = runs.key_of(connection, workspace, run)
    return run_row(connection, workspace, run).key if key is None else key
