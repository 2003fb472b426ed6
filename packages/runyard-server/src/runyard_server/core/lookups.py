"""The rows that a request is about, or the refusal that names those it may have meant."""

from pathlib import Path

from runyard.protocol.datastores import FOLDER
from runyard.protocol.errors import (
    DatastoreNotFound,
    NotFound,
    RunNotFound,
    WorkspaceNotFound,
    WrongState,
)
from runyard.protocol.suggestions import KNOWN, suggest
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.store import datastores, endpoints, job_nodes, runs, sweeps, workspaces
from runyard_server.store.datastores import DatastoreRow
from runyard_server.store.endpoints import EndpointRow
from runyard_server.store.job_nodes import JobNodeRow
from runyard_server.store.runs import RunRow
from runyard_server.store.sweeps import SweepRow
from runyard_server.store.workspaces import WorkspaceRow

_NEWEST = 200
# difflib's time grows with the square of what is compared, and an id from outside may be long.
_LONGEST = 200
# Ids of one experiment are alike without being meant: a slip leaves more than that.
_LIKE = 0.85
# More digits may be beyond 64 bits, which SQLite's driver answers with an error of its own.
_DIGITS = 9


def workspace_row(work: Work, workspace: str) -> WorkspaceRow:
    """The row of a workspace.

    Raises:
        WorkspaceNotFound: There is none; the message names the nearest.
    """
    row = workspaces.find(work.connection, workspace)
    if row is None:
        near = suggest(workspace, workspaces.ids(work.connection, KNOWN), "there are none yet")
        raise WorkspaceNotFound(
            f"there is no workspace {workspace!r} here; {near.sentence}. "
            "Workspace.create makes one",
            {"nearest": near.names},
        )
    return row


def datastore_row(work: Work, workspace: str, name: str) -> DatastoreRow:
    """The row of a datastore.

    Args:
        work: The unit of work.
        workspace: Id of the workspace.
        name: Its name.

    Raises:
        DatastoreNotFound: There is none; the message names those there are.
    """
    row = datastores.find(work.connection, workspace, name)
    if row is not None:
        return row
    workspace_row(work, workspace)
    known = [row.name for row in datastores.of_workspace(work.connection, workspace)]
    near = suggest(name, known, "it has none")
    raise DatastoreNotFound(
        f"workspace {workspace!r} has no datastore {name!r}; {near.sentence}",
        {"nearest": near.names},
    )


def folder_of_row(system: System, row: DatastoreRow) -> Path | None:
    """The folder of a datastore that has one on this machine; the service's own is made.

    Args:
        system: The service's parts.
        row: The datastore.

    Raises:
        WrongState: The folder that the settings name for it is not there.
    """
    if row.kind == FOLDER:
        place = system.home.datastore(row.workspace, row.name)
        # Made with its first use: a new workspace's datastores are rows alone.
        place.mkdir(parents=True, exist_ok=True)
        return place
    return mirror(system, row.account_name, row.container_name)


def mirror(system: System, account: str, container: str) -> Path | None:
    """The folder that the settings name in place of a container, if any.

    Args:
        system: The service's parts.
        account: The storage account.
        container: The container or share.

    Raises:
        WrongState: It is not there.
    """
    named = f"{account}/{container}"
    place = system.settings.mirrors.get(named)
    if place is None:
        return None
    found = Path(place).expanduser()
    if not found.is_dir():
        raise WrongState(
            f"[mirrors] in config.toml has {place!r} for {named!r}, and there is no such folder on "
            "the service's machine; make it, or correct the line and start the service again"
        )
    return found


def datastore_folder(system: System, workspace: str, name: str) -> Path:
    """The folder of a datastore that must have one.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        name: Its name.

    Raises:
        DatastoreNotFound: There is no such datastore.
        WrongState: It is in an object store.
    """
    root = folder_of(system, workspace, name)
    if root is None:
        raise WrongState(
            f"datastore {name!r} is in an object store, which is no folder; copy what is needed to "
            "a datastore of the service, such as workspaceblobstore"
        )
    return root


def folder_of(system: System, workspace: str, name: str) -> Path | None:
    """The folder of a datastore, None where it is in an object store.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        name: Its name.

    Raises:
        DatastoreNotFound: There is no such datastore.
    """
    return folder_of_row(system, system.read(lambda work: datastore_row(work, workspace, name)))


