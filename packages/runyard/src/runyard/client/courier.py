"""Sends what a run leaves on disk through the client: metric lines and bytes of log files.

It may be started anew at any time and on the same files: see `sender`, which does the work. The
job agent uses the sender with a destination of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Optional

from runyard.client.logs import Logs
from runyard.client.metrics import Metrics
from runyard.client.sender import Destination, Sender

if TYPE_CHECKING:
    from runyard.client import sender
    from runyard.client.workspace_connection import WorkspaceConnection


class ServiceDestination(Destination):
    """A run at a service that is spoken to through the client.

    Args:
        service: The workspace's client.
        run_id: The run.
    """

    def __init__(self, service: WorkspaceConnection, run_id: str) -> None:
        self._logs = Logs(service)
        self._metrics = Metrics(service)
        self._run_id = run_id

    def append_log(self, path: str, offset: int, data: bytes, anew: bool = False) -> int:
        """See Destination."""
        return self._logs.append(self._run_id, path, data, offset, anew).size

    def log_checksum(self, path: str) -> Optional[str]:
        """See Destination."""
        return self._logs.mark(self._run_id, path).checksum

    def append_lines(self, writer: str, first: int, data: bytes) -> int:
        """See Destination."""
        return self._metrics.append(self._run_id, writer, data, first).lines


class Courier(Sender):
    """Brings a run's metric lines and log bytes to the service.

    Args:
        service: The workspace's client.
        run_id: The run.
        spool_folder: Where the writers' files are; it need not exist yet.
        logs: Local file -> the log's path in the run, or a function that gives this (asked at
            each poll, so that new files are found).
        warn: Told once of each file that can never be brought.
        resumes: Another courier may have brought a part of the logs.
    """

    def __init__(
        self,
        service: WorkspaceConnection,
        run_id: str,
        spool_folder: Any,
        logs: Optional[sender.Logs] = None,
        warn: Optional[Callable[[str], None]] = None,
        resumes: bool = False,
    ) -> None:
        super().__init__(ServiceDestination(service, run_id), spool_folder, logs, warn, resumes)
