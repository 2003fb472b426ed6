"""The straight way between this node and an object store, for a job's large files.

Only large files of datastores in stores take it, so agents of all other jobs never load what it
needs. Where it is closed they go through the service, which also says what is wrong.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from runyard.client import direct
from runyard.client.batches import Sized
from runyard.client.connection import Connection
from runyard.client.workspace_connection import WorkspaceConnection
from runyard.protocol.errors import AlreadyExists, RunyardError

if TYPE_CHECKING:
    from runyard.runtime.job import Job


class Straight:
    """The store of one datastore, as this node reaches it.

    Args:
        job: Whose files they are.
        datastore: The datastore's name.
    """

    def __init__(self, job: Job, datastore: str) -> None:
        self._service = WorkspaceConnection(Connection(job.url, job.token), job.workspace)
        self._datastore = datastore

    def fetch(self, path: str, sink: BinaryIO) -> bool:
        """Fetch a file into an empty one; say whether that was possible."""
        try:
            return direct.fetch_into(self._service, self._datastore, path, sink)
        except RunyardError:
            sink.seek(0)
            sink.truncate()
            return False

    def send(self, path: str, source: str, size: int, overwrite: bool) -> bool:
        """Send a file; say whether that was possible.

        Args:
            path: Its path on the datastore.
            source: The file here.
            size: Its bytes.
            overwrite: Whether it replaces one that is there.

        Raises:
            AlreadyExists: It is there and `overwrite` is not given.
        """
        file = Sized(path, Path(source), size)
        try:
            return direct.send_file(self._service, self._datastore, file, overwrite, _untold)
        except AlreadyExists:
            raise
        except RunyardError:
            return False


def _untold(_size: int) -> None:
    """Nobody is told."""
