"""Rows of pipeline runs, of their nodes, and of what steps have made that others may reuse."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, func, insert, select, update

from runyard.protocol.pipelines import BEGUN, WAITING, OutputRecord
from runyard_server.store.pipeline_schema import (
    pipeline_nodes,
    pipeline_runs,
    reuse_notices,
    step_results,
)
from runyard_server.store.prepared import Prepared
from runyard_server.store.schema import run_specs, runs
from runyard_server.store.subjects import PIPELINE, Subject

# SQLite takes 32,766 parameters in a statement, older ones 999.
_TOGETHER = 500
_OUTPUTS = msgspec.json.Decoder(list[OutputRecord])


@dataclass(frozen=True, slots=True)
class PipelineRow:
    """One row of `pipeline_runs`; `spec` is JSON of a PipelineSpec.

    While it is not `written` there are more steps to come.
    """

    run_key: int
    active: bool
    spec: str
    parameters: dict[str, Any]
    continue_on_failure: bool = False
    regenerate: bool = False
    written: bool = True


@dataclass(frozen=True, slots=True)
class StandingRow:
    """A row of `pipeline_runs` without what is large and never changes."""

    active: bool
    continue_on_failure: bool
    regenerate: bool
    written: bool


@dataclass(frozen=True, slots=True)
class NodeRow:
    """One row of `pipeline_nodes`: `number` is the node's place in the spec, `step_key` its run.

    `parts` is JSON of what decides what it makes (`pipelines.keys.Parts`), as known when it began.
    `missing` counts those before it that have not settled; `news` says that its run has ended, or
    that it is over, and that nobody has drawn the consequences.
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
    missing: int = 0
    news: bool = False
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
_STANDING_NAMES = tuple(f.name for f in fields(StandingRow))
_STANDING = Prepared(
    select(*(pipeline_runs.c[name] for name in _STANDING_NAMES)).where(
        pipeline_runs.c.run_key == bindparam("of_run")
    )
)
_SPEC = Prepared(select(pipeline_runs.c.spec).where(pipeline_runs.c.run_key == bindparam("of_run")))
_OF_RUN = select(*(pipeline_nodes.c[name] for name in _NODE_NAMES)).where(
    pipeline_nodes.c.run_key == bindparam("of_run")
)
_NODES = Prepared(_OF_RUN.order_by(pipeline_nodes.c.number))
_NODE = Prepared(_OF_RUN.where(pipeline_nodes.c.number == bindparam("numbered")))
_WITH_NEWS = Prepared(
    _OF_RUN.where(pipeline_nodes.c.news == bindparam("with_news")).order_by(pipeline_nodes.c.number)
)
_IN_STATE = Prepared(
    _OF_RUN.where(pipeline_nodes.c.state == bindparam("in_state")).order_by(pipeline_nodes.c.number)
)
_READY = Prepared(
    _OF_RUN.where(
        pipeline_nodes.c.state == WAITING,
        pipeline_nodes.c.missing == 0,
        pipeline_nodes.c.number > bindparam("above"),
    )
    .order_by(pipeline_nodes.c.number)
    .limit(bindparam("most"))
)
_COUNT = Prepared(
    select(func.count())
    .select_from(pipeline_nodes)
    .where(
        pipeline_nodes.c.run_key == bindparam("of_run"),
        pipeline_nodes.c.state == bindparam("in_state"),
    )
)
_ANY = Prepared(
    select(pipeline_nodes.c.number)
    .where(
        pipeline_nodes.c.run_key == bindparam("of_run"),
        pipeline_nodes.c.state == bindparam("in_state"),
    )
    .limit(1)
)
_NOTE = Prepared(update(pipeline_nodes).where(pipeline_nodes.c.step_key == bindparam("of_step")))
_SETTLED = Prepared(
    update(pipeline_nodes)
    .where(
        pipeline_nodes.c.run_key == bindparam("of_run"),
        pipeline_nodes.c.number == bindparam("numbered"),
    )
    .values(missing=pipeline_nodes.c.missing - 1)
)
_CHANGE_NODE = Prepared(
    update(pipeline_nodes).where(
        pipeline_nodes.c.run_key == bindparam("of_run"),
        pipeline_nodes.c.number == bindparam("numbered"),
    )
)
_RESULTS = select(*(step_results.c[name] for name in _RESULT_NAMES)).order_by(
    step_results.c.run_key.desc()
)
_OF_WORKSPACE = step_results.c.workspace == bindparam("in_workspace")
_EQUAL = Prepared(
    _RESULTS.where(_OF_WORKSPACE, step_results.c.digest == bindparam("of_digest")).limit(
        bindparam("most")
    )
)
_NAMED = Prepared(
    _RESULTS.where(_OF_WORKSPACE, step_results.c.name == bindparam("called")).limit(1)
)
_AT_WORK = Prepared(
    select(runs.c.id)
    .select_from(pipeline_nodes.join(runs, runs.c.key == pipeline_nodes.c.step_key))
    .where(
        pipeline_nodes.c.digest == bindparam("of_digest"),
        pipeline_nodes.c.state == BEGUN,
        runs.c.workspace == bindparam("in_workspace"),
    )
    .limit(1)
)
_KNOWN_RESULT = Prepared(
    select(step_results.c.run_key).where(step_results.c.run_key == bindparam("of_run"))
)
_KEEP_RESULT = Prepared(insert(step_results))
_PUT_SPEC = Prepared(update(run_specs).where(run_specs.c.run_key == bindparam("of_run")))
# More than so many are read by one statement, which is written anew each time.
_FEW = 8


