"""A service without its face: the parts in a temporary home, a clock that moves by itself."""

import hashlib
import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from runyard.protocol.files import FileEntry, RegisterFiles
from runyard.protocol.runs import StartRun
from runyard_server.operations import files, runs, workspaces
from runyard_server.operations.clock import Clock
from runyard_server.operations.notices import Notices
from runyard_server.operations.settings import Settings
from runyard_server.operations.system import System
from runyard_server.store.blobs import FolderBlobs
from runyard_server.store.home import Home
from runyard_server.store.logs import LogStore
from runyard_server.store.records import Records, sqlite_url

SECOND = 1_000_000


class TickingClock(Clock):
    """A clock that moves one second at each look, so that no two times are equal."""

    def __init__(self) -> None:
        self.now = 1_600_000_000 * SECOND

    def now_us(self) -> int:
        self.now += SECOND
        return self.now


@pytest.fixture
def clock() -> TickingClock:
    return TickingClock()


@pytest.fixture
def system(tmp_path: Path, clock: TickingClock) -> Iterator[System]:
    """The parts on a real SQLite in a temporary home, with the default workspace."""
    home = Home(tmp_path / "home")
    home.create()
    records = Records(sqlite_url(home.database))
    made = System(
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
    workspaces.ensure_default(made)
    yield made
    records.close()


@pytest.fixture
def run(system: System) -> str:
    """The id of an interactive run of experiment `mnist`, which is Running."""
    return runs.start(system, "default", body=StartRun(experiment="mnist")).id


@pytest.fixture
def store_text(system: System) -> Callable[..., FileEntry]:
    """Store a text as a content and give its entry under a path."""

    def store(path: str, text: str, *, executable: bool = False) -> FileEntry:
        data = text.encode()
        digest = hashlib.sha256(data).hexdigest()
        system.blobs.write(digest, io.BytesIO(data))
        return FileEntry(path, digest, len(data), executable)

    return store


@pytest.fixture
def run_with_files(system: System, run: str, store_text: Callable[..., FileEntry]) -> str:
    """The id of a run with a model of two files, a picture and a log."""
    entries = [
        store_text("outputs/model/graph.meta", "graph"),
        store_text("outputs/model/weights.data", "weights"),
        store_text("outputs/modelling.txt", "notes"),
        store_text("plot.png", "picture"),
    ]
    files.register(system, "default", run, body=RegisterFiles(files=entries))
    system.logs.append("default", run, "azureml-logs/70_driver_log.txt", 0, io.BytesIO(b"hello\n"))
    return run
