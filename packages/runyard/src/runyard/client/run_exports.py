"""The file of an export or an archive, read while the service makes it."""

from __future__ import annotations

import http.client
import os
from typing import TYPE_CHECKING, Iterator, Optional, Type

from runyard.protocol.errors import InvalidRequest, ServiceUnreachable
from runyard.protocol.files import ArchiveQuery
from runyard.protocol.run_export import RUNS_EXPORT
from runyard.protocol.timeouts import CLIENT_TIMEOUT_SECONDS

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType
    from typing import Any

    from typing_extensions import Self

    from runyard.client.workspace_connection import WorkspaceConnection
    from runyard.protocol.route import Route
    from runyard.protocol.run_export import ExportRuns

_PIECE_BYTES = 1 << 18
_BROKEN = (ConnectionError, http.client.HTTPException, OSError)


class Export:
    """An export that has begun, to be read once; use it in a `with` block.

    Args:
        response: The answer.
    """

    def __init__(self, response: Any) -> None:
        self._response = response

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self._response.close()
        self._response.connection.close()

    def __iter__(self) -> Iterator[bytes]:
        """Its bytes, as they come.

        Raises:
            ServiceUnreachable: It breaks off; what came of it is no whole file.
        """
        try:
            yield from iter(lambda: self._response.read(_PIECE_BYTES), b"")
            if self._response.length:
                # Of an answer with a length, which a proxy may make of ours, reads tell no break.
                raise http.client.IncompleteRead(b"", self._response.length)
        except _BROKEN as error:
            raise ServiceUnreachable(
                f"the answer broke off ({error!r}), and what came of it is no whole file; begin "
                "anew"
            ) from error


def begin(service: WorkspaceConnection, asked: ExportRuns) -> Export:
    """Ask for an export.

    Args:
        service: The workspace's connection.
        asked: Which runs, and how.

    Raises:
        InvalidRequest: It makes no sense.
    """
    wait = CLIENT_TIMEOUT_SECONDS
    return Export(service.connection.stream(RUNS_EXPORT, service.id, query=asked, timeout=wait))


def archive(service: WorkspaceConnection, row: Route[Any], owner: str, folder: str) -> Export:
    """Ask for an archive of a folder.

    Args:
        service: The workspace's connection.
        row: The row of archives of what has the folder.
        owner: Its id or name.
        folder: The folder; "" for all files.
    """
    asked, wait = ArchiveQuery(folder), CLIENT_TIMEOUT_SECONDS
    return Export(service.connection.stream(row, service.id, owner, query=asked, timeout=wait))


def write(found: Export, file: Path) -> int:
    """Write an export to a file, whole or not at all; give how many bytes it has.

    Args:
        found: The export; it is closed.
        file: The file; one that is there is replaced.

    Raises:
        InvalidRequest: There is no folder for it.
        ServiceUnreachable: The export breaks off.
    """
    part = file.with_name(f"{file.name}.part-{os.getpid()}")
    with found:
        if not file.parent.is_dir():
            raise InvalidRequest(f"{file} cannot be written: there is no folder {file.parent}")
        try:
            with part.open("wb") as opened:
                size = sum(opened.write(piece) for piece in found)
            # Under its name only when it is whole: what broke off would be taken for everything.
            part.replace(file)
            return size
        finally:
            if part.exists():
                part.unlink()
