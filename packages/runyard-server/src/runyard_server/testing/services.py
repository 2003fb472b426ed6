"""The real service as a process of its own, for tests that go over the wire.

It is forked from an interpreter that has loaded a service before (`forking`), which halves what its
start costs, and finds some of what it would make in a new state folder (`prepared`). Tests of the
start itself have Python started anew.
"""

import json
import os
import pkgutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from runyard.protocol import codec
from runyard.protocol.service import CONNECTION_FILE, HOME_VARIABLE, Connection
from runyard_server import operations
from runyard_server.testing import databases, prepared
from runyard_server.testing.forking import ForkedProcess, ForkServer

PATIENCE_SECONDS = 60.0
POLL_SECONDS = 0.02
PROGRAM = ("runyard_server.app",)
COMMAND = (sys.executable, "-P", "-m", *PROGRAM, "--embedded")
# What a service has loaded once each noun has been asked for.
_LOADED = (
    *("runyard_server.app.building", "runyard_server.app.logs", "runyard_server.app.program"),
    *("runyard_server.app.connections", "runyard_server.app.server"),
    *("runyard_server.faces.application", "runyard_server.faces.native.face"),
    *("runyard_server.faces.studio.face", "runyard_server.store.first_look"),
    "runyard_server.testing.prepared",
    *(f"{operations.__name__}.{each.name}" for each in pkgutil.iter_modules(operations.__path__)),
)
_fork_server = ForkServer(*_LOADED)


@dataclass
class RunningService:
    """A service in a process of its own.

    Args:
        home: Its state folder.
        options: Its command line after `--embedded`.
        variables: Variables added to those of the test.
        program: The module that is run, and its arguments before `--embedded`.
        anew: Whether Python is started anew for it, which tests of a start need.

    Attributes:
        process: The process, None before `start`.
        url: Where it listens.
        token: Its token.
    """

    home: Path
    options: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    program: tuple[str, ...] = PROGRAM
    anew: bool = False
    process: subprocess.Popen[bytes] | ForkedProcess | None = None
    url: str = ""
    token: str = ""

    @property
    def log(self) -> str:
        """What it has logged; of several processes that may share a folder each has a file."""
        files = sorted((self.home / "logs").glob("service*.log"))
        return "".join(file.read_text("utf-8") for file in files)

    def start(self) -> None:
        """Start it, or start it again, and wait until it listens.

        Raises:
            RuntimeError: It ended; with what it wrote.
        """
        self.home.mkdir(parents=True, exist_ok=True)
        # What imports another light half unpacks it, and any start beside it would sweep that away.
        if not self.anew and "PYTHONPATH" not in self.variables:
            prepared.share_light(self.home)
        given = {**databases.variables_of(self.home), **self.variables}
        environ = {**os.environ, **given, HOME_VARIABLE: str(self.home)}
        output = self.home / "service.out"
        # A file, since a pipe that nobody reads would stop it.
        with output.open("wb") as file, Path(os.devnull).open("rb") as nothing:
            self.process = _fork_server.start(
                self.program[0],
                [*self.program[1:], "--embedded", *self.options],
                self.home,
                environ,
                (nothing.fileno(), file.fileno(), file.fileno()),
                anew=self.anew or self.program != PROGRAM,
            )
        found = self._wait(self.process, output)
        self.url, self.token = found.url, found.token

    def stop(self) -> int:
        """Ask it to end, wait for that, and give its exit status."""
        return self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a power cut would."""
        self._end(signal.SIGKILL)

    def _end(self, number: int) -> int:
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(PATIENCE_SECONDS)

    def _wait(self, process: subprocess.Popen[bytes] | ForkedProcess, output: Path) -> Connection:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            found = read_connection(self.home)
            # The file of one that was killed is still there.
            if found is not None and found.pid == process.pid:
                return found
            if process.poll() is not None:
                break
            time.sleep(POLL_SECONDS)
        else:
            process.kill()
        status = process.wait()
        raise RuntimeError(f"the service ended with {status}:\n{output.read_text('utf-8')}")


@contextmanager
def running_service(
    home: Path, *options: str, variables: Mapping[str, str] | None = None, anew: bool = False
) -> Iterator[RunningService]:
    """Run a service for the time of a `with` block.

    Args:
        home: Its state folder, made if missing.
        options: Its command line after `--embedded`.
        variables: Variables added to those of the test.
        anew: Whether Python is started anew for it, which tests of a start need.
    """
    service = RunningService(home, options, variables or {}, anew=anew)
    service.start()
    try:
        yield service
    finally:
        service.stop()


def read_connection(home: Path) -> Connection | None:
    """What the connection file of a state folder says, None while there is none."""
    try:
        plain = json.loads((home / CONNECTION_FILE).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return codec.from_plain(Connection, plain)
