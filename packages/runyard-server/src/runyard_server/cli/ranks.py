"""Finding one process of a run with several, by its rank or by its name."""

from runyard.protocol.errors import InvalidRequest
from runyard.protocol.jobs import RankRecord
from runyard_server.cli.target import WorkspaceClient


def log_of(client: WorkspaceClient, run: str, wanted: str, *, sure: bool = True) -> str:
    """Find the path of a process's log in its run.

    Args:
        client: The workspace.
        run: The run's id.
        wanted: A rank (`3`) or a name (`worker 1`, `worker_1`).
        sure: Whether all processes must be known by now; else "" says that this one is not.

    Raises:
        InvalidRequest: There is no such process; the message lists those there are.
    """
    found = client.runs.ranks(run)
    for one in found:
        if _is_meant(one, wanted):
            return one.log
    # Not told of yet, while nodes are still meeting: who follows asks again.
    if not sure:
        return ""
    there = ", ".join(f"{one.rank} ({one.name})" for one in found)
    if not there:
        raise InvalidRequest(
            f"run {run} has told of no processes: it has not started yet, or it is one process, "
            "whose log is printed without --rank"
        )
    raise InvalidRequest(f"run {run} has no process {wanted!r}; there are: {there}")


def _is_meant(one: RankRecord, wanted: str) -> bool:
    # The name in a log's path has `_` for the blank.
    name = wanted.strip().lower().replace("_", " ")
    return name in (str(one.rank), one.name)
