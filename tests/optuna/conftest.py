"""One real service, and storages whose studies nobody else has."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import optuna
import runyard.optuna
from runyard.client import discovery
from runyard.sdk.workspaces import Workspace
from runyard_server.testing.services import RunningService, running_service

_numbers = itertools.count()
Make = Callable[..., runyard.optuna.Storage]


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Optuna tells of each trial otherwise."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    yield
    optuna.logging.set_verbosity(optuna.logging.INFO)


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """A service in a process of its own."""
    with running_service(tmp_path_factory.mktemp("home")) as service:
        yield service
    discovery.forget()


@pytest.fixture
def workspace(
    service: RunningService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Workspace:
    """The default workspace."""
    monkeypatch.setenv("RUNYARD_HOME", str(service.home))
    monkeypatch.chdir(tmp_path)
    return Workspace.from_config()


@pytest.fixture
def journal() -> str:
    """The name of a journal that nobody else uses."""
    return f"j{next(_numbers)}"


@pytest.fixture
def make(workspace: Workspace, journal: str) -> Make:
    """Opens the test's journal anew each time, as another process does."""
    return lambda: runyard.optuna.Storage(workspace, journal)


@pytest.fixture
def storage(make: Make) -> runyard.optuna.Storage:
    """A storage without any study."""
    return make()
