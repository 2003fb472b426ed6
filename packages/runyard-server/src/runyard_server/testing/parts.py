"""The parts of a service without its face and its scheduler, for tests of rules."""

import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from runyard.protocol.files import FileEntry
from runyard_server.app.sites import context_of, make_site
from runyard_server.compute.light import named
from runyard_server.core.clock import Clock
from runyard_server.core.notices import Notices
from runyard_server.core.settings import Settings
from runyard_server.core.sites import SiteEnvironments, Sites
from runyard_server.core.system import System
from runyard_server.operations import workspaces
from runyard_server.store.blobs import FolderBlobs
from runyard_server.store.home import Home
from runyard_server.store.logs import LogStore
from runyard_server.store.records import Records
from runyard_server.testing.databases import url_of
from runyard_server.testing.fake_backend import Engine, FakeBackend
from runyard_server.testing.fake_environments import FakeEnvironments

# Where nobody listens, should something be asked after all.
URL = "http://127.0.0.1:1"
LIGHT = "hash"


def fake_sites(
    home: Home, engine: Engine | None = None, environments: SiteEnvironments | None = None
) -> Sites:
    """This machine as the one site, with agents that are moved by hand.

    Args:
        home: The state folder.
        engine: Where the agents are; one of its own by default.
        environments: How environments are made; by hand too by default.
    """
    context = context_of(home, lambda: URL, named(home.light, LIGHT))
    backend = FakeBackend(context, engine or Engine())
    return Sites([make_site("local", backend, context, environments or FakeEnvironments())])


@contextmanager
def parts(folder: Path, clock: Clock, url: str = "") -> Iterator[System]:
    """The parts on a real database in a new state folder, with the default workspace.

    Args:
        folder: The state folder.
        clock: The time.
        url: The database; "" for the folder's own.
    """
    home = Home(folder)
    home.create()
    records = Records(url or url_of(home))
    system = System(
        home=home,
        records=records,
        blobs=FolderBlobs(home.blobs),
        logs=LogStore(home.run_logs),
        notices=Notices(),
        clock=clock,
        secret=home.secret(),
        settings=Settings(),
        url=lambda: URL,
        sites=fake_sites(home),
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
