"""A gateway in a process of its own, with replicas that answer as a test wants."""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from runyard.protocol.frames import SUPERVISOR, WORKER, Hello, Ready
from runyard_server.serving.table import Deployment, Endpoint, Replica, Revision, Table, digest
from runyard_server.testing.serving import Answer, Answering, FakeReplica, GatewayProcess, ask, echo

KEY = "the key"
READY = Ready()


def free_port() -> int:
    """A port that nobody has."""
    with socket.create_server(("127.0.0.1", 0)) as opened:
        return int(opened.getsockname()[1])


class Served:
    """A gateway with one endpoint and its replicas."""

    def __init__(self, home: Path) -> None:
        self.port = free_port()
        self.version = 1
        self.replicas: list[FakeReplica] = []
        self.row: dict[str, Any] = {}
        self.gateway = GatewayProcess(home, Table(1))

    def set(self, *deployments: Deployment, **row: Any) -> None:
        """Have the gateway serve an endpoint."""
        self.row.update(row)
        given = {"auth": "key", "keys": (digest(KEY),), "default": "main", **self.row}
        endpoint = Endpoint("w", "digits", "127.0.0.1", self.port, deployments=deployments, **given)
        self.version += 1
        self.gateway.load(Table(self.version, (endpoint,)))

    def serve(self, runs: tuple[str, ...] = ("r1",), **deployment: Any) -> None:
        """Have one deployment, `main`, with these replicas."""
        self.set(main(runs, **deployment))

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

    def wait(self, until: Callable[[Any], bool]) -> Any:
        """Wait until the gateway's status is so."""
        status = self.gateway.status()
        while not until(status):
            after = status.serial
            status = self.gateway.status(after, 10)
            assert status.serial > after, status
        return status

    def close(self) -> None:
        """End all."""
        for each in self.replicas:
            each.close()
        self.gateway.close()


def main(runs: tuple[str, ...] = ("r1",), name: str = "main", **deployment: Any) -> Deployment:
    """A deployment that is served by these replicas."""
    return Deployment(name, serving=revision(runs), **deployment)


def revision(runs: tuple[str, ...], number: int = 1) -> Revision:
    """A revision with these replicas."""
    return Revision(number, tuple(Replica(run, digest(f"token of {run}")) for run in runs), "m")


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A gateway of the test's own."""
    made = Served(tmp_path)
    yield made
    made.close()
