"""B13: a service at rest: start to first answer, memory, processes."""

from __future__ import annotations

import http.client
import json
import shutil
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import peers
import trees
from measure import LIMIT, OURS, PEER, Benchmark, Case, Figures, Quantity
from workers import ADAPTERS, environment

if TYPE_CHECKING:
    from collections.abc import Callable

START_SECONDS = 180.0
SETTLE_SECONDS = 3.0
MANY = 1_000_000


@dataclass
class Server:
    """A server that is started in a folder, asked until it answers, measured and ended.

    Args:
        python: The interpreter of its environment.
        command: Gives the command line for a port.
        path: What is asked for.
        prepared: Prepares the folder once; the folder is then kept from pass to pass.
        connection_file: Where the server says on which port it listens, below RUNYARD_HOME.
        client: Gives the command line of a client that works with the server before it rests.
    """

    python: Path
    command: Callable[[int, Path], list[str]]
    path: str = "/"
    prepared: Callable[[Path, dict[str, str]], None] | None = None
    connection_file: str = ""
    client: Callable[[dict[str, str]], list[str]] | None = None
    folder: Path = field(default_factory=Path)

    def once(self) -> Figures:
        """Start in a new folder, then once more in the same; measure the second."""
        if self.prepared is None or self.folder == Path():
            self._new_folder()
        figures = {}
        if self.prepared is None:
            figures["first"] = self._start({})
        figures["again"] = self._start(figures)
        return figures

    def close(self) -> None:
        """Remove the folder."""
        if self.folder != Path():
            shutil.rmtree(self.folder, ignore_errors=True)

    def _new_folder(self) -> None:
        self.close()
        # Short, because some servers put sockets there.
        self.folder = Path(tempfile.mkdtemp(prefix="b13-", dir="/tmp"))
        if self.prepared is not None:
            self.prepared(self.folder, environment(self.folder, self.python))

    def _start(self, figures: Figures) -> float:
        port = _free_port()
        variables = environment(self.folder, self.python)
        variables["HOME"] = str(self.folder)
        with (self.folder / "output.txt").open("wb") as log:
            begun = time.perf_counter()
            process = subprocess.Popen(
                self.command(port, self.folder),
                cwd=self.folder,
                env=variables,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            self._wait(process, port)
            seconds = time.perf_counter() - begun
            self._serve()
            time.sleep(SETTLE_SECONDS)
            pids = trees.session(process.pid)
            figures["memory"] = trees.memory_mb(pids)
            figures["processes"] = float(len(pids))
        finally:
            trees.end(trees.session(process.pid))
            process.wait()
        return seconds

    def _serve(self) -> None:
        """Have the client do its work."""
        if self.client is None:
            return
        told = json.loads((self.folder / "runyard" / self.connection_file).read_text())
        done = subprocess.run(
            self.client(told), cwd=self.folder, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"the client failed: {done.stderr[-500:]}")

    def _wait(self, process: subprocess.Popen[bytes], port: int) -> None:
        deadline = time.perf_counter() + START_SECONDS
        while time.perf_counter() < deadline:
            if process.poll() is not None:
                tail = (self.folder / "output.txt").read_text(errors="replace")[-800:]
                raise RuntimeError(f"the server ended: {tail}")
            if self._answers(port):
                return
            time.sleep(0.005)
        raise TimeoutError("the server did not answer")

    def _answers(self, port: int) -> bool:
        if self.connection_file:
            file = self.folder / "runyard" / self.connection_file
            if not file.exists():
                return False
            port = int(json.loads(file.read_text())["url"].rsplit(":", 1)[1].strip("/"))
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("GET", self.path)
            return connection.getresponse().status < 500
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


def benchmark(ours: peers.Peer, installed: dict[str, peers.Peer]) -> Benchmark:
    """The benchmark with the peers that could be installed."""
    servers = [
        ("bare uvicorn", LIMIT, _uvicorn(ours)),
    ]
    for name, make in (("Runyard", _runyard), (f"Runyard with {MANY:,} runs", _runyard_full)):
        servers += [
            (label, kind, make(peer)) for label, kind, peer in peers.of_ours(name, ours, installed)
        ]
    if "mlflow" in installed:
        peer = installed["mlflow"]
        server = _runyard(ours)
        server.client = partial(_mlflow_client, peer)
        servers.append((f"Runyard, after a client of MLflow {peer.version}", OURS, server))
        servers.append((f"mlflow server ({peer.version})", PEER, _mlflow(peer)))
        one = _mlflow(peer, "--workers", "1")
        servers.append((f"mlflow server --workers 1 ({peer.version})", PEER, one))
    if "ray" in installed:
        peer = installed["ray"]
        servers.append((f"ray start --head ({peer.version})", PEER, _ray(peer)))
    if "dstack" in installed:
        peer = installed["dstack"]
        servers.append((f"dstack server ({peer.version})", PEER, _dstack(peer)))
    return Benchmark(
        "B13",
        "A service at rest",
        "From the start of the process to its first answer, in a new folder and once more in the "
        f"same; memory (proportional set size) and processes {SETTLE_SECONDS:.0f} s later. After a "
        "client of MLflow: it has begun a run, logged parameters, values, a tag and a file, "
        "searched, and registered a version, so that all of MLflow's face is loaded.",
        [
            Quantity("first", "first start", "s"),
            Quantity("again", "start", "s", "at most 0.3 s", plotted=True),
            Quantity("memory", "memory", "MB", "at most 50 MB", plotted=True),
            Quantity("processes", "processes", "", "one"),
        ],
        [Case(name, kind, server.once, server.close) for name, kind, server in servers],
    )


def _uvicorn(peer: peers.Peer) -> Server:
    def command(port: int, _: Path) -> list[str]:
        return [str(peer.python), str(ADAPTERS / "echo.py"), str(port)]

    return Server(peer.python, command)


def _runyard(peer: peers.Peer) -> Server:
    def command(_: int, folder: Path) -> list[str]:
        (folder / "runyard" / "service.json").unlink(missing_ok=True)
        return [str(peer.python), "-m", "runyard_server.app", "--embedded"]

    return Server(peer.python, command, "/api/v1/about", connection_file="service.json")


def _runyard_full(peer: peers.Peer) -> Server:
    server = _runyard(peer)

    def fill(folder: Path, variables: dict[str, str]) -> None:
        script = [str(peer.python), str(ADAPTERS / "fill_runyard.py"), str(MANY)]
        done = subprocess.run(
            script, env=variables, cwd=folder, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"the runs could not be made: {done.stderr[-500:]}")
        record = json.loads((folder / "runyard" / "service.json").read_text())
        trees.end([record["pid"]])

    server.prepared = fill
    return server


def _mlflow_client(peer: peers.Peer, told: dict[str, str]) -> list[str]:
    """A run with parameters, values, a tag, a file, and a model version."""
    script = str(ADAPTERS / "client_mlflow.py")
    return [str(peer.python), script, told["url"], told["token"]]


def _mlflow(peer: peers.Peer, *more: str) -> Server:
    def command(port: int, folder: Path) -> list[str]:
        store = f"sqlite:///{folder}/mlflow.db"
        words = ["server", "--host", "127.0.0.1", "--port", str(port), *more]
        artifacts = ["--default-artifact-root", str(folder / "artifacts")]
        return [peer.program("mlflow"), *words, "--backend-store-uri", store, *artifacts]

    return Server(peer.python, command, "/health")


def _ray(peer: peers.Peer) -> Server:
    def command(port: int, folder: Path) -> list[str]:
        words = ["start", "--head", "--block", f"--port={_free_port()}"]
        words += [f"--dashboard-port={port}", "--temp-dir", str(folder / "ray")]
        return [peer.program("ray"), *words]

    return Server(peer.python, command, "/api/version")


def _dstack(peer: peers.Peer) -> Server:
    def command(port: int, _: Path) -> list[str]:
        return [peer.program("dstack"), "server", "--host", "127.0.0.1", "--port", str(port), "-y"]

    return Server(peer.python, command, "/healthcheck")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
