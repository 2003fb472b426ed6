"""A service without its face: the parts in a temporary home, a clock that moves by itself."""

import io
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from runyard.protocol.files import FileEntry, RegisterFiles
from runyard.protocol.runs import StartRun
from runyard_server.core.system import System
from runyard_server.operations import files, runs
from runyard_server.testing import parts
from runyard_server.testing.clocks import TickingClock


@pytest.fixture
def clock() -> TickingClock:
    return TickingClock()


@pytest.fixture
def system(tmp_path: Path, clock: TickingClock) -> Iterator[System]:
    with parts.parts(tmp_path / "home", clock) as made:
        yield made


@pytest.fixture
def run(system: System) -> str:
    """The id of an interactive run of experiment `mnist`, which is Running."""
    return runs.start(system, "default", body=StartRun(experiment="mnist")).id


@pytest.fixture
def store_text(system: System) -> Callable[..., FileEntry]:
    """Store a text as a content and give its entry under a path."""
    return partial(parts.store_text, system)


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
