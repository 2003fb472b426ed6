"""Files of runs: listed, read, and added from stored contents.

Moving many of them, or large ones, is the part of `transfer`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from runyard.client.paging import FILES_PAGE, Listing
from runyard.client.workspace_connection import NounClient
from runyard.protocol import files as routes
from runyard.protocol.files import FileQuery, RegisterFiles

if TYPE_CHECKING:
    from typing import List

    from runyard.client.download import Download
    from runyard.client.run_exports import Export
    from runyard.protocol.files import FileEntry, FileRecord


class Files(NounClient):
    """The files of a workspace's runs: logs, which grow, and artifacts."""

    def list(self, run: str, prefix: str = "", limit: Optional[int] = None) -> Listing[FileRecord]:
        """List a run's files, by path.

        Args:
            run: The run's id.
            prefix: Only paths that begin so.
            limit: At most so many; None is all.

        Raises:
            RunNotFound: There is no such run.
        """
        return Listing(
            lambda query: self._service.call(routes.FILES_LIST, run, query=query),
            FileQuery(prefix, FILES_PAGE),
            limit,
        )

    def open(self, run: str, path: str, offset: int = 0) -> Download:
        """Open a file for reading in a `with` block; a connection that breaks is made anew.

        Args:
            run: The run's id.
            path: The file's path in the run.
            offset: The first byte that is read.

        Raises:
            RunFileNotFound: The run has no such file; the message names the nearest.
        """
        return self._service.open(routes.FILES_READ, run, path, offset=offset)

    def archive(self, run: str, folder: str = "") -> Export:
        """Begin to read a folder as a ZIP archive, piece by piece, while the service makes it.

        Args:
            run: The run's id.
            folder: A folder of the run, such as `outputs/model`; "" for all its files.

        Raises:
            RunFileNotFound: The folder has no file.
            InvalidRequest: It has more than an archive may hold.
        """
        from runyard.client import run_exports

        return run_exports.archive(self._service, routes.FILES_ARCHIVE, run, folder)

    def register(
        self, run: str, files: List[FileEntry], overwrite: bool = False
    ) -> List[FileRecord]:
        """Add stored contents to a run.

        Args:
            run: The run's id.
            files: The contents (see `blobs`) with their paths in the run.
            overwrite: Replace what another content has under the same path.

        Raises:
            AlreadyExists: A path has another content, and `overwrite` is not given.
            MissingBlobs: A content is not stored.
        """
        body = RegisterFiles(files, overwrite)
        return self._service.call(routes.FILES_REGISTER, run, body=body).items
