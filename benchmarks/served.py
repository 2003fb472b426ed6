"""What is loaded: our endpoint, and servers that are processes started by hand."""

from __future__ import annotations

import http.client
import os
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import load
import trees
from adapters.ports import free_port
from load import Request
from workers import ADAPTERS, Worker, environment

if TYPE_CHECKING:
    from collections.abc import Callable

    import peers

START_SECONDS = 120.0
SCORED = ADAPTERS / "scored"


@dataclass
class Served:
    """A server that is started, loaded and ended in each pass.

    Args:
        python: The interpreter of its environment.
        command: Gives the command line for a port and a folder.
        small: The request with a short body.
        large: That with a body of a megabyte.
        variables: More variables of its environment.
        prepare: Makes its folder ready, once.
    """

    python: Path
    command: Callable[[int, Path], list[str]]
    small: Request
    large: Request
    variables: dict[str, str] = field(default_factory=dict)
    prepare: Callable[[Path, dict[str, str]], None] = lambda _folder, _variables: None
    folder: Path = field(default_factory=Path)
    port: int = 0
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> float:
        """Start it; the seconds until it gives its first right answer."""
        if self.folder == Path():
            self.folder = Path(tempfile.mkdtemp(prefix="b12-"))
            self.prepare(self.folder, self._variables())
        self.port = free_port()
        begun = time.perf_counter()
        with (self.folder / "output.txt").open("wb") as log:
            self.process = subprocess.Popen(
                self.command(self.port, self.folder),
                cwd=self.folder,
                env=self._variables(),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._wait(begun + START_SECONDS)
        return time.perf_counter() - begun

    def requests(self) -> tuple[Request, Request]:
        """What it is asked: something short, and a megabyte."""
        return self.small, self.large

    def pids(self) -> list[int]:
        """All its processes."""
        assert self.process is not None
        return trees.session(self.process.pid)

    def end(self) -> None:
        """End it."""
        if self.process is not None:
            trees.end(trees.session(self.process.pid))
            self.process.wait()
            self.process = None

    def close(self) -> None:
        """End it and remove its folder."""
        self.end()
        if self.folder != Path():
            shutil.rmtree(self.folder, ignore_errors=True)

    def _variables(self) -> dict[str, str]:
        return {**environment(self.folder, self.python), **self.variables}

    def _wait(self, deadline: float) -> None:
        assert self.process is not None
        while time.perf_counter() < deadline:
            if self.process.poll() is not None:
                tail = (self.folder / "output.txt").read_text(errors="replace")[-800:]
                raise RuntimeError(f"the server ended: {tail}")
            if self._answers():
                return
            time.sleep(0.01)
        raise TimeoutError("the server did not answer")

    def _answers(self) -> bool:
        try:
            return answer(self.port, self.small)[0] == 200
        except (OSError, http.client.HTTPException):
            return False


class Deployed:
    """The same as an endpoint of ours.

    Args:
        peer: Our environment.
        script: The score.py.
        small: See Served.
        large: See Served.
        python: The interpreter that the model needs; by default that of our environment.
    """

    def __init__(
        self,
        peer: peers.Peer,
        script: Path,
        small: Request,
        large: Request,
        python: Path | None = None,
    ) -> None:
        more = [str(python)] if python is not None else []
        self.worker = Worker(peer.python, "serve_endpoints.py", str(script), *more)
        self.name = ""
        self.port = 0
        self._made = 0
        self._both = (small, large)
        self._told: dict[str, Any] = {}

    def start(self) -> float:
        """Deploy it; the seconds until it is ready."""
        # One that is being deleted keeps its name for a while.
        self._made += 1
        self.name = f"dot-{self._made}"
        self._told = self.worker.ask("deploy", name=self.name)
        self.port = self._told["port"]
        seconds: float = self._told["seconds"]
        return seconds

    def requests(self) -> tuple[Request, Request]:
        """See Served; with the key, as clients send it."""
        key = {"Authorization": f"Bearer {self._told['key']}"}
        small, large = self._both
        return (
            Request(small.body, small.path, {**small.headers, **key}),
            Request(large.body, large.path, {**large.headers, **key}),
        )

    def pids(self) -> list[int]:
        """The gateway and the workers."""
        return [int(pid) for pid in self._told["pids"]]

    def wake(self) -> float:
        """The seconds of a call that finds no replica."""
        return self.worker.ask("wake")["seconds"]

    def update(self, seconds: float) -> int:
        """Update it for some time; how many times that was."""
        return int(self.worker.ask("update", name=self.name, seconds=seconds)["updates"])

    def end(self) -> None:
        """Delete it."""
        if self._told:
            self.worker.ask("delete", name=self.name)
            self._told = {}

    def close(self) -> None:
        """End the service with all that it has started."""
        self.worker.ask("end")
        self.worker.close()


def answer(port: int, request: Request) -> tuple[int, bytes]:
    """Ask once; status and body."""
    connection = http.client.HTTPConnection(load.HOST, port, timeout=30)
    try:
        connection.request("POST", request.path, request.body, request.headers)
        found = connection.getresponse()
        return found.status, found.read()
    finally:
        connection.close()


def processor_seconds(pids: list[int]) -> float:
    """The processor time that processes have taken so far."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")
