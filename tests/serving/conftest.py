"""A gateway in a process of its own, with replicas that answer as a test wants."""

import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from runyard.protocol.endpoints import Limits
from runyard.protocol.frames import SUPERVISOR, WORKER, Hello, Ready
from runyard_server.serving.table import Deployment, Endpoint, Replica, Revision, Table, digest
from runyard_server.testing.serving import (
    Answer,
    Answering,
    FakeReplica,
    GatewayProcess,
    ask,
    echo,
)

KEY = "the key"
# Between two tests it has no endpoint, and on a busy machine others of the file take their time.
STAYS = """if True:
    import sys
    from runyard_server.serving import gateway
    gateway.EMPTY_SECONDS = 3600.0
    from runyard_server.serving.__main__ import main
    sys.exit(main(sys.argv[1:]))
"""
READY = Ready()


def free_port() -> int:
    """A port that nobody has."""
    with socket.create_server(("127.0.0.1", 0)) as opened:
        return int(opened.getsockname()[1])


class Served:
    """A gateway with one endpoint and its replicas."""

    def __init__(self, gateway: GatewayProcess) -> None:
        self.gateway = gateway
        self.port = free_port()
        self.replicas: list[FakeReplica] = []
        self.row: dict[str, Any] = {}

    def set(self, *deployments: Deployment, **row: Any) -> None:
        """Have the gateway serve an endpoint."""
        self.row.update(row)
        self.load(self.endpoint(*deployments))

    def endpoint(self, *deployments: Deployment) -> Endpoint:
        """The endpoint's row."""
        given = {"auth": "key", "keys": (digest(KEY),), "default": "main", **self.row}
        return Endpoint("w", "digits", "127.0.0.1", self.port, deployments=deployments, **given)

    def load(self, *endpoints: Endpoint, **table: Any) -> None:
        """Have the gateway serve these."""
        version = self.gateway.status().version + 1
        self.gateway.load(Table(version, endpoints, **table))

    def serve(self, *runs: str, **deployment: Any) -> None:
        """Have one deployment, `main`, with these replicas."""
        self.set(main(*(runs or ("r1",)), **deployment))

    def replica(
        self,
        run: str = "r1",
        ready: Ready | None = READY,
        answering: Answering = echo,
        role: str = WORKER,
    ) -> FakeReplica:
        """Connect a worker, and wait until it is ready."""
        hello = Hello(role, "w", run, f"token of {run}", pid=4711)
        made = FakeReplica(self.gateway.folder, hello, ready, answering)
        self.replicas.append(made)
        if ready is not None:
            self.wait(lambda status: any(r.run == run and r.ready for r in status.replicas))
        return made

    def supervisor(self, run: str = "r1") -> FakeReplica:
        """Connect a supervisor."""
        return self.replica(run, None, role=SUPERVISOR)

    def ask(self, path: str = "/score", body: Any = None, key: str = KEY, **more: Any) -> Answer:
        """Send a request to the endpoint."""
        return ask(self.port, path, body, key=key, **more)

    def connect(self) -> socket.socket:
        """A connection to the endpoint."""
        return socket.create_connection(("127.0.0.1", self.port), 20)

    def wait(self, until: Callable[[Any], bool]) -> Any:
        """Wait until the gateway's status is so."""
        deadline = time.monotonic() + 60
        status = self.gateway.status()
        while not until(status):
            assert time.monotonic() < deadline, status
            status = self.gateway.status(status.serial, 10)
        return status

    def look(self, until: Callable[[Any], bool]) -> Any:
        """Wait until the gateway's figures are so, which nobody is told of."""
        deadline = time.monotonic() + 60
        while not until(status := self.gateway.status()):
            assert time.monotonic() < deadline, status
            time.sleep(0.01)
        return status

    def close(self) -> None:
        """Leave the gateway as it was."""
        for each in self.replicas:
            each.close()
        if self.gateway.process.poll() is None:
            self.load()
            # It hears later that they are gone. Until then the next test's `r1` would be this one.
            self.look(lambda status: not status.replicas)


def main(*runs: str, name: str = "main", **deployment: Any) -> Deployment:
    """A deployment that is served by these replicas."""
    return Deployment(name, serving=revision(*runs), **deployment)


def revision(*runs: str, number: int = 1) -> Revision:
    """A revision with these replicas."""
    return Revision(number, tuple(Replica(run, digest(f"token of {run}")) for run in runs), "m")


@pytest.fixture(scope="module")
def shared_gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    """A gateway for the tests of a file."""
    made = GatewayProcess(tmp_path_factory.mktemp("home"), Table(1), ["-c", STAYS])
    yield made
    made.close()


@pytest.fixture
def served(shared_gateway: GatewayProcess) -> Iterator[Served]:
    """An endpoint of the test's own."""
    made = Served(shared_gateway)
    yield made
    made.close()


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Served]:
    """An endpoint at a gateway that the test may end."""
    made = Served(GatewayProcess(tmp_path, Table(1)))
    yield made
    for each in made.replicas:
        each.close()
    made.gateway.close()


@pytest.fixture
def echoed(served: Any) -> Any:
    """An endpoint that answers with what it gets, up to 100 kB."""
    served.serve(limits=Limits(max_body=100_000))
    served.replica()
    return served
