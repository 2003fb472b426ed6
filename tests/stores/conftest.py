"""The stores of others and one service, started once for all tests of the room."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.stores import servers
from tests.stores.servers import Server

from runyard.client import discovery
from runyard.sdk.workspaces import Workspace
from runyard_server.testing.services import RunningService, running_service

_numbers = itertools.count()
_STARTS = {"rclone": servers.rclone, "moto": servers.moto, "azurite": servers.azurite}


@pytest.fixture(scope="session")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Server]]:
    """A store by its name, started when it is first asked for."""
    found: dict[str, Server] = {}
    with ExitStack() as stack:

        def of(name: str) -> Server:
            if name not in found:
                folder = tmp_path_factory.mktemp(name) / "files"
                found[name] = stack.enter_context(_STARTS[name](folder))
            return found[name]

        yield of


@pytest.fixture
def rclone(started: Callable[[str], Server]) -> Server:
    """A store that refuses wrong keys."""
    return started("rclone")


@pytest.fixture(params=list(_STARTS))
def server(request: pytest.FixtureRequest, started: Callable[[str], Server]) -> Server:
    """Each of the stores in turn."""
    return started(request.param)


@pytest.fixture
def prefix() -> str:
    """A place in a bucket that no other test uses."""
    return f"test-{next(_numbers)}"


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """A service in a process of its own, which has a folder in place of a container."""
    home = tmp_path_factory.mktemp("home")
    mirror = tmp_path_factory.mktemp("mirror")
    (mirror / "flowers").mkdir()
    (mirror / "flowers" / "rose.txt").write_text("a rose")
    (home / "config.toml").write_text(f'[mirrors]\n"azureopendata/flowers" = "{mirror}"\n')
    with running_service(home) as service:
        yield service
    discovery.forget()


@pytest.fixture
def workspace(
    service: RunningService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Workspace:
    """A workspace that nobody else uses, and an empty working folder."""
    monkeypatch.setenv("RUNYARD_HOME", str(service.home))
    monkeypatch.chdir(tmp_path)
    return Workspace.create(f"w{next(_numbers)}")
