"""Rows of pipeline runs, of their nodes, and of what steps have made that others may reuse."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, insert, select, update

from runyard.protocol.pipelines import BEGUN, OutputRecord
from runyard_server.store.pipeline_schema import pipeline_nodes, pipeline_runs, step_results
from runyard_server.store.prepared import Prepared
from runyard_server.store.schema import run_specs, runs
from runyard_server.store.subjects import PIPELINE, Subject

_OUTPUTS = msgspec.json.Decoder(list[OutputRecord])


@dataclass(frozen=True, slots=True)
class PipelineRow:
    """One row of `pipeline_runs`; `spec` is JSON of a PipelineSpec."""

    run_key: int
    active: bool
    spec: str
    parameters: dict[str, Any]
    continue_on_failure: bool = False
    regenerate: bool = False


@dataclass(frozen=True, slots=True)
class NodeRow:
    """One row of `pipeline_nodes`: `number` is the node's place in the spec, `step_key` its run.

    `parts` is JSON of what decides what it makes (`pipelines.keys.Parts`), as known when it began.
    """

    run_key: int
    number: int
    step_key: int
    state: str
    digest: str = ""
    reuse: str = ""
    reason: str = ""
    reused_key: int | None = None
    parts: str = ""
    outputs: list[OutputRecord] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ResultRow:
    """One row of `step_results`: what a step that has completed has made."""

    run_key: int
    workspace: str
    digest: str
    name: str
    parts: str
    outputs: list[OutputRecord] = field(default_factory=list)


_RUN_NAMES = tuple(f.name for f in fields(PipelineRow))
_NODE_NAMES = tuple(f.name for f in fields(NodeRow))
_RESULT_NAMES = tuple(f.name for f in fields(ResultRow))
_FIND = Prepared(
    select(*(pipeline_runs.c[name] for name in _RUN_NAMES)).where(
        pipeline_runs.c.run_key == bindparam("of_run")
    )
)
_NODES = Prepared(
    select(*(pipeline_nodes.c[name] for name in _NODE_NAMES))
    .where(pipeline_nodes.c.run_key == bindparam("of_run"))
    .order_by(pipeline_nodes.c.number)
)
_CHANGE_NODE = Prepared(
    update(pipeline_nodes).where(
        pipeline_nodes.c.run_key == bindparam("of_run"),
        pipeline_nodes.c.number == bindparam("numbered"),
    )
)
_RESULTS = select(*(step_results.c[name] for name in _RESULT_NAMES))


def add(connection: Connection, row: PipelineRow, nodes: Iterable[NodeRow]) -> None:
    """Add a pipeline run with its nodes.

    Args:
        connection: The transaction's connection.
        row: The pipeline run.
        nodes: Its nodes.
    """
    values = {name: getattr(row, name) for name in _RUN_NAMES}
    connection.execute(insert(pipeline_runs), _texts(values))
    told = [_texts({name: getattr(node, name) for name in _NODE_NAMES}) for node in nodes]
    connection.execute(insert(pipeline_nodes), told)


def find(connection: Connection, key: int) -> PipelineRow | None:
    """The pipeline that a run is, by the run's key; None where it is none."""
    row = _FIND.row(connection, {"of_run": key})
    if row is None:
        return None
    return PipelineRow(
        **{**dict(zip(_RUN_NAMES, row, strict=True)), "parameters": json.loads(row[3])}
    )


def nodes(connection: Connection, key: int) -> list[NodeRow]:
    """The nodes of a pipeline run, in the order of its spec."""
    found = _NODES.rows(connection, {"of_run": key})
    return [NodeRow(**_values(_NODE_NAMES, row)) for row in found]


def change_node(connection: Connection, node: NodeRow, **values: Any) -> None:
    """Set the named columns of a node."""
    mine = {"of_run": node.run_key, "numbered": node.number}
    _CHANGE_NODE.run(connection, {**mine, **_texts(values)})


def put_spec(connection: Connection, step: int, text: str) -> None:
    """Replace the spec of a step run that has not begun: by now it is known where its data are.

    Args:
        connection: The transaction's connection.
        step: Key of the run's row.
        text: JSON of the spec.
    """
    connection.execute(update(run_specs).where(run_specs.c.run_key == step).values(spec=text))


def end(connection: Connection, key: int) -> None:
    """Note that there is nothing more to do for a pipeline run."""
    mine = pipeline_runs.c.run_key == key
    connection.execute(update(pipeline_runs).where(mine).values(active=False))


def active(connection: Connection) -> list[Subject]:
    """The pipeline runs that there is something to do for."""
    joined = pipeline_runs.join(runs, runs.c.key == pipeline_runs.c.run_key)
    found = select(runs.c.workspace, runs.c.id).select_from(joined)
    rows = connection.execute(found.where(pipeline_runs.c.active.is_(True)))
    return [Subject(PIPELINE, workspace, run) for workspace, run in rows]


def at_work(connection: Connection, workspace: str, digest: str) -> str | None:
    """The id of the run of an equal step that is under way, None where there is none.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        digest: What makes steps equal.
    """
    joined = pipeline_nodes.join(runs, runs.c.key == pipeline_nodes.c.step_key)
    mine = (pipeline_nodes.c.digest == digest, pipeline_nodes.c.state == BEGUN)
    found = select(runs.c.id).select_from(joined).where(*mine, runs.c.workspace == workspace)
    return connection.execute(found.limit(1)).scalar_one_or_none()


def keep_result(connection: Connection, row: ResultRow) -> None:
    """Keep what a step has made, unless that is there already."""
    known = select(step_results.c.run_key).where(step_results.c.run_key == row.run_key)
    if connection.execute(known).scalar_one_or_none() is None:
        values = {name: getattr(row, name) for name in _RESULT_NAMES}
        connection.execute(insert(step_results), _texts(values))


def results(connection: Connection, workspace: str, digest: str, most: int) -> list[ResultRow]:
    """The results of equal steps, newest first.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        digest: What makes steps equal.
        most: At most so many.
    """
    mine = (step_results.c.workspace == workspace, step_results.c.digest == digest)
    found = _RESULTS.where(*mine).order_by(step_results.c.run_key.desc()).limit(most)
    return [_result(row) for row in connection.execute(found)]


def newest_named(connection: Connection, workspace: str, name: str) -> ResultRow | None:
    """The newest result of a step of this name.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        name: The step's name.
    """
    mine = (step_results.c.workspace == workspace, step_results.c.name == name)
    found = _RESULTS.where(*mine).order_by(step_results.c.run_key.desc()).limit(1)
    row = connection.execute(found).first()
    return None if row is None else _result(row)


def _result(row: Sequence[Any]) -> ResultRow:
    return ResultRow(**_values(_RESULT_NAMES, row))


def _values(names: Sequence[str], row: Sequence[Any]) -> dict[str, Any]:
    return {**dict(zip(names, row, strict=True)), "outputs": _OUTPUTS.decode(row[-1])}


def _texts(values: dict[str, Any]) -> dict[str, Any]:
    """Values as columns hold them: what is no plain value as JSON."""
    return {
        name: msgspec.json.encode(value).decode() if isinstance(value, (dict, list)) else value
        for name, value in values.items()
    }
