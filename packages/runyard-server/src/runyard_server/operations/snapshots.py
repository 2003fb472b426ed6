"""Snapshots: a source folder's files as they were, named by content, so made only once."""

from runyard.protocol.errors import SnapshotNotFound
from runyard.protocol.snapshots import CreateSnapshot, SnapshotRecord, snapshot_id
from runyard_server.operations import workspaces
from runyard_server.operations.blobs import checked_entries
from runyard_server.operations.clock import iso
from runyard_server.operations.system import System
from runyard_server.store import snapshots as rows
from runyard_server.store.records import Connection
from runyard_server.store.snapshots import SnapshotRow


def create(system: System, workspace: str, body: CreateSnapshot) -> SnapshotRecord:
    """Make a snapshot of stored contents; the same files are the same snapshot.

    Raises:
        MissingBlobs: Contents are not stored; `details["missing"]` lists their digests.
        InvalidRequest: A path is malformed or comes twice.
    """
    files = checked_entries(system, body.files)
    made = SnapshotRow(
        workspace=workspace,
        id=snapshot_id(files),
        size=sum(entry.size for entry in files),
        files=files,
        created_at=system.clock.now_us(),
    )

    def work(connection: Connection) -> SnapshotRow:
        workspaces.require(connection, workspace)
        found = rows.find(connection, workspace, made.id)
        if found is None:
            rows.add(connection, made)
        return found or made

    found = system.records.read(lambda c: rows.find(c, workspace, made.id))
    return _record(found or system.records.write(work))


def get(system: System, workspace: str, snapshot: str) -> SnapshotRecord:
    """Give a snapshot with its files.

    Raises:
        SnapshotNotFound: There is none of that id.
    """
    return _record(system.records.read(lambda c: require(c, workspace, snapshot)))


def require(connection: Connection, workspace: str, snapshot: str) -> SnapshotRow:
    """Give the row of a snapshot.

    Raises:
        SnapshotNotFound: There is none of that id.
    """
    row = rows.find(connection, workspace, snapshot)
    if row is None:
        workspaces.require(connection, workspace)
        raise SnapshotNotFound(
            f"workspace {workspace!r} has no snapshot {snapshot[:80]!r}; take one of the source "
            "folder first",
        )
    return row


def _record(row: SnapshotRow) -> SnapshotRecord:
    return SnapshotRecord(id=row.id, files=row.files, size=row.size, created_at=iso(row.created_at))
