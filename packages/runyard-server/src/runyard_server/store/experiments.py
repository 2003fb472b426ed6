"""Rows of experiments. `run_count` is stored, so numbering a run counts nothing."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, fields

from sqlalchemy import Connection, bindparam, insert, select, update

from runyard_server.store.nouns import AFTER_HIDDEN, not_hidden
from runyard_server.store.prepared import Prepared
from runyard_server.store.schema import experiments


@dataclass(frozen=True, slots=True)
class ExperimentRow:
    """One row of `experiments`; `created_at` is microseconds since 1970 in UTC."""

    id: str
    workspace: str
    name: str
    run_count: int
    created_at: int


_COLUMNS = [experiments.c[f.name] for f in fields(ExperimentRow)]
_FIND = Prepared(
    select(*_COLUMNS).where(
        experiments.c.workspace == bindparam("in_workspace"),
        experiments.c.name == bindparam("named"),
    )
)
_HIDDEN = Prepared(
    select(experiments.c.id)
    .where(experiments.c.workspace == bindparam("in_workspace"), experiments.c.name < AFTER_HIDDEN)
    .limit(1)
)
_MINE = experiments.c.id == bindparam("experiment")
_COUNT_ONE = Prepared(
    update(experiments).where(_MINE).values(run_count=experiments.c.run_count + 1)
)
_NOTES = Prepared(select(experiments.c.notes).where(_MINE))
_COUNT = Prepared(select(experiments.c.run_count).where(_MINE))


def find(connection: Connection, workspace: str, name: str) -> ExperimentRow | None:
    """The experiment of this name, or None.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        name: Its name.
    """
    row = _FIND.row(connection, {"in_workspace": workspace, "named": name})
    return None if row is None else ExperimentRow(*row)


def hides_any(connection: Connection, workspace: str) -> bool:
    """Whether a workspace has an experiment that lists do not show.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
    """
    return _HIDDEN.row(connection, {"in_workspace": workspace}) is not None


def ensure(connection: Connection, workspace: str, name: str, now: int) -> ExperimentRow:
    """The experiment of this name; it is made if there is none.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        name: Its name.
        now: Microseconds since 1970.
    """
    found = find(connection, workspace, name)
    if found is not None:
        return found
    row = ExperimentRow(str(uuid.uuid4()), workspace, name, 0, now)
    values = {f.name: getattr(row, f.name) for f in fields(row)}
    connection.execute(insert(experiments).values(**values))
    return row


def next_number(connection: Connection, experiment_id: str) -> int:
    """Count a new run of an experiment and give its number, from 1."""
    mine = {"experiment": experiment_id}
    # Two statements: RETURNING is newer than the oldest SQLite that a Python may bring.
    _COUNT_ONE.run(connection, mine)
    return int(_COUNT.value(connection, mine))


def find_many(connection: Connection, workspace: str, names: Sequence[str]) -> list[ExperimentRow]:
    """The experiments of these names that exist, in the order of the names.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        names: Which names.
    """
    found = select(*_COLUMNS).where(
        experiments.c.workspace == workspace, experiments.c.name.in_(list(names))
    )
    # IN gives them in any order.
    by_name = {row.name: ExperimentRow(*row) for row in connection.execute(found)}
    return [by_name[name] for name in names if name in by_name]


def names(connection: Connection, workspace: str, limit: int) -> list[str]:
    """The first `limit` names of experiments of a workspace, in order.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        limit: The most that are wanted.
    """
    mine = experiments.c.workspace == workspace, not_hidden(experiments.c.name)
    found = select(experiments.c.name).where(*mine).order_by(experiments.c.name).limit(limit)
    return list(connection.execute(found).scalars())


def notes(connection: Connection, experiment_id: str) -> str:
    """What people wrote about an experiment; not in its row, which every submission reads."""
    return str(_NOTES.value(connection, {"experiment": experiment_id}))


def set_notes(connection: Connection, experiment_id: str, text: str) -> None:
    """Replace what people wrote about an experiment.

    Args:
        connection: The open connection.
        experiment_id: The experiment's own id, not its name.
        text: The new notes; "" for none.
    """
    mine = experiments.c.id == experiment_id
    connection.execute(update(experiments).where(mine).values(notes=text))
