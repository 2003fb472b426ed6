"""Rows of drafts of pipelines; what keeps their snapshots is that of published pipelines."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, delete, insert, select, update

from runyard.protocol.pipelines import PipelineParameterSpec
from runyard_server.store.pipeline_schema import pipeline_drafts, published_snapshots


class DraftSummary(msgspec.Struct, frozen=True):
    """What lists tell of a draft, so that they need not read all that it does."""

    steps: list[str] = []
    parameters: list[PipelineParameterSpec] = []
    values: dict[str, Any] = {}
    tags: dict[str, str | None] = {}
    properties: dict[str, str] = {}
    snapshots: list[str] = []
    of_run: str = ""
    of_published: str = ""
    of_draft: str = ""


@dataclass(frozen=True, slots=True)
class DraftRow:
    """One row of `pipeline_drafts` without its spec; `key` grows with each that is added."""

    key: int
    workspace: str
    id: str
    name: str
    description: str
    experiment: str
    continue_on_failure: bool
    last_run: str | None
    created_by: str
    created_at: int
    changed_at: int
    summary: DraftSummary = field(default_factory=DraftSummary)


_NAMES = tuple(f.name for f in fields(DraftRow))
_COLUMNS = [pipeline_drafts.c[name] for name in _NAMES]
_SUMMARY = msgspec.json.Decoder(DraftSummary)
_RELEASE = delete(published_snapshots).where(
    published_snapshots.c.workspace == bindparam("place"),
    published_snapshots.c.snapshot == bindparam("each"),
    published_snapshots.c.published == bindparam("draft"),
)


def add(connection: Connection, row: DraftRow, spec: str) -> None:
    """Add a draft (its `key` is not looked at); the snapshots of its summary stay from then on.

    Args:
        connection: The transaction's connection.
        row: The row.
        spec: JSON of all that it does.
    """
    connection.execute(insert(pipeline_drafts).values(spec=spec, **_values(row)))
    _hold(connection, row, row.summary.snapshots)


def change(connection: Connection, old: DraftRow, new: DraftRow, spec: str | None) -> None:
    """Write a draft anew.

    Args:
        connection: The transaction's connection.
        old: How it was.
        new: How it is.
        spec: JSON of all that it does; None: as before.
    """
    told = _values(new) if spec is None else {**_values(new), "spec": spec}
    connection.execute(update(pipeline_drafts).where(*_mine(old.workspace, old.id)).values(told))
    before, now = set(old.summary.snapshots), set(new.summary.snapshots)
    _release(connection, old, before - now)
    _hold(connection, new, sorted(now - before))


def note_run(connection: Connection, workspace: str, draft: str, run: str) -> bool:
    """Note which run was submitted last; give whether the draft is there.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        draft: Its id.
        run: Id of the run.
    """
    mine = update(pipeline_drafts).where(*_mine(workspace, draft))
    return connection.execute(mine.values(last_run=run)).rowcount > 0


def remove(connection: Connection, row: DraftRow) -> None:
    """Remove a draft, and let go of its snapshots."""
    _release(connection, row, row.summary.snapshots)
    connection.execute(delete(pipeline_drafts).where(*_mine(row.workspace, row.id)))


def find(connection: Connection, workspace: str, draft: str) -> DraftRow | None:
    """The draft of this id, or None.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        draft: Its id.
    """
    row = connection.execute(select(*_COLUMNS).where(*_mine(workspace, draft))).first()
    return None if row is None else _row(row)


def spec(connection: Connection, workspace: str, draft: str) -> str:
    """JSON of all that a draft does, which is there.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        draft: Its id.
    """
    found = select(pipeline_drafts.c.spec).where(*_mine(workspace, draft))
    return str(connection.execute(found).scalar_one())


def page(connection: Connection, workspace: str, after: int | None, limit: int) -> list[DraftRow]:
    """Up to `limit` drafts, oldest first.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        after: Only those whose key is larger; None: all.
        limit: The most that are wanted.
    """
    found = select(*_COLUMNS).where(pipeline_drafts.c.workspace == workspace)
    if after is not None:
        found = found.where(pipeline_drafts.c.key > after)
    rows = connection.execute(found.order_by(pipeline_drafts.c.key).limit(limit))
    return [_row(row) for row in rows]


def _hold(connection: Connection, row: DraftRow, snapshots: Iterable[str]) -> None:
    needed = [
        {"workspace": row.workspace, "snapshot": each, "published": row.id} for each in snapshots
    ]
    if needed:
        connection.execute(insert(published_snapshots), needed)


def _release(connection: Connection, row: DraftRow, snapshots: Iterable[str]) -> None:
    # By whole keys: there is no index by the id alone, and published pipelines have many.
    keys = [{"place": row.workspace, "each": each, "draft": row.id} for each in snapshots]
    if keys:
        connection.execute(_RELEASE, keys)


def _values(row: DraftRow) -> dict[str, Any]:
    values = {name: getattr(row, name) for name in _NAMES if name != "key"}
    return {**values, "summary": msgspec.json.encode(row.summary).decode()}


def _mine(workspace: str, draft: str) -> tuple[Any, Any]:
    return (pipeline_drafts.c.workspace == workspace, pipeline_drafts.c.id == draft)


def _row(row: Sequence[Any]) -> DraftRow:
    values = dict(zip(_NAMES, row, strict=True))
    return DraftRow(**{**values, "summary": _SUMMARY.decode(values["summary"])})
