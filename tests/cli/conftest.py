"""A real service with a run, a model and a cluster in it, and a way to call the command."""

import contextlib
import fcntl
import os
import pty
import struct
import subprocess
import sys
import tempfile
import termios
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pytest

from runyard.client.connection import Connection
from runyard.client.workspace import WorkspaceClient
from runyard.protocol import routes
from runyard.protocol.compute import CreateCompute
from runyard.protocol.files import DRIVER_LOG, LogQuery
from runyard.protocol.runs import StartRun
from runyard.protocol.service import HOME_VARIABLE
from runyard_server.testing.forking import ForkServer
from runyard_server.testing.services import running_service

# What nearly every command loads; the last two bring the rest along.
FORK_SERVER = ForkServer(
    *("runyard_server.cli.program", "runyard_server.cli.runs", "runyard_server.cli.endpoints"),
    *("runyard_server.cli.tables", "runyard_server.cli.target"),
)

PATIENCE_SECONDS = 120


@dataclass(frozen=True)
class Said:
    """What a command printed and how it ended."""

    status: int
    out: str
    err: str


class Cli:
    """Calls `runyard` as a shell would, in a process of its own, in an empty folder."""

    def __init__(self, home: Path, folder: Path) -> None:
        self.folder = folder
        self.variables = {**os.environ, HOME_VARIABLE: str(home), "COLUMNS": "200"}

    def __call__(self, *words: str, **variables: str) -> Said:
        return self.given("", *words, **variables)

    def given(self, text: str, *words: str, **variables: str) -> Said:
        """Call it with a text on stdin."""
        with (
            tempfile.TemporaryFile() as out,
            tempfile.TemporaryFile() as err,
            tempfile.TemporaryFile() as there,
        ):
            there.write(text.encode())
            there.seek(0)
            files = (there.fileno(), out.fileno(), err.fileno())
            given = {**self.variables, **variables}
            process = FORK_SERVER.start("runyard", words, self.folder, given, files)
            try:
                status = process.wait(PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                told = f"{words} went on for {PATIENCE_SECONDS} s\n{_read(out)}{_read(err)}"
                raise AssertionError(told + self._log()) from None
            return Said(status, _read(out), _read(err))

    def _log(self) -> str:
        """The end of the service's log, which says what it was waiting for."""
        logs = Path(self.variables[HOME_VARIABLE], "logs").glob("service*.log")
        return "".join("".join(log.read_text().splitlines(keepends=True)[-60:]) for log in logs)

    def on_terminal(self, *words: str, columns: int = 80, **variables: str) -> str:
        """What appears on a terminal of so many columns."""
        outer, inner = pty.openpty()
        fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        given = {**self.variables, "TERM": "xterm", **variables}
        given.pop("COLUMNS")
        with subprocess.Popen(
            [sys.executable, "-P", "-c", "from runyard_server.cli import main; main()", *words],
            cwd=self.folder,
            env=given,
            stdin=inner,
            stdout=inner,
            stderr=inner,
        ):
            os.close(inner)
            pieces = []
            # At the program's end Linux answers a read with an error, others with nothing.
            with contextlib.suppress(OSError), os.fdopen(outer, "rb", buffering=0) as screen:
                while piece := screen.read(1 << 16):
                    pieces.append(piece)
        return b"".join(pieces).decode().replace("\r\n", "\n")


def _read(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()


@dataclass(frozen=True)
class Place:
    """A service's state folder, and a client of its default workspace."""

    home: Path
    client: WorkspaceClient


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A service that runs, with the cluster `small`."""
    home = tmp_path_factory.mktemp("cli") / "home"
    with running_service(home) as service:
        client = WorkspaceClient(Connection(service.url, service.token), "default")
        cluster = CreateCompute(name="small", vm_size="STANDARD_D2_V2", max_nodes=2)
        client.call(routes.COMPUTE_CREATE, body=cluster)
        yield Place(home, client)


@pytest.fixture
def run_id(place: Place) -> str:
    """An interactive run that goes on, with a line in its log."""
    record = place.client.call(routes.RUNS_START, body=StartRun(experiment="shown"))
    text = b"line one\nline two\n"
    place.client.send(
        routes.LOGS_APPEND, record.id, DRIVER_LOG, data=text, size=len(text), query=LogQuery()
    )
    return record.id


@pytest.fixture
def cli(place: Place, tmp_path: Path) -> Cli:
    """The command, speaking to the service of `place`."""
    return Cli(place.home, tmp_path)
