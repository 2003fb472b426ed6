"""Rows of workspaces."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, insert, select, tuple_, update

from runyard_server.store import trashed
from runyard_server.store.prepared import Prepared
from runyard_server.store.schema import workspaces

Triple = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class WorkspaceRow:
    """One row of `workspaces`; `created_at` is microseconds since 1970 in UTC."""

    id: str
    name: str
    subscription_id: str
    resource_group: str
    location: str
    default_datastore: str
    created_at: int
    friendly_name: str = ""
    sku: str = "basic"
    tags: dict[str, str] = field(default_factory=dict)
    as_of: str = ""


_NAMES = [f.name for f in fields(WorkspaceRow)]
_COLUMNS = [workspaces.c[name] for name in _NAMES]
_FIND = Prepared(select(*_COLUMNS).where(workspaces.c.id == bindparam("workspace")))
_NOT_DELETED = ~workspaces.c.id.startswith(trashed.of(""), autoescape=True)
_TRIPLE = (workspaces.c.name, workspaces.c.subscription_id, workspaces.c.resource_group)


def find(connection: Connection, workspace: str) -> WorkspaceRow | None:
    """The workspace of this id, or None."""
    row = _FIND.row(connection, {"workspace": workspace})
    return None if row is None else _row(row)


def find_named(connection: Connection, triple: Triple) -> WorkspaceRow | None:
    """A workspace by name, subscription and resource group, or None."""
    found = select(*_COLUMNS).where(*(c == v for c, v in zip(_TRIPLE, triple, strict=True)))
    row = connection.execute(found).one_or_none()
    return None if row is None else _row(row)


def page(
    connection: Connection,
    chosen: dict[str, str],
    after: Triple | None,
    limit: int,
    seen: Collection[str] | None = None,
) -> list[WorkspaceRow]:
    """Up to `limit` workspaces whose named columns have these values, by name.

    Args:
        connection: The transaction's connection.
        chosen: What the columns of those that are wanted have: value by name.
        after: The last one of the page before; None at the beginning.
        limit: The most that are wanted.
        seen: The ids of those that may be among them; None for all.
    """
    found = select(*_COLUMNS).where(*(workspaces.c[name] == chosen[name] for name in chosen))
    found = found.where(_NOT_DELETED)
    if seen is not None:
        found = found.where(workspaces.c.id.in_(list(seen)))
    if after is not None:
        found = found.where(tuple_(*_TRIPLE) > after)
    rows = connection.execute(found.order_by(*_TRIPLE).limit(limit))
    return [_row(row) for row in rows]


def ids(connection: Connection, limit: int) -> list[str]:
    """The ids of up to `limit` workspaces."""
    found = select(workspaces.c.id).where(_NOT_DELETED)
    return list(connection.execute(found.limit(limit)).scalars())


def deleted(connection: Connection) -> list[WorkspaceRow]:
    """The workspaces that were deleted, under the ids of their trash."""
    found = select(*_COLUMNS).where(~_NOT_DELETED).order_by(workspaces.c.id)
    return [_row(row) for row in connection.execute(found)]


def rename(connection: Connection, workspace: str, to: str, name: str) -> None:
    """Change the id and name of a workspace: to those of its trash, or back.

    Args:
        connection: The transaction's connection.
        workspace: Its id.
        to: The other id.
        name: The other name.
    """
    mine = update(workspaces).where(workspaces.c.id == workspace)
    connection.execute(mine.values(id=to, name=name))


def add(connection: Connection, row: WorkspaceRow) -> None:
    """Add a workspace."""
    values = {f.name: getattr(row, f.name) for f in fields(row)}
    connection.execute(insert(workspaces).values(**_texts(values)))


def change(connection: Connection, workspace: str, **values: Any) -> None:
    """Set the named columns of a workspace."""
    connection.execute(
        update(workspaces).where(workspaces.c.id == workspace).values(**_texts(values))
    )


def _texts(values: dict[str, Any]) -> dict[str, Any]:
    if "tags" in values:
        values["tags"] = msgspec.json.encode(values["tags"]).decode()
    return values


def _row(row: Sequence[Any]) -> WorkspaceRow:
    values = dict(zip(_NAMES, row, strict=True))
    values["tags"] = msgspec.json.decode(values["tags"], type=dict[str, str])
    return WorkspaceRow(**values)
