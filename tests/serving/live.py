"""A gateway and replicas that serve real scripts and models: all of serving but the service."""

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec

import azureml
import runyard
from runyard.protocol.endpoints import KEY, NO_AUTH
from runyard.protocol.serving import SERVING_FILE, WorkerSpec
from runyard_server.serving.table import Deployment, Endpoint, Replica, Revision, Table, digest
from runyard_server.testing.serving import GatewayProcess

_READY_SECONDS = 60.0


class Live:
    """A gateway, and endpoints on ports of this machine that are open to all.

    Args:
        folder: A new folder for their files.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ports: dict[str, int] = {}
        self._rows: list[Endpoint] = []
        self._replicas: list[subprocess.Popen[bytes]] = []
        self._light = folder / "light"
        self._light.mkdir()
        # Nothing else of this environment may be seen in a model's.
        for package in (runyard, azureml):
            (self._light / package.__name__).symlink_to(Path(package.__path__[0]))
        self.gateway = GatewayProcess(folder / "state", Table(1))

    def serve(
        self,
        name: str,
        script: str = "",
        python: Path | str = sys.executable,
        folder: Path | None = None,
        key: str = "",
        **spec: Any,
    ) -> int:
        """Have a script or a model served; `wait` for it afterwards.

        Args:
            name: Of the endpoint, and what protocols call its model.
            script: The text of its score.py, "" where a flavor needs none.
            python: The interpreter of its environment.
            folder: A folder that becomes `azureml-models`.
            key: What opens it; "" leaves it open to all.
            spec: More of its `WorkerSpec`.

        Returns:
            Its port.
        """
        root = self.folder / name
        (root / SERVING_FILE).parent.mkdir(parents=True)
        if script:
            (root / "score.py").write_text(script, encoding="utf-8")
            spec["entry_script"] = "score.py"
        if folder is not None:
            shutil.copytree(folder, root / "azureml-models")
        worker = msgspec.convert({"endpoint": name, **spec}, WorkerSpec)
        (root / SERVING_FILE).write_bytes(msgspec.json.encode(worker))
        self.ports[name] = free_port()
        self._rows.append(_row(name, self.ports[name], key))
        self.gateway.load(Table(1 + len(self._rows), tuple(self._rows)))
        self._start(root, name, python)
        return self.ports[name]

    def _start(self, root: Path, name: str, python: Path | str) -> None:
        environment = {
            **os.environ,
            "PYTHONPATH": str(self._light),
            "RUNYARD_RUN_ID": f"run of {name}",
            "RUNYARD_WORKSPACE": "w",
            "AZUREML_RUN_TOKEN": "the token",
            "RUNYARD_CONNECTION_FILE": str(self.folder / "state" / "service.json"),
        }
        command = [str(python), "-m", "runyard.runtime.model"]
        with self.log(name).open("wb") as log:
            self._replicas.append(
                subprocess.Popen(command, cwd=root, env=environment, stdout=log, stderr=log)
            )

    def log(self, name: str) -> Path:
        """What the replica of an endpoint prints.

        Args:
            name: Of the endpoint.
        """
        return self.folder / f"{name}.log"

    def wait(self) -> None:
        """Wait until all that is served can be called."""
        status = self.gateway.status()
        while sum(each.ready is not None for each in status.replicas) < len(self._rows):
            after = status.serial
            status = self.gateway.status(after, _READY_SECONDS)
            told = "".join(self.log(row.name).read_text(errors="replace") for row in self._rows)
            assert status.serial > after, told
            assert not any(each.news and each.news.final for each in status.replicas), told

    def close(self) -> None:
        """End it."""
        # It would give its clients time; here there are none.
        self.gateway.kill()
        for each in self._replicas:
            each.terminate()
        for each in self._replicas:
            each.wait(30)
        self.gateway.close()


def free_port() -> int:
    """A port that nobody has."""
    with socket.create_server(("127.0.0.1", 0)) as opened:
        return int(opened.getsockname()[1])


def _row(name: str, port: int, key: str) -> Endpoint:
    replicas = (Replica(f"run of {name}", digest("the token")),)
    deployment = Deployment("main", serving=Revision(1, replicas, name))
    auth, keys = (KEY, (digest(key),)) if key else (NO_AUTH, ())
    return Endpoint("w", name, "127.0.0.1", port, auth, "main", keys, deployments=(deployment,))
