"""Rows of snapshots: which contents a source folder had under which names."""

from dataclasses import dataclass

import msgspec
from sqlalchemy import Connection, bindparam, insert, select

from runyard.protocol.files import FileEntry
from runyard_server.store.prepared import Prepared
from runyard_server.store.schema import snapshots

_FILES = msgspec.json.Decoder(list[FileEntry])
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
