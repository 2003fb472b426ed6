"""Rows of what runs worked with and made, as trackers tell it: datasets, models."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, insert, select

from runyard.protocol.filters import Condition
from runyard_server.store.schema import runs
from runyard_server.store.searched import compared
from runyard_server.store.tracking_schema import run_inputs

DATASET, MODEL_INPUT, MODEL_OUTPUT = "dataset", "model_input", "model_output"
DATASET_FIELDS = ("name", "digest", "context")
LOOKED_AT = 1000


@dataclass(frozen=True, slots=True)
class InputRow:
    """One of a run's datasets or models; `document` is the JSON of all that was told of it."""

    kind: str
    name: str
    digest: str
    context: str | None
    document: str


_COLUMNS = [run_inputs.c[f.name] for f in fields(InputRow)]


def of_runs(connection: Connection, keys: Sequence[int]) -> dict[int, list[InputRow]]:
    """The inputs and outputs of runs, by key, in the order in which they came."""
    result: dict[int, list[InputRow]] = {key: [] for key in keys}
    found = select(run_inputs.c.run_key, *_COLUMNS).where(run_inputs.c.run_key.in_(list(keys)))
    ordered = found.order_by(run_inputs.c.run_key, run_inputs.c.number)
    for key, *values in connection.execute(ordered):
        result[key].append(InputRow(*values))
    return result


def add(connection: Connection, key: int, rows: Sequence[InputRow]) -> None:
    """Add inputs or outputs to a run.

    Args:
        connection: The transaction's connection.
        key: Key of the run's row.
        rows: What is added.
    """
    if not rows:
        return
    last = select(func.coalesce(func.max(run_inputs.c.number), 0))
    number = int(connection.execute(last.where(run_inputs.c.run_key == key)).scalar_one())
    values = [
        {"run_key": key, "number": number + place, **{f: getattr(row, f) for f in _FIELDS}}
        for place, row in enumerate(rows, 1)
    ]
    connection.execute(insert(run_inputs), values)


def datasets_of(
    connection: Connection, workspace: str, experiment: str, limit: int
) -> list[tuple[str, str, str | None]]:
    """The different datasets of an experiment's newest runs: name, digest and context.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        experiment: Name of the experiment.
        limit: The most that are wanted.
    """
    table = run_inputs.c
    mine = runs.c.workspace == workspace, runs.c.experiment == experiment
    # Most runs of an experiment work with the same few: to look at all of them tells no more.
    newest = select(runs.c.key).where(*mine).order_by(runs.c.key.desc()).limit(LOOKED_AT).subquery()
    found = (
        select(table.name, table.digest, table.context)
        .distinct()
        .join(newest, table.run_key == newest.c.key)
        .where(table.kind == DATASET)
        .limit(limit)
    )
    return [(*row,) for row in connection.execute(found)]


def has(one: Condition) -> ColumnElement[bool]:
    """The condition that a run has a dataset that is as a condition says."""
    column: Any = run_inputs.c[one.field.name]
    mine = run_inputs.c.run_key == runs.c.key, run_inputs.c.kind == DATASET
    found = select(run_inputs.c.run_key).where(*mine, compared(one, column, column))
    return found.correlate(runs).exists()


_FIELDS = tuple(f.name for f in fields(InputRow))
