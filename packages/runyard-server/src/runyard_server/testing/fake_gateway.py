"""A gateway that answers no request: it speaks the control socket, and a test moves its replicas.

It is a thread, so that the service finds one and starts none.
"""

import contextlib
import os
import socket
import threading
import time
from dataclasses import replace
from pathlib import Path

import msgspec

from runyard.protocol.frames import Ready, WorkerNews
from runyard_server import __version__
from runyard_server.serving.table import (
    CONTROL_SOCKET,
    ROUTES_FILE,
    SERVING_FOLDER,
    DeploymentStatus,
    EndpointStatus,
    GatewayStatus,
    ReplicaStatus,
    Table,
)


class FakeGateway:
    """A gateway of a state folder.

    Args:
        home: The state folder.
        eager: Whether replicas are ready as soon as they are in the table.

    Attributes:
        table: What it was told last.
        deaf: How many more times it does not hear that there is another table.
    """

    def __init__(self, home: Path, *, eager: bool = False) -> None:
        self._folder = home / SERVING_FOLDER
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._eager = eager
        self._condition = threading.Condition()
        self._serial = 1
        self.table = Table(0)
        self.replicas: dict[str, ReplicaStatus] = {}
        self.deployments: dict[tuple[str, str], DeploymentStatus] = {}
        self.errors: dict[str, str] = {}
        self.stopped = False
        self.deaf = 0
        self._listening = self._listen()
        self._read()
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        """Listen no more; who waits is let go."""
        self._listening.close()
        with self._condition:
            self.stopped = True
            self._condition.notify_all()

    def set(self, run: str, **values: object) -> None:
        """Set how a replica is: fields of ReplicaStatus."""
        with self._condition:
            known = self.replicas.get(run, ReplicaStatus(run, connected=True))
            self.replicas[run] = replace(known, **values)  # type: ignore[arg-type]  # by the tests
            self._change()

    def ready(self, run: str) -> None:
        """Have a replica answer."""
        self.set(run, connected=True, ready=Ready())

    def died(self, run: str, news: WorkerNews) -> None:
        """Have the worker of a replica die."""
        self.set(run, ready=None, news=news, restarts=news.deaths)

    def measure(self, endpoint: str, deployment: str = "main", **values: object) -> None:
        """Set how a deployment is: fields of DeploymentStatus.

        Args:
            endpoint: Name of the endpoint.
            deployment: Name of the deployment.
            **values: Values by field.
        """
        with self._condition:
            known = self.deployments.get((endpoint, deployment), DeploymentStatus(deployment))
            changed = replace(known, **values)  # type: ignore[arg-type]  # by the tests
            self.deployments[endpoint, deployment] = changed
            self._change()

    def refuse(self, endpoint: str, error: str) -> None:
        """Have the port of an endpoint be another program's."""
        with self._condition:
            self.errors[endpoint] = error
            self._change()

    def replicas_of(self, endpoint: str, deployment: str = "main") -> list[str]:
        """The runs of the replicas that the table has, those that serve first.

        Args:
            endpoint: Name of the endpoint.
            deployment: Name of the deployment.
        """
        for each in self.table.endpoints:
            for one in each.deployments:
                if (each.name, one.name) == (endpoint, deployment):
                    parts = [p for p in (one.serving, one.warming) if p is not None]
                    return [replica.run for part in parts for replica in part.replicas]
        return []

    def _change(self) -> None:
        self._serial += 1
        self._condition.notify_all()

    def _listen(self) -> socket.socket:
        place = self._folder / CONTROL_SOCKET
        place.unlink(missing_ok=True)
        found = socket.socket(socket.AF_UNIX)
        folder = os.open(self._folder, os.O_PATH)
        try:
            found.bind(f"/proc/self/fd/{folder}/{CONTROL_SOCKET}")
        finally:
            os.close(folder)
        found.listen()
        return found

    def _serve(self) -> None:
        while not self.stopped:
            try:
                line, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(line,), daemon=True).start()

    def _talk(self, line: socket.socket) -> None:
        with line, line.makefile("rb") as reader, contextlib.suppress(OSError):
            for text in reader:
                asked = msgspec.json.decode(text)
                answer = self._answer(asked)
                if answer is None:
                    return
                line.sendall(msgspec.json.encode(answer) + b"\n")

    def _answer(self, asked: dict[str, object]) -> object:
        if asked["do"] == "stop":
            self.close()
            return {}
        if asked["do"] == "load" and self.deaf:
            self.deaf -= 1
            return None
        if asked["do"] == "load":
            self._read()
        else:
            self._wait(int(str(asked["after"])), float(str(asked["wait"])))
        # One that was killed answers nobody.
        return None if self.stopped else self._status()

    def _wait(self, after: int, seconds: float) -> None:
        end = time.monotonic() + seconds
        with self._condition:
            self._condition.wait_for(
                lambda: self._serial > after or self.stopped, max(0.0, end - time.monotonic())
            )

    def _read(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            text = (self._folder / ROUTES_FILE).read_bytes()
            self.table = msgspec.json.decode(text, type=Table)
        with self._condition:
            if self._eager:
                named = [each.name for each in self.table.endpoints]
                for run in [run for name in named for run in self.replicas_of(name)]:
                    self.replicas.setdefault(run, ReplicaStatus(run, connected=True, ready=Ready()))
            self._change()

    def _status(self) -> GatewayStatus:
        with self._condition:
            endpoints = tuple(
                EndpointStatus(
                    each.workspace,
                    each.name,
                    listening=each.name not in self.errors,
                    error=self.errors.get(each.name, ""),
                    deployments=tuple(
                        self.deployments.get((each.name, one.name), DeploymentStatus(one.name))
                        for one in each.deployments
                    ),
                )
                for each in self.table.endpoints
            )
            replicas = tuple(self.replicas.values())
            return GatewayStatus(
                self.table.version,
                self._serial,
                os.getpid(),
                endpoints=endpoints,
                replicas=replicas,
                release=__version__,
            )
