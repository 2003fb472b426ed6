"""The file of an export, read while the service makes it."""

from __future__ import annotations

import http.client
import os
from typing import TYPE_CHECKING, Iterator

from runyard.protocol.errors import ServiceUnreachable
from runyard.protocol.run_export import RUNS_EXPORT
from runyard.protocol.timeouts import CLIENT_TIMEOUT_SECONDS

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from runyard.client.workspace_connection import WorkspaceConnection
    from runyard.protocol.run_export import ExportRuns

_PIECE_BYTES = 1 << 18
_BROKEN = (ConnectionError, http.client.HTTPException, OSError)


def pieces(service: WorkspaceConnection, asked: ExportRuns) -> Iterator[bytes]:
    """Ask for an export, at once, and give its bytes as they come.

    Args:
        service: The workspace's connection.
        asked: Which runs, and how.

    Raises:
        InvalidRequest: The export makes no sense.
        ServiceUnreachable: The answer breaks off; what came of it is no whole file.
    """
    wait = CLIENT_TIMEOUT_SECONDS
    response = service.connection.stream(RUNS_EXPORT, service.id, query=asked, timeout=wait)
    return _read(response)


def write(found: Iterator[bytes], file: Path) -> int:
    """Write an export to a file, whole or not at all; give how many bytes it has.

    Args:
        found: The pieces of the export.
        file: The file; one that is there is replaced.
    """
    part = file.with_name(f"{file.name}.part-{os.getpid()}")
    try:
        with part.open("wb") as opened:
            size = sum(opened.write(piece) for piece in found)
        # Under its name only when it is whole: what broke off would be taken for everything.
        part.replace(file)
        return size
    finally:
        if part.exists():
            part.unlink()


def _read(response: Any) -> Iterator[bytes]:
    try:
        while True:
            piece = response.read(_PIECE_BYTES)
            if not piece:
                return
            yield piece
    except _BROKEN as error:
        raise ServiceUnreachable(
            f"the export broke off ({error!r}), and what came of it is no whole file; begin anew"
        ) from error
    finally:
        response.close()
        response.connection.close()
