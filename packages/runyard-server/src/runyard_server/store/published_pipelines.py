"""Rows of published pipelines, and which snapshots they need."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import msgspec
from sqlalchemy import Connection, insert, select, update

from runyard.protocol.pipelines import PipelineParameterSpec
from runyard_server.store.pipeline_schema import published_pipelines, published_snapshots


class Summary(msgspec.Struct, frozen=True):
    """What lists tell of a pipeline, so that they need not read all that it does."""

    graph: str
    steps: list[str] = []
    parameters: list[PipelineParameterSpec] = []


@dataclass(frozen=True, slots=True)
class PublishedRow:
    """One row of `published_pipelines` without its spec; `key` grows with each that is added."""

    key: int
    workspace: str
    id: str
    name: str
    description: str
    version: str
    active: bool
    continue_on_failure: bool
    published_by: str
    created_at: int
    summary: Summary = field(default_factory=lambda: Summary(""))


_NAMES = tuple(f.name for f in fields(PublishedRow))
_COLUMNS = [published_pipelines.c[name] for name in _NAMES]
_SUMMARY = msgspec.json.Decoder(Summary)


def add(connection: Connection, row: PublishedRow, spec: str, snapshots: Iterable[str]) -> None:
    """Add a published pipeline (its `key` is not looked at).

    Args:
        connection: The transaction's connection.
        row: The row.
        spec: JSON of all that it does.
        snapshots: Ids of the snapshots that it needs; they stay from then on.
    """
    values = {name: getattr(row, name) for name in _NAMES if name != "key"}
    values["summary"] = msgspec.json.encode(row.summary).decode()
    connection.execute(insert(published_pipelines).values(spec=spec, **values))
    needed = [
        {"workspace": row.workspace, "snapshot": each, "published": row.id} for each in snapshots
    ]
    if needed:
        connection.execute(insert(published_snapshots), needed)


def find(connection: Connection, workspace: str, published: str) -> PublishedRow | None:
    """The published pipeline of this id, or None.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        published: Its id.
    """
    row = connection.execute(select(*_COLUMNS).where(*_mine(workspace, published))).first()
    return None if row is None else _row(row)


def spec(connection: Connection, workspace: str, published: str) -> str:
    """JSON of all that a published pipeline does, which is there.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        published: Its id.
    """
    found = select(published_pipelines.c.spec).where(*_mine(workspace, published))
    return str(connection.execute(found).scalar_one())


def page(
    connection: Connection, workspace: str, after: int | None, limit: int, *, active: bool
) -> list[PublishedRow]:
    """Up to `limit` published pipelines, oldest first.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        after: Only those whose key is larger; None: all.
        limit: The most that are wanted.
        active: Whether those that are disabled are left out.
    """
    found = select(*_COLUMNS).where(published_pipelines.c.workspace == workspace)
    if active:
        found = found.where(published_pipelines.c.active.is_(True))
    if after is not None:
        found = found.where(published_pipelines.c.key > after)
    rows = connection.execute(found.order_by(published_pipelines.c.key).limit(limit))
    return [_row(row) for row in rows]


def set_active(connection: Connection, workspace: str, published: str, *, active: bool) -> None:
    """Switch a published pipeline on or off.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        published: Its id.
        active: Whether it can be submitted.
    """
    mine = update(published_pipelines).where(*_mine(workspace, published))
    connection.execute(mine.values(active=active))


def _mine(workspace: str, published: str) -> tuple[Any, Any]:
    return (published_pipelines.c.workspace == workspace, published_pipelines.c.id == published)


def _row(row: Sequence[Any]) -> PublishedRow:
    values = dict(zip(_NAMES, row, strict=True))
    return PublishedRow(**{**values, "summary": _SUMMARY.decode(values["summary"])})