def add(connection: Connection, row: PipelineRow, nodes: Iterable[NodeRow]) -> None:
    """Add a pipeline run with its nodes.

    Args:
        connection: The transaction's connection.
        row: The pipeline run.
        nodes: Its nodes.
    """
    values = {name: getattr(row, name) for name in _RUN_NAMES}
    connection.execute(insert(pipeline_runs), _texts(values))
    add_nodes(connection, nodes)


def add_nodes(connection: Connection, nodes: Iterable[NodeRow]) -> None:
    """Add nodes to a pipeline run."""
    told = [_texts({name: getattr(node, name) for name in _NODE_NAMES}) for node in nodes]
    connection.execute(insert(pipeline_nodes), told)


def complete(connection: Connection, key: int) -> None:
    """Note that all steps of a pipeline run are written."""
    mine = pipeline_runs.c.run_key == key
    connection.execute(update(pipeline_runs).where(mine).values(written=True))


def find(connection: Connection, key: int) -> PipelineRow | None:
    """The pipeline that a run is, by the run's key; None where it is none."""
    row = _FIND.row(connection, {"of_run": key})
    if row is None:
        return None
    return PipelineRow(
        **{**dict(zip(_RUN_NAMES, row, strict=True)), "parameters": json.loads(row[3])}
    )


def standing(connection: Connection, key: int) -> StandingRow | None:
    """How a pipeline run stands, by the run's key; None where the run is none."""
    row = _STANDING.row(connection, {"of_run": key})
    return None if row is None else StandingRow(*row)


def spec(connection: Connection, key: int) -> str:
    """JSON of what a pipeline run was asked for, which may be megabytes."""
    return str(_SPEC.value(connection, {"of_run": key}))


def nodes(connection: Connection, key: int) -> list[NodeRow]:
    """The nodes of a pipeline run, in the order of its spec."""
    return _nodes(_NODES.rows(connection, {"of_run": key}))


def node(connection: Connection, key: int, number: int) -> NodeRow | None:
    """A node of a pipeline run.

    Args:
        connection: The transaction's connection.
        key: The run's key.
        number: Its number.
    """
    row = _NODE.row(connection, {"of_run": key, "numbered": number})
    return None if row is None else NodeRow(**_values(_NODE_NAMES, row))


def numbered(connection: Connection, key: int, numbers: Sequence[int]) -> list[NodeRow]:
    """The nodes with these numbers.

    Args:
        connection: The transaction's connection.
        key: The run's key.
        numbers: The numbers.
    """
    if len(numbers) <= _FEW:
        one_by_one = (node(connection, key, number) for number in numbers)
        return [each for each in one_by_one if each is not None]
    found: list[Any] = []
    for at in range(0, len(numbers), _TOGETHER):
        some = pipeline_nodes.c.number.in_(numbers[at : at + _TOGETHER])
        found += connection.execute(_OF_RUN.where(some), {"of_run": key}).all()
    return _nodes(found)


