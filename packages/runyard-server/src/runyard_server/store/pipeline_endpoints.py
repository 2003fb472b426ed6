"""Rows of endpoints of pipelines, and of their versions."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import Connection, insert, select, update

from runyard.protocol.published_pipelines import ACTIVE
from runyard_server.store.pipeline_schema import pipeline_endpoint_versions, pipeline_endpoints


@dataclass(frozen=True, slots=True)
class EndpointRow:
    """One row of `pipeline_endpoints`; `key` grows with each that is added."""

    key: int
    workspace: str
    id: str
    name: str
    description: str
    status: str
    default_version: int
    created_at: int


_NAMES = tuple(f.name for f in fields(EndpointRow))
_COLUMNS = [pipeline_endpoints.c[name] for name in _NAMES]


def add(connection: Connection, row: EndpointRow) -> int:
    """Add an endpoint (its `key` is not looked at); give its key."""
    values = {name: getattr(row, name) for name in _NAMES if name != "key"}
    inserted = connection.execute(insert(pipeline_endpoints).values(**values)).inserted_primary_key
    assert inserted is not None
    return int(inserted[0])


def find(connection: Connection, workspace: str, endpoint: str) -> EndpointRow | None:
    """The endpoint of this id, or None.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        endpoint: Its id.
    """
    mine = (pipeline_endpoints.c.workspace == workspace, pipeline_endpoints.c.id == endpoint)
    row = connection.execute(select(*_COLUMNS).where(*mine)).first()
    return None if row is None else EndpointRow(*row)


def active_named(connection: Connection, workspace: str, name: str) -> EndpointRow | None:
    """The active endpoint of a name, or None; there is one at most.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        name: Its name.
    """
    found = select(*_COLUMNS).where(
        pipeline_endpoints.c.workspace == workspace,
        pipeline_endpoints.c.name == name,
        pipeline_endpoints.c.status == ACTIVE,
    )
    row = connection.execute(found.limit(1)).first()
    return None if row is None else EndpointRow(*row)


def page(
    connection: Connection,
    workspace: str,
    after: int | None,
    limit: int,
    *,
    active: bool = False,
    name: str | None = None,
) -> list[EndpointRow]:
    """Up to `limit` endpoints, oldest first.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        after: Only those whose key is larger; None: all.
        limit: The most that are wanted.
        active: Whether only active ones are.
        name: Only those of this name; None: all.
    """
    found = select(*_COLUMNS).where(pipeline_endpoints.c.workspace == workspace)
    if active:
        found = found.where(pipeline_endpoints.c.status == ACTIVE)
    if name is not None:
        found = found.where(pipeline_endpoints.c.name == name)
    if after is not None:
        found = found.where(pipeline_endpoints.c.key > after)
    rows = connection.execute(found.order_by(pipeline_endpoints.c.key).limit(limit))
    return [EndpointRow(*row) for row in rows]


def change(connection: Connection, key: int, **values: Any) -> None:
    """Set the named columns of an endpoint."""
    mine = update(pipeline_endpoints).where(pipeline_endpoints.c.key == key)
    connection.execute(mine.values(**values))


def add_version(connection: Connection, key: int, number: int, published: str) -> None:
    """Add a version.

    Args:
        connection: The transaction's connection.
        key: The endpoint's key.
        number: The version's number.
        published: Id of the published pipeline.
    """
    row = {"endpoint_key": key, "number": number, "published": published}
    connection.execute(insert(pipeline_endpoint_versions).values(row))


def versions(connection: Connection, keys: Iterable[int]) -> dict[int, list[str]]:
    """The published pipelines of endpoints by key, each in the order of its versions.

    Args:
        connection: The transaction's connection.
        keys: The endpoints' keys.
    """
    table = pipeline_endpoint_versions
    wanted = list(keys)
    found: dict[int, list[str]] = {key: [] for key in wanted}
    query = select(table.c.endpoint_key, table.c.published).where(table.c.endpoint_key.in_(wanted))
    for key, published in connection.execute(query.order_by(table.c.endpoint_key, table.c.number)):
        found[key].append(published)
    return found
