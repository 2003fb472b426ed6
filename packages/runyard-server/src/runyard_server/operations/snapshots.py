"""Snapshots: a source folder's files as they were, named by content, so made only once."""

from runyard.protocol.errors import SnapshotNotFound
from runyard.protocol.snapshots import CreateSnapshot, SnapshotRecord, snapshot_id
from runyard_server.core import holding
from runyard_server.core.clock import SECOND, iso
from runyard_server.core.lookups import workspace_row
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.operations.blobs import check_contents, in_order
from runyard_server.store import snapshots as rows
from runyard_server.store.snapshots import SnapshotRow

_RENEWED = 6 * 3600 * SECOND


def create(system: System, workspace: str, body: CreateSnapshot) -> SnapshotRecord:
    """Make a snapshot of stored contents; the same files are the same snapshot.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        body: What is asked for.

    Raises:
        MissingBlobs: Contents are not stored; `details["missing"]` lists their digests.
        InvalidRequest: A path is malformed or comes twice.
    """
    files = in_order(body.files)
    name = snapshot_id(files)
    found = system.read(lambda work: rows.find(work.connection, workspace, name))
    if found is not None:
        # It was checked when it was made, and its contents stay as long as it does.
        _renew(system, found)
        return _record(found, brief=body.brief)
    check_contents(system, files)
    size = sum(entry.size for entry in files)

    def write(work: Work) -> SnapshotRow:
        workspace_row(work, workspace)
        # Again: another request may have made it while contents were looked at.
        row = rows.find(work.connection, workspace, name)
        if row is None:
            row = SnapshotRow(
                workspace=workspace, id=name, size=size, files=files, created_at=work.now
            )
            holding.claim(work, [entry.digest for entry in files])
            rows.add(work.connection, row)
        return row

    return _record(system.write(write), brief=body.brief)


def get(system: System, workspace: str, snapshot: str) -> SnapshotRecord:
    """A snapshot with its files.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        snapshot: Id of the snapshot.

    Raises:
        SnapshotNotFound: There is none of that id.
    """
    return _record(system.read(lambda work: require(work, workspace, snapshot)))


def require(work: Work, workspace: str, snapshot: str) -> SnapshotRow:
    """The row of a snapshot.

    Args:
        work: The unit of work.
        workspace: Id of the workspace.
        snapshot: Id of the snapshot.

    Raises:
        SnapshotNotFound: There is none of that id.
    """
    row = rows.find(work.connection, workspace, snapshot)
    if row is None:
        workspace_row(work, workspace)
        raise SnapshotNotFound(
            f"workspace {workspace!r} has no snapshot {snapshot[:80]!r}; take one of the source "
            "folder first",
        )
    return row


def _renew(system: System, row: SnapshotRow) -> None:
    """Keep a snapshot from being collected before the run that is to have it is there."""
    now = system.clock.now_us()
    # Each submission asks for its snapshot: a write for each would wait for the disk.
    if row.created_at < now - _RENEWED:
        system.write(lambda work: rows.renew(work.connection, row.workspace, row.id, work.now))


def _record(row: SnapshotRow, *, brief: bool = False) -> SnapshotRecord:
    # Who has just sent the list of 20,000 files wants no list of them back.
    files = [] if brief else row.files
    return SnapshotRecord(id=row.id, files=files, size=row.size, created_at=iso(row.created_at))
