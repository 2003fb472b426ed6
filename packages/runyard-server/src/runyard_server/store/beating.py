"""Rows of runs that a process has begun and beats for: which process that is."""

from collections.abc import Mapping

from sqlalchemy import Connection, bindparam, delete, insert, select

from runyard_server.store.schema import beating_runs, runs

_ADD = insert(beating_runs)
_REMOVE = delete(beating_runs).where(beating_runs.c.run_key == bindparam("of_run"))


def add(connection: Connection, key: int, process: str) -> None:
    """Write down the process that beats for a run.

    Args:
        connection: The transaction's connection.
        key: Key of the run's row.
        process: The process, as it told itself.
    """
    # Another process may go on with the run: the row is of the last one.
    remove(connection, key)
    connection.execute(_ADD, {"run_key": key, "process": process})


def remove(connection: Connection, key: int) -> None:
    """Forget the process of a run."""
    connection.execute(_REMOVE, {"of_run": key})


def active(connection: Connection) -> Mapping[int, str]:
    """The process of each run that has not ended and has one, by key."""
    # Rows of runs that ended by their own word are left; the join passes them over.
    found = select(beating_runs.c.run_key, beating_runs.c.process)
    found = found.join(runs, runs.c.key == beating_runs.c.run_key).where(runs.c.active.is_(True))
    return {int(row.run_key): str(row.process) for row in connection.execute(found)}
