"""The run that a request is about, or the refusal that names those it may have meant."""

from runyard.protocol.errors import RunNotFound
from runyard_server.operations import workspaces
from runyard_server.operations.nearest import suggest
from runyard_server.store import runs
from runyard_server.store.records import Connection
from runyard_server.store.runs import RunFilter, RunRow

_NEWEST = 200
_LONGEST = 200
# Ids of one experiment are alike without being meant: a slip leaves more than that.
_LIKE = 0.85


def run_row(connection: Connection, workspace: str, run: str) -> RunRow:
    """Give the row of a run.

    Raises:
        RunNotFound: No such run in the workspace; the message names the nearest of its newest.
        WorkspaceNotFound: No such workspace.
    """
    row = runs.find(connection, workspace, run)
    if row is None:
        workspaces.require(connection, workspace)
        newest = runs.page(connection, workspace, RunFilter(), None, _NEWEST)
        ids = [known.id for known in newest]
        near = suggest(run[:_LONGEST], ids, "it has none yet", like=_LIKE, few=0)
        raise RunNotFound(
            f"workspace {workspace!r} has no run {run[:_LONGEST]!r}; {near.sentence}",
            {"nearest": near.names},
        )
    return row


def run_key(connection: Connection, workspace: str, run: str) -> int:
    """Give the key of a run, which costs less than its row.

    Raises:
        RunNotFound: No such run in the workspace.
    """
    key = runs.key_of(connection, workspace, run)
    return run_row(connection, workspace, run).key if key is None else key
