"""Snapshots: a source folder's files as they were, named by content, so made only once."""

from runyard.protocol.errors import SnapshotNotFound
from runyard.protocol.files import FileEntry
from runyard.protocol.snapshots import CreateSnapshot, SnapshotRecord, snapshot_id
from runyard_server.core.clock import iso
from runyard_server.core.lookups import workspace_row
from runyard_server.core.system import System
from runyard_server.operations.blobs import check_contents, in_order
from runyard_server.store import snapshots as rows
from runyard_server.store.records import Connection
from runyard_server.store.snapshots import SnapshotRow


def create(system: System, workspace: str, body: CreateSnapshot) -> SnapshotRecord:
    """Make a snapshot of stored contents; the same files are the same snapshot.

    Raises:
        MissingBlobs: Contents are not stored; `details["missing"]` lists their digests.
        InvalidRequest: A path is malformed or comes twice.
    """
    files = in_order(body.files)
    name = snapshot_id(files)
    found = system.records.read(lambda c: rows.find(c, workspace, name))
    if found is None:
        # A snapshot that is there was checked when it was made, and contents stay.
        check_contents(system, files)
        found = _make(system, workspace, name, files)
    return _record(found, brief=body.brief)


def _make(system: System, workspace: str, name: str, files: list[FileEntry]) -> SnapshotRow:
    made = SnapshotRow(
        workspace=workspace,
        id=name,
        size=sum(entry.size for entry in files),
        files=files,
        created_at=system.clock.now_us(),
    )

    def work(connection: Connection) -> SnapshotRow:
        workspace_row(connection, workspace)
        found = rows.find(connection, workspace, name)
        if found is None:
            rows.add(connection, made)
        return found or made

    return system.records.write(work)


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
        workspace_row(connection, workspace)
        raise SnapshotNotFound(
            f"workspace {workspace!r} has no snapshot {snapshot[:80]!r}; take one of the source "
            "folder first",
        )
    return row


def _record(row: SnapshotRow, *, brief: bool = False) -> SnapshotRecord:
    files = [] if brief else row.files
    return SnapshotRecord(id=row.id, files=files, size=row.size, created_at=iso(row.created_at))
