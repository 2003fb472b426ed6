"""Runs that lists leave out: archived by people, or deleted by a tracker such as MLflow."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, bindparam, func, select, true, update

from runyard_server.store.prepared import Prepared
from runyard_server.store.runs import COLUMNS, RunRow, row_of
from runyard_server.store.schema import job_nodes, runs

_ANY = Prepared(
    select(runs.c.key)
    .where(runs.c.workspace == bindparam("in_workspace"), runs.c.archived == true())
    .limit(1)
)
_ARCHIVED_OF = Prepared(
    select(func.count()).where(
        runs.c.workspace == bindparam("in_workspace"),
        runs.c.experiment == bindparam("of_experiment"),
        runs.c.archived == true(),
    )
)
_DELETED = Prepared(
    select(runs.c.key)
    .where(runs.c.workspace == bindparam("in_workspace"), runs.c.deleted_at.is_not(None))
    .limit(1)
)
_SET = Prepared(update(runs).where(runs.c.key == bindparam("of_run")))


def has_archived(connection: Connection, workspace: str) -> bool:
    """Whether a workspace has archived runs.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
    """
    return _ANY.row(connection, {"in_workspace": workspace}) is not None


def archived_of(
    connection: Connection, workspace: str, experiments: Sequence[str]
) -> dict[str, int]:
    """How many runs of experiments are archived, by the experiment's name.

    Counted, as few are: 100,000 take some milliseconds along their index, and a stored number
    would have to be right after each way into the trash and back.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        experiments: Their names.
    """
    if not has_archived(connection, workspace):
        return dict.fromkeys(experiments, 0)

    def count(name: str) -> int:
        values = {"in_workspace": workspace, "of_experiment": name}
        return int(_ARCHIVED_OF.value(connection, values))

    return {name: count(name) for name in experiments}


def mark_archived(connection: Connection, keys: Iterable[int], *, archived: bool) -> None:
    """Set whether runs are archived.

    Args:
        connection: The transaction's connection.
        keys: Their keys.
        archived: What they are from now on.
    """
    for key in keys:
        _SET.run(connection, {"of_run": key, "archived": archived})


def has_deleted(connection: Connection, workspace: str) -> bool:
    """Whether a workspace has runs that a tracker has deleted.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
    """
    return _DELETED.row(connection, {"in_workspace": workspace}) is not None


def deleted_before(connection: Connection, workspace: str, before: int, limit: int) -> list[RunRow]:
    """Some runs that a tracker has deleted before a time, all of which is delivered.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        before: Microseconds since 1970.
        limit: The most that are wanted.
    """
    mine = (runs.c.workspace == workspace, runs.c.deleted_at <= before, runs.c.active.is_(False))
    waiting = select(job_nodes.c.run_key).where(job_nodes.c.finished_at.is_(None))
    found = select(*COLUMNS).where(*mine, runs.c.key.not_in(waiting))
    return [row_of(row) for row in connection.execute(found.limit(limit))]


def mark_deleted(connection: Connection, workspace: str, experiment: str, at: int | None) -> None:
    """Delete all runs of an experiment, or with None restore them.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        experiment: Name of the experiment.
        at: When, in microseconds since 1970.
    """
    mine = runs.c.workspace == workspace, runs.c.experiment == experiment
    connection.execute(update(runs).where(*mine).values(deleted_at=at))
