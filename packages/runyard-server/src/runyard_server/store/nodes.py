"""Rows of nodes: the machines a cluster has at the moment, and the run that holds each."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

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


_COLUMNS = [nodes.c[f.name] for f in fields(NodeRow)]


def of_cluster(connection: Connection, workspace: str, compute: str) -> list[NodeRow]:
    """The nodes of a cluster, by id.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        compute: Name of the cluster.
    """
    found = select(*_COLUMNS).where(nodes.c.workspace == workspace, nodes.c.compute == compute)
    return [NodeRow(*row) for row in connection.execute(found.order_by(nodes.c.id))]


def of_workspace(connection: Connection, workspace: str) -> list[NodeRow]:
    """The nodes of all clusters of a workspace."""
    found = select(*_COLUMNS).where(nodes.c.workspace == workspace)
    return [NodeRow(*row) for row in connection.execute(found.order_by(nodes.c.compute))]


def add(connection: Connection, rows: Sequence[NodeRow]) -> None:
    """Add nodes to a cluster."""
    if rows:
        values = [{f.name: getattr(row, f.name) for f in fields(row)} for row in rows]
        connection.execute(insert(nodes), values)


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
    if ids:
        connection.execute(update(nodes).where(*_these(workspace, compute, ids)).values(**values))


def remove(connection: Connection, workspace: str, compute: str, ids: Sequence[str]) -> None:
    """Remove nodes of a cluster.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        compute: Name of the cluster.
        ids: Ids of the nodes.
    """
    if ids:
        connection.execute(delete(nodes).where(*_these(workspace, compute, ids)))


def free(connection: Connection, workspace: str, run: str, state: str, now: int) -> None:
    """Put the nodes that a run holds into `state`, held by none.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        run: Id of the run.
        state: The state of the nodes from now on.
        now: Microseconds since 1970.
    """
    held = update(nodes).where(nodes.c.workspace == workspace, nodes.c.run == run)
    connection.execute(held.values(run=None, state=state, since=now))


def _these(workspace: str, compute: str, ids: Sequence[str]) -> tuple[Any, ...]:
    return nodes.c.workspace == workspace, nodes.c.compute == compute, nodes.c.id.in_(list(ids))
