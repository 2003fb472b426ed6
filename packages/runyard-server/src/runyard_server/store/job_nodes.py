"""Rows of jobs on nodes: one for each node of a run, from its placement to its last word."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    Subquery,
    bindparam,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from runyard.protocol.endpoints import REPLICA_RUN
from runyard.protocol.jobs import FinishReport
from runyard.protocol.pipelines import STEP_RUN
from runyard.protocol.runs import SCRIPT_RUN
from runyard_server.store.expressions import OfEachRow, Unindexed
from runyard_server.store.keyed import Keyed
from runyard_server.store.prepared import Prepared
from runyard_server.store.schema import IS_LOST, job_nodes, runs

_FINISH = msgspec.json.Decoder(FinishReport)


@dataclass(frozen=True, slots=True)
class JobNodeRow:
    """One node of a run; times are microseconds since 1970 in UTC.

    `handle` is what the backend gave for the launched agent, None while it is being launched.
    `finished_at` is None while the node has work or may still report.
    """

    run_key: int
    node: int
    attempt: int
    node_id: str
    state: str
    handle: str | None = None
    pid: int | None = None
    host: str = ""
    launched_at: int | None = None
    beat_at: int | None = None
    finished_at: int | None = None
    finish: FinishReport | None = None


_NAMES = tuple(f.name for f in fields(JobNodeRow))
_COLUMNS = [job_nodes.c[name] for name in _NAMES]
# Statements that every run needs several times are made once: that is most of their cost.
_RUN_IS = job_nodes.c.run_key == bindparam("of_run")
_NODE_IS = job_nodes.c.node == bindparam("of_node")
_FIND = Prepared(select(*_COLUMNS).where(_RUN_IS, _NODE_IS))
_OF_RUN = Prepared(select(*_COLUMNS).where(_RUN_IS).order_by(job_nodes.c.node))
_IS_OPEN = job_nodes.c.finished_at.is_(None)
_UNFINISHED = Prepared(
    select(*_COLUMNS).where(_IS_OPEN).order_by(job_nodes.c.run_key, job_nodes.c.node)
)
_WAITED_FOR = Prepared(select(job_nodes.c.run_key).where(_IS_OPEN))
_LOST = Prepared(select(job_nodes.c.run_key).where(IS_LOST))
_ADD = Prepared(insert(job_nodes))
_CLOSE = Prepared(update(job_nodes).where(_RUN_IS, job_nodes.c.finished_at.is_(None)))
_CHANGE = Prepared(update(job_nodes).where(_RUN_IS, _NODE_IS))
_FIRST = Keyed(
    select(job_nodes.c.run_key, job_nodes.c.node_id, job_nodes.c.launched_at).where(
        job_nodes.c.node == 0
    ),
    job_nodes.c.run_key,
)


class Held(NamedTuple):
    """Nodes that a run has held, from and until when; None: it holds them still."""

    run_key: int
    nodes: int
    begun: int
    ended: int | None


def _held(found: Subquery) -> Prepared:
    """Make the statement of who has held nodes of a target, of these nodes of runs."""
    # The target is no way to them: by its index the planner would walk through its whole history.
    mine = (
        Unindexed(runs.c.workspace) == bindparam("in_workspace"),
        Unindexed(runs.c.target) == bindparam("on_target"),
    )
    begun, ended = func.min(found.c.launched_at), func.max(found.c.finished_at)
    held = select(found.c.run_key, func.max(runs.c.node_count), begun, ended)
    joined = held.select_from(found.join(runs, runs.c.key == found.c.run_key))
    return Prepared(joined.where(*mine).group_by(found.c.run_key))


_TIMES = select(job_nodes.c.run_key, job_nodes.c.launched_at, job_nodes.c.finished_at).where(
    job_nodes.c.launched_at.is_not(None)
)
_OPEN = _held(_TIMES.where(job_nodes.c.finished_at.is_(None)).subquery())
_ENDED = _held(
    _TIMES.where(job_nodes.c.finished_at >= bindparam("since"))
    .order_by(job_nodes.c.finished_at.desc())
    .limit(bindparam("most"))
    .subquery()
)


def of_run(connection: Connection, run_key: int) -> list[JobNodeRow]:
    """The nodes of a run, by number."""
    return [_row(row) for row in _OF_RUN.rows(connection, {"of_run": run_key})]


def of_runs(connection: Connection, run_keys: Iterable[int]) -> list[JobNodeRow]:
    """The nodes of several runs."""
    wanted = list(run_keys)
    if len(wanted) <= 1:
        return of_run(connection, wanted[0]) if wanted else []
    found = select(*_COLUMNS).where(job_nodes.c.run_key.in_(wanted))
    found = found.order_by(job_nodes.c.run_key, job_nodes.c.node)
    return [_row(row) for row in connection.execute(found)]


def find(connection: Connection, run_key: int, node: int) -> JobNodeRow | None:
    """One node of a run, or None.

    Args:
        connection: The transaction's connection.
        run_key: Key of the run's row.
        node: Number of the node within the run.
    """
    row = _FIND.row(connection, {"of_run": run_key, "of_node": node})
    return None if row is None else _row(row)


def unfinished(connection: Connection) -> list[JobNodeRow]:
    """Every node whose last word is awaited."""
    return [_row(row) for row in _UNFINISHED.rows(connection)]


def open_runs(connection: Connection) -> set[int]:
    """The keys of runs with a node whose last word is awaited, or that is lost and not cleared."""
    # One after the other: a plan for both at once would read all nodes there ever were.
    found = (*_WAITED_FOR.rows(connection), *_LOST.rows(connection))
    return {int(key) for (key,) in found}


def first_of(connection: Connection, run_keys: Sequence[int]) -> dict[int, tuple[str, int | None]]:
    """The first node of each of several runs that have one, by key: its name, and since when."""
    return {int(key): (name, since) for key, name, since in _FIRST.rows(connection, run_keys)}


def held_since(
    connection: Connection, workspace: str, target: str, since: int, most: int
) -> list[Held]:
    """Which runs have held nodes of a target since a moment.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        target: Name of the compute target.
        since: Microseconds since 1970.
        most: At most so many nodes of runs that have ended, of whatever target, are looked at.
    """
    named = {"in_workspace": workspace, "on_target": target}
    ended = _ENDED.rows(connection, {**named, "since": since, "most": most})
    found = [Held(*row) for row in (*ended, *_OPEN.rows(connection, named))]
    # A gang of which some nodes have ended is in both; it holds all until its last one has.
    return [*{one.run_key: one for one in found}.values()]


def count_unfinished_on(connection: Connection, target: str) -> int:
    """Count the unfinished nodes of runs on a target, over all workspaces.

    A run that waits for others which it submitted, or which are its children, is not counted, and
    neither is a replica: it takes no place of the queue.
    """
    return int(_HELD.value(connection, {"on_target": target}))


def _steers() -> ColumnElement[bool]:
    """Whether a run of the query has submitted runs below it that have not ended."""
    return or_(*(_is_above(link) for link in ("parent", "submitted_from")))


def _is_above(link: str) -> ColumnElement[bool]:
    other = runs.alias()
    # Neither what goes on nor the type is a way to them: by their indexes the planner would walk
    # through the queue, or the whole history, for each run.
    waited = (other.c.workspace == runs.c.workspace, Unindexed(other.c.active).is_(True))
    # Jobs alone need a place: a run with children made by hand waits for none.
    kind = func.coalesce(other.c.run_type, "")
    is_job = or_(kind == SCRIPT_RUN, kind == STEP_RUN)
    return OfEachRow(exists().where(other.c[link] == runs.c.id, *waited, is_job))


_HELD = Prepared(
    select(func.count())
    .select_from(job_nodes.join(runs, runs.c.key == job_nodes.c.run_key))
    .where(
        job_nodes.c.finished_at.is_(None),
        runs.c.target == bindparam("on_target"),
        func.coalesce(runs.c.run_type, "") != REPLICA_RUN,
        ~_steers(),
    )
)


def add(connection: Connection, rows: Sequence[JobNodeRow]) -> None:
    """Add the nodes of a run."""
    if rows:
        values = [_texts({f.name: getattr(row, f.name) for f in fields(row)}) for row in rows]
        _ADD.run_many(connection, values)


def change(connection: Connection, run_key: int, node: int, **values: Any) -> None:
    """Set the named columns of one node of a run.

    Args:
        connection: The transaction's connection.
        run_key: Key of the run's row.
        node: Number of the node within the run.
        **values: Values by column.
    """
    _CHANGE.run(connection, {"of_run": run_key, "of_node": node, **_texts(values)})


def close(connection: Connection, run_key: int, now: int) -> None:
    """Mark every unfinished node of a run as finished.

    Args:
        connection: The transaction's connection.
        run_key: Key of the run's row.
        now: Microseconds since 1970.
    """
    _CLOSE.run(connection, {"of_run": run_key, "finished_at": now})


def remove(connection: Connection, run_key: int) -> None:
    """Take all its nodes from a run."""
    connection.execute(delete(job_nodes).where(job_nodes.c.run_key == run_key))


def _texts(values: dict[str, Any]) -> dict[str, Any]:
    if values.get("finish") is not None:
        values["finish"] = msgspec.json.encode(values["finish"]).decode()
    return values


def _row(row: Sequence[Any]) -> JobNodeRow:
    values = dict(zip(_NAMES, row, strict=True))
    values["finish"] = None if values["finish"] is None else _FINISH.decode(values["finish"])
    return JobNodeRow(**values)
