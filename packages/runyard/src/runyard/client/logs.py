"""Logs of runs: bytes appended at an offset, so that sending twice is harmless."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runyard.client.workspace_connection import NounClient
from runyard.protocol import files as routes
from runyard.protocol.files import LogQuery

if TYPE_CHECKING:
    from runyard.protocol.files import LogHits, LogMark, LogSearchQuery


class Logs(NounClient):
    """The logs of a workspace's runs, as they are written; they are read as `files`."""

    def append(self, run: str, path: str, data: bytes, offset: int, anew: bool = False) -> LogMark:
        """Append to a log; bytes that are there already are passed over.

        Args:
            run: The run's id.
            path: The log's path in the run.
            data: The bytes.
            offset: Where in the log the first of them stands.
            anew: The file was written anew: they replace what is there.

        Returns:
            How long the log is now.

        Raises:
            WrongState: Bytes before `offset` are missing.
        """
        query = LogQuery(offset=offset, anew=anew)
        return self._service.send(
            routes.LOGS_APPEND, run, path, data=data, size=len(data), query=query
        )

    def mark(self, run: str, path: str) -> LogMark:
        """Ask how long a log is, and for the checksum of all of it."""
        query = LogQuery(check=True)
        return self._service.send(routes.LOGS_APPEND, run, path, data=b"", size=0, query=query)

    def search(self, run: str, path: str, query: LogSearchQuery) -> LogHits:
        """Find a text in a log, or in another text file of a run.

        Args:
            run: The run's id.
            path: The file's path in the run.
            query: What to find, and where to begin.

        Raises:
            RunFileNotFound: There is no such file.
            InvalidRequest: There is nothing to find, or the expression is wrong.
        """
        return self._service.call(routes.LOGS_SEARCH, run, path, query=query)
