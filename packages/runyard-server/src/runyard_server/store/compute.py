"""Rows of clusters. `local` is no row: every workspace has this machine as a target."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, delete, insert, select, update

from runyard.protocol.compute import AML_COMPUTE
from runyard_server.store.prepared import Prepared
from runyard_server.store.schema import compute
from runyard_server.store.subjects import CLUSTER, Subject


@dataclass(frozen=True, slots=True)
class ComputeRow:
    """One cluster; times are microseconds since 1970 in UTC.

    `site` is the name of the site that its nodes are on.
    """

    workspace: str
    name: str
    site: str
    vm_size: str
    vm_priority: str
    min_nodes: int
    max_nodes: int
    idle_seconds: int
    provisioning_state: str
    allocation_state: str
    allocation_changed_at: int
    target_nodes: int
    created_at: int
    modified_at: int
    description: str = ""
    location: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    kind: str = AML_COMPUTE

    @property
    def subject(self) -> Subject:
        """The cluster as what events, leases and notices are about."""
        return Subject(CLUSTER, self.workspace, self.name)


_NAMES = [f.name for f in fields(ComputeRow)]
_COLUMNS = [compute.c[name] for name in _NAMES]
_FIND = Prepared(
    select(*_COLUMNS).where(
        compute.c.workspace == bindparam("in_workspace"), compute.c.name == bindparam("named")
    )
)
_EVERYWHERE = Prepared(select(*_COLUMNS).order_by(compute.c.workspace, compute.c.name))


def find(connection: Connection, workspace: str, name: str) -> ComputeRow | None:
    """The cluster of this name, or None.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        name: Its name.
    """
    row = _FIND.row(connection, {"in_workspace": workspace, "named": name})
    return None if row is None else _row(row)


def of_workspace(connection: Connection, workspace: str) -> list[ComputeRow]:
    """The clusters of a workspace, by name."""
    found = select(*_COLUMNS).where(compute.c.workspace == workspace).order_by(compute.c.name)
    return [_row(row) for row in connection.execute(found)]


def everywhere(connection: Connection) -> list[ComputeRow]:
    """The clusters of all workspaces."""
    return [_row(row) for row in _EVERYWHERE.rows(connection)]


def insert_cluster(connection: Connection, row: ComputeRow) -> None:
    """Add a cluster."""
    values = {f.name: getattr(row, f.name) for f in fields(row)}
    values["tags"] = msgspec.json.encode(row.tags).decode()
    connection.execute(insert(compute).values(**values))


def change(connection: Connection, workspace: str, name: str, **values: Any) -> None:
    """Set the named columns of a cluster.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        name: Name of the cluster.
        **values: Values by column.
    """
    chosen = update(compute).where(compute.c.workspace == workspace, compute.c.name == name)
    connection.execute(chosen.values(**values))


def remove(connection: Connection, workspace: str, name: str) -> None:
    """Remove a cluster.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        name: Its name.
    """
    connection.execute(
        delete(compute).where(compute.c.workspace == workspace, compute.c.name == name)
    )


def _row(row: Sequence[Any]) -> ComputeRow:
    values = dict(zip(_NAMES, row, strict=True))
    values["tags"] = msgspec.json.decode(values["tags"], type=dict[str, str])
    return ComputeRow(**values)