def run_row(work: Work, workspace: str, run: str) -> RunRow:
    """The row of a run.

    Args:
        work: The unit of work.
        workspace: Id of the workspace.
        run: Id of the run.

    Raises:
        RunNotFound: No such run in the workspace; the message names the nearest of its newest.
        WorkspaceNotFound: No such workspace.
    """
    row = runs.find(work.connection, workspace, run)
    if row is None:
        workspace_row(work, workspace)
        newest = runs.newest(work.connection, workspace, _NEWEST)
        ids = [known.id for known in newest]
        near = suggest(run[:_LONGEST], ids, "it has none yet", like=_LIKE, few=0)
        raise RunNotFound(
            f"workspace {workspace!r} has no run {run[:_LONGEST]!r}; {near.sentence}",
            {"nearest": near.names},
        )
    return row


def sweep_row(work: Work, workspace: str, sweep: str) -> SweepRow:
    """The row of a sweep.

    Args:
        work: The unit of work.
        workspace: Id of the workspace.
        sweep: Id of the sweep.

    Raises:
        NotFound: There is no such sweep; says if it is another kind of run.
        RunNotFound: There is no such run either; the message names the nearest.
    """
    row = sweeps.find(work.connection, workspace, sweep)
    if row is None:
        run_row(work, workspace, sweep)
        raise NotFound(f"run {sweep} is no sweep; `runyard sweeps list` shows them")
    return row


def own_sweep_row(work: Work, workspace: str, sweep: str) -> SweepRow:
    """The row of a sweep that the service itself makes.

    Args:
        work: The unit of work.
        workspace: Id of the workspace.
        sweep: Id of the sweep.

    Raises:
        NotFound: There is no such sweep.
        WrongState: It shows a study of a journal.
    """
    row = sweep_row(work, workspace, sweep)
    if row.journal_key is not None:
        raise WrongState(
            f"sweep {row.id} shows the Optuna study {row.name!r} of journal {row.experiment!r}: "
            "whoever optimizes it changes and ends it, by runyard.optuna.Storage"
        )
    return row


def endpoint_row(work: Work, workspace: str, name: str) -> EndpointRow:
    """The row of an endpoint.

    Args:
        work: The unit of work.
        workspace: Id of the workspace.
        name: Its name.

    Raises:
        NotFound: There is none; the message names the nearest.
    """
    row = endpoints.find(work.connection, workspace, name)
    if row is None:
        workspace_row(work, workspace)
        known = endpoints.names(work.connection, workspace, KNOWN)
        near = suggest(name, known, "it has none yet")
        raise NotFound(
            f"workspace {workspace!r} has no endpoint {name[:_LONGEST]!r}; {near.sentence}",
            {"nearest": near.names},
        )
    return row


def run_key(work: Work, workspace: str, run: str) -> int:
    """The key of a run, which costs less than its row.

    Args:
        work: The unit of work.
        workspace: Id of the workspace.
        run: Id of the run.

    Raises:
        RunNotFound: No such run in the workspace.
    """
    key = runs.key_of(work.connection, workspace, run)
    # For the refusal, which names the nearest.
    return run_row(work, workspace, run).key if key is None else key


def has_run(work: Work, workspace: str, run: str) -> bool:
    """Whether there is a run of an id.

    Args:
        work: The unit of work.
        workspace: Id of the workspace.
        run: Id of the run.
    """
    return runs.key_of(work.connection, workspace, run) is not None


def node_row(work: Work, workspace: str, run: str, node: str) -> tuple[RunRow, JobNodeRow]:
    """The rows of a run and of the node of it that an agent speaks for.

    Args:
        work: The unit of work.
        workspace: The workspace.
        run: The run's id.
        node: The node's number, as text from outside.

    Raises:
        RunNotFound: No such run in the workspace.
        NotFound: The run has no such node.
    """
    row = run_row(work, workspace, run)
    found = job_nodes.find(work.connection, row.key, number(node))
    if found is None:
        raise NotFound(f"run {run} has no node {node[:20]!r}")
    return row, found


def number(text: str) -> int:
    """The number that a path's segment is; -1, which nothing has, where it is none."""
    # isdigit alone lets superscripts through, which int() refuses.
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _DIGITS else -1
