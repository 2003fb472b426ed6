"""Rows of snapshots: which contents a source folder had under which names."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    bindparam,
    delete,
    exists,
    insert,
    literal,
    or_,
    select,
    tuple_,
    update,
)

from runyard.protocol.files import FileEntry
from runyard_server.store import trashed
from runyard_server.store.endpoint_schema import images, revisions
from runyard_server.store.pipeline_schema import published_snapshots
from runyard_server.store.prepared import Prepared
from runyard_server.store.schema import runs, snapshots

_FILES = msgspec.json.Decoder(list[FileEntry])
_NAMED = re.compile(r'"snapshot":"([^"]+)"')
# Each submission looks for its snapshot: the statement is made once.
_FIND = Prepared(
    select(snapshots.c.size, snapshots.c.files, snapshots.c.created_at).where(
        snapshots.c.workspace == bindparam("in_workspace"), snapshots.c.id == bindparam("snapshot")
    )
)


@dataclass(frozen=True, slots=True)
class SnapshotRow:
    """One row of `snapshots`; `size` in bytes, `created_at` microseconds since 1970 in UTC."""

    workspace: str
    id: str
    size: int
    files: list[FileEntry]
    created_at: int


def find(connection: Connection, workspace: str, snapshot: str) -> SnapshotRow | None:
    """The snapshot of this id, or None.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        snapshot: Id of the snapshot.
    """
    named = {"in_workspace": workspace, "snapshot": snapshot}
    row = _FIND.row(connection, named)
    if row is None:
        return None
    size, files, created_at = row
    return SnapshotRow(workspace, snapshot, size, _FILES.decode(files), created_at)


def add(connection: Connection, row: SnapshotRow) -> None:
    """Add a snapshot."""
    connection.execute(
        insert(snapshots).values(
            workspace=row.workspace,
            id=row.id,
            size=row.size,
            files=msgspec.json.encode(row.files).decode(),
            created_at=row.created_at,
        )
    )


def renew(connection: Connection, workspace: str, snapshot: str, now: int) -> None:
    """Note that a snapshot was asked for, so that it is not collected for a while.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        snapshot: Id of the snapshot.
        now: The time.
    """
    mine = (snapshots.c.workspace == workspace, snapshots.c.id == snapshot)
    connection.execute(update(snapshots).where(*mine).values(created_at=now))


def unused(
    connection: Connection, before: int, after: tuple[str, str], limit: int
) -> list[tuple[str, str]]:
    """Workspace and id of snapshots that no run and no published pipeline has, in order.

    Args:
        connection: The transaction's connection.
        before: Only those that were made, or asked for, before this.
        after: Only those behind this one.
        limit: The most that are wanted.
    """
    key = (snapshots.c.workspace, snapshots.c.id)
    found = select(*key).where(tuple_(*key) > after, _is_unused(before))
    rows = connection.execute(found.order_by(*key).limit(limit))
    return [(workspace, snapshot) for workspace, snapshot in rows]


def remove_unused(connection: Connection, before: int, chosen: Sequence[tuple[str, str]]) -> None:
    """Remove those of these snapshots that no run and no published pipeline has.

    Args:
        connection: The transaction's connection.
        before: Only those that were made, or asked for, before this.
        chosen: Workspace and id of each.
    """
    for workspace, snapshot in chosen:
        mine = and_(snapshots.c.workspace == workspace, snapshots.c.id == snapshot)
        connection.execute(delete(snapshots).where(mine, _is_unused(before)))


def deployed(connection: Connection) -> set[str]:
    """The ids of snapshots that revisions of deployments and images have."""
    found = set(connection.execute(select(revisions.c.snapshot)).scalars())
    for column in (revisions.c.spec, images.c.spec):
        for text in connection.execute(select(column)).scalars():
            found.update(_NAMED.findall(text))
    return found


def _is_unused(before: int) -> ColumnElement[bool]:
    # Also what is in the trash may come back.
    place = or_(
        runs.c.workspace == snapshots.c.workspace,
        runs.c.workspace == literal(trashed.of("")).concat(snapshots.c.workspace),
    )
    used = exists().where(place, runs.c.snapshot == snapshots.c.id)
    published = exists().where(
        published_snapshots.c.workspace == snapshots.c.workspace,
        published_snapshots.c.snapshot == snapshots.c.id,
    )
    return and_(snapshots.c.created_at < before, ~used, ~published)
