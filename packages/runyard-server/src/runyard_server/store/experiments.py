"""Rows of experiments. `run_count` is stored, so numbering a run counts nothing."""

import uuid
from dataclasses import dataclass, fields

from sqlalchemy import Connection, insert, select, update

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


def find(connection: Connection, workspace: str, name: str) -> ExperimentRow | None:
    """Give an experiment by its name, or None."""
    found = select(*_COLUMNS).where(
        experiments.c.workspace == workspace, experiments.c.name == name
    )
    row = connection.execute(found).one_or_none()
    return None if row is None else ExperimentRow(*row)


def ensure(connection: Connection, workspace: str, name: str, now: int) -> ExperimentRow:
    """Give an experiment by its name; it is made if there is none."""
    found = find(connection, workspace, name)
    if found is not None:
        return found
    row = ExperimentRow(str(uuid.uuid4()), workspace, name, 0, now)
    values = {f.name: getattr(row, f.name) for f in fields(row)}
    connection.execute(insert(experiments).values(**values))
    return row


def next_number(connection: Connection, experiment_id: str) -> int:
    """Count a new run of an experiment and give its number, from 1."""
    mine = experiments.c.id == experiment_id
    connection.execute(
        update(experiments).where(mine).values(run_count=experiments.c.run_count + 1)
    )
    return int(connection.execute(select(experiments.c.run_count).where(mine)).scalar_one())


def page(
    connection: Connection, workspace: str, after: str | None, limit: int
) -> list[ExperimentRow]:
    """Give up to `limit` experiments of a workspace with names above `after`, by name."""
    found = select(*_COLUMNS).where(experiments.c.workspace == workspace)
    if after is not None:
        found = found.where(experiments.c.name > after)
    rows = connection.execute(found.order_by(experiments.c.name).limit(limit))
    return [ExperimentRow(*row) for row in rows]


def names(connection: Connection, workspace: str, limit: int) -> list[str]:
    """Give the names of up to `limit` experiments of a workspace."""
    found = select(experiments.c.name).where(experiments.c.workspace == workspace).limit(limit)
    return list(connection.execute(found).scalars())
