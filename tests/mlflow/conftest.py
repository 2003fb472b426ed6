"""One service for all tests that drive MLflow's official client, and one client of each line."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from tests.mlflow.clients import Client, running_client

from runyard_server.testing.services import RunningService, running_service


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """A service in a process of its own."""
    with running_service(tmp_path_factory.mktemp("home")) as service:
        yield service


@pytest.fixture(scope="session")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Client]]:
    """The official client of a line, started when it is first asked for."""
    found: dict[str, Client] = {}
    with ExitStack() as stack:

        def of(line: str) -> Client:
            if line not in found:
                folder = tmp_path_factory.mktemp(f"client-{line}")
                found[line] = stack.enter_context(running_client(line, folder))
            return found[line]

        yield of
