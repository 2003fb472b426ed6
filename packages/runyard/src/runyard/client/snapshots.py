"""Snapshots: made of stored contents, and read; `source_folders` makes them of a folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runyard.client.workspace_connection import NounClient
from runyard.protocol import snapshots as routes
from runyard.protocol.snapshots import CreateSnapshot

if TYPE_CHECKING:
    from typing import List

    from runyard.protocol.files import FileEntry
    from runyard.protocol.snapshots import SnapshotRecord


class Snapshots(NounClient):
    """The snapshots of a workspace; the same files are the same snapshot."""

    def create(self, files: List[FileEntry]) -> SnapshotRecord:
        """Make a snapshot; the answer leaves the files out, which the caller knows.

        Raises:
            MissingBlobs: Contents are not stored.
            InvalidRequest: A path is none in a snapshot.
        """
        return self._service.call(routes.SNAPSHOTS_CREATE, body=CreateSnapshot(files, brief=True))

    def get(self, snapshot: str) -> SnapshotRecord:
        """Read a snapshot with its files, by path.

        Raises:
            SnapshotNotFound: There is none of that id.
        """
        return self._service.call(routes.SNAPSHOTS_GET, snapshot)
