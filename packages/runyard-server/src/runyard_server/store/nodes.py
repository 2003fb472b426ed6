"""Rows of nodes: the machines a cluster has at the moment, and the run that holds each."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from runyard_server.store.prepared import Prepared
from runyard_server.store.schema import nodes


@dataclass(frozen=True, slots=True)
class NodeRow:
    """One node; `since` (microseconds since 1970) is when it came into its state."""

    workspace: str
    compute: str
    id: str
    state: str
    run: str | None
    since: int


_NAMES = [f.name for f in fields(NodeRow)]
_COLUMNS = [nodes.c[name] for name in _NAMES]
_MINE = nodes.c.workspace == bindparam("in_workspace"), nodes.c.compute == bindparam("of_compute")
# Of ten thousand nodes few are free at a time, and few runs need to be named: both are found by
# the index of the runs that hold them, which a condition on the cluster as it is would keep from
# being used.
_HELD_HERE = (
    nodes.c.workspace == bindparam("in_workspace"),
    func.coalesce(nodes.c.compute, "") == bindparam("of_compute"),
)
_OF_CLUSTER = Prepared(select(*_COLUMNS).where(*_MINE).order_by(nodes.c.id))
_COUNT = Prepared(select(func.count()).select_from(nodes).where(*_MINE))
_FREE_COUNT = Prepared(
    select(func.count()).select_from(nodes).where(*_HELD_HERE, nodes.c.run.is_(None))
)
_FREE = Prepared(
    select(nodes.c.id)
    .where(*_HELD_HERE, nodes.c.run.is_(None), nodes.c.state == bindparam("in_state"))
    .order_by(nodes.c.id)
)
_IDLE_BEFORE = Prepared(
    select(func.count())
    .select_from(nodes)
    .where(
        *_HELD_HERE,
        nodes.c.run.is_(None),
        nodes.c.state == bindparam("in_state"),
        nodes.c.since <= bindparam("before"),
    )
)
_HOLDERS = Prepared(
    select(nodes.c.run)
    .where(*_HELD_HERE, nodes.c.run.is_not(None))
    .distinct()
    .order_by(nodes.c.run)
    .limit(bindparam("most"))
)
_ADD = Prepared(insert(nodes))
_ONE = (*_MINE, nodes.c.id == bindparam("of_id"))
_CHANGE, _REMOVE = Prepared(update(nodes).where(*_ONE)), Prepared(delete(nodes).where(*_ONE))
_LET_GO = Prepared(
    update(nodes).where(
        nodes.c.workspace == bindparam("in_workspace"), nodes.c.run == bindparam("of_run")
    )
)


def of_cluster(connection: Connection, workspace: str, compute: str) -> list[NodeRow]:
    """The nodes of a cluster, by id.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        compute: Name of the cluster.
    """
    return [NodeRow(*row) for row in _OF_CLUSTER.rows(connection, _named(workspace, compute))]


def count(connection: Connection, workspace: str, compute: str) -> int:
    """Count the nodes of a cluster.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        compute: Name of the cluster.
    """
    return int(_COUNT.value(connection, _named(workspace, compute)))


def count_free(connection: Connection, workspace: str, compute: str) -> int:
    """Count the nodes of a cluster that no run holds.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        compute: Name of the cluster.
    """
    return int(_FREE_COUNT.value(connection, _named(workspace, compute)))


def free_in(connection: Connection, workspace: str, compute: str, state: str) -> list[str]:
    """The ids of the nodes of a cluster that are in a state and that no run holds.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        compute: Name of the cluster.
        state: The state.
    """
    rows = _FREE.rows(connection, {**_named(workspace, compute), "in_state": state})
    return [str(node) for (node,) in rows]


def are_free_since(
    connection: Connection, workspace: str, compute: str, state: str, before: int
) -> bool:
    """Whether any node of a cluster that no run holds came into a state so long ago.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        compute: Name of the cluster.
        state: The state.
        before: Microseconds since 1970.
    """
    named = {**_named(workspace, compute), "in_state": state, "before": before}
    return bool(_IDLE_BEFORE.value(connection, named))


def holders(connection: Connection, workspace: str, compute: str, limit: int) -> list[str]:
    """The ids of runs that hold nodes of a cluster, in their order.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        compute: Name of the cluster.
        limit: The most that are wanted.
    """
    rows = _HOLDERS.rows(connection, {**_named(workspace, compute), "most": limit})
    return [str(run) for (run,) in rows]


def of_workspace(connection: Connection, workspace: str) -> list[NodeRow]:
    """The nodes of all clusters of a workspace."""
    found = select(*_COLUMNS).where(nodes.c.workspace == workspace)
    return [NodeRow(*row) for row in connection.execute(found.order_by(nodes.c.compute))]


def add(connection: Connection, rows: Sequence[NodeRow]) -> None:
    """Add nodes to a cluster."""
    _ADD.run_many(connection, [{name: getattr(row, name) for name in _NAMES} for row in rows])


def change(
    connection: Connection, workspace: str, compute: str, ids: Sequence[str], **values: Any
) -> None:
    """Set the named columns of some nodes of a cluster.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        compute: Name of the cluster.
        ids: Ids of the nodes.
        **values: Values by column.
    """
    _CHANGE.run_many(connection, [{**one, **values} for one in _each(workspace, compute, ids)])


def remove(connection: Connection, workspace: str, compute: str, ids: Sequence[str]) -> None:
    """Remove nodes of a cluster.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        compute: Name of the cluster.
        ids: Ids of the nodes.
    """
    _REMOVE.run_many(connection, _each(workspace, compute, ids))


def free(connection: Connection, workspace: str, run: str, state: str, now: int) -> None:
    """Put the nodes that a run holds into `state`, held by none.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        run: Id of the run.
        state: The state of the nodes from now on.
        now: Microseconds since 1970.
    """
    held = {"in_workspace": workspace, "of_run": run}
    _LET_GO.run(connection, {**held, "run": None, "state": state, "since": now})


def _named(workspace: str, compute: str) -> dict[str, str]:
    return {"in_workspace": workspace, "of_compute": compute}


def _each(workspace: str, compute: str, ids: Sequence[str]) -> list[dict[str, str]]:
    # One by one, by a statement that is made already: a list of ids has a bound, in some builds of
    # SQLite of 999, and making a statement costs as much as thirty nodes.
    return [{**_named(workspace, compute), "of_id": node} for node in ids]


def any_of(connection: Connection, workspace: str) -> bool:
    """Whether clusters of a workspace have nodes."""
    found = select(nodes.c.id).where(nodes.c.workspace == workspace).limit(1)
    return connection.execute(found).first() is not None
