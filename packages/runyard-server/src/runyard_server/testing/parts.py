"""The parts of a service without its face and its scheduler, for tests of rules."""

import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from runyard.protocol.files import FileEntry
from runyard_server.core.clock import Clock
from runyard_server.core.notices import Notices
from runyard_server.core.settings import Settings
from runyard_server.core.system import System
from runyard_server.operations import workspaces
from runyard_server.store.blobs import FolderBlobs
from runyard_server.store.home import Home
from runyard_server.store.logs import LogStore
from runyard_server.store.records import Records, sqlite_url


@contextmanager
def parts(folder: Path, clock: Clock) -> Iterator[System]:
    """The parts on a real SQLite in a new state folder, with the default workspace.

    Args:
        folder: The state folder.
        clock: The time.
    """
    home = Home(folder)
    home.create()
    records = Records(sqlite_url(home.database))
    system = System(
        home=home,
        records=records,
        blobs=FolderBlobs(home.blobs),
        logs=LogStore(home.run_logs),
        notices=Notices(),
        clock=clock,
        secret=home.secret(),
        settings=Settings(),
        url=lambda: "http://127.0.0.1:0",
    )
    workspaces.ensure_default(system)
    try:
        yield system
    finally:
        records.close()


def store_text(system: System, path: str, text: str, *, executable: bool = False) -> FileEntry:
    """Store a text as a content and name it.

    Args:
        system: The service's parts.
        path: The entry's path.
        text: The content.
        executable: Whether the file may be run.
    """
    data = text.encode()
    digest = hashlib.sha256(data).hexdigest()
    system.blobs.write(digest, io.BytesIO(data))
    return FileEntry(path, digest, len(data), executable)