def with_news(connection: Connection, key: int) -> list[NodeRow]:
    """The nodes of which something is to be taken in."""
    return _nodes(_WITH_NEWS.rows(connection, {"of_run": key, "with_news": True}))


def in_state(connection: Connection, key: int, state: str) -> list[NodeRow]:
    """The nodes in a state.

    Args:
        connection: The transaction's connection.
        key: The run's key.
        state: The state.
    """
    return _nodes(_IN_STATE.rows(connection, {"of_run": key, "in_state": state}))


def ready(connection: Connection, key: int, above: int, most: int) -> list[NodeRow]:
    """The nodes that wait for no other, in the order of their numbers.

    Args:
        connection: The transaction's connection.
        key: The run's key.
        above: Only those with a greater number.
        most: At most so many.
    """
    return _nodes(_READY.rows(connection, {"of_run": key, "above": above, "most": most}))


def count(connection: Connection, key: int, state: str) -> int:
    """How many nodes are in a state.

    Args:
        connection: The transaction's connection.
        key: The run's key.
        state: The state.
    """
    return int(_COUNT.value(connection, {"of_run": key, "in_state": state}))


def has_any(connection: Connection, key: int, states: Iterable[str]) -> bool:
    """Whether a node is in one of some states.

    Args:
        connection: The transaction's connection.
        key: The run's key.
        states: The states.
    """
    told = [{"of_run": key, "in_state": state} for state in states]
    return any(_ANY.row(connection, each) is not None for each in told)


def note(connection: Connection, step: int) -> None:
    """Note that a step run has ended, for the turn that takes it in.

    Args:
        connection: The transaction's connection.
        step: Key of the run's row.
    """
    _NOTE.run(connection, {"of_step": step, "news": True})


def count_settled(connection: Connection, key: int, numbers: Iterable[int]) -> None:
    """Note that one node has settled that these wait for.

    Args:
        connection: The transaction's connection.
        key: The run's key.
        numbers: Those that wait for it.
    """
    _SETTLED.run_many(connection, [{"of_run": key, "numbered": each} for each in numbers])


def is_first_reuse(connection: Connection, workspace: str, now: int) -> bool:
    """Note that a workspace is told what reuse means; whether it had not been told before.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        now: The time.
    """
    known = select(reuse_notices.c.told_at).where(reuse_notices.c.workspace == workspace)
    if connection.execute(known).scalar_one_or_none() is not None:
        return False
    connection.execute(insert(reuse_notices), {"workspace": workspace, "told_at": now})
    return True


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
    _PUT_SPEC.run(connection, {"of_run": step, "spec": text})


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
    found: str | None = _AT_WORK.value(connection, {"of_digest": digest, "in_workspace": workspace})
    return found


def keep_result(connection: Connection, row: ResultRow) -> None:
    """Keep what a step has made, unless that is there already."""
    if _KNOWN_RESULT.row(connection, {"of_run": row.run_key}) is None:
        values = {name: getattr(row, name) for name in _RESULT_NAMES}
        _KEEP_RESULT.run(connection, _texts(values))


def results(connection: Connection, workspace: str, digest: str, most: int) -> list[ResultRow]:
    """The results of equal steps, newest first.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        digest: What makes steps equal.
        most: At most so many.
    """
    mine = {"in_workspace": workspace, "of_digest": digest, "most": most}
    return [_result(row) for row in _EQUAL.rows(connection, mine)]


def newest_named(connection: Connection, workspace: str, name: str) -> ResultRow | None:
    """The newest result of a step of this name.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        name: The step's name.
    """
    row = _NAMED.row(connection, {"in_workspace": workspace, "called": name})
    return None if row is None else _result(row)


def _nodes(rows: Iterable[Sequence[Any]]) -> list[NodeRow]:
    return [NodeRow(**_values(_NODE_NAMES, row)) for row in rows]


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
