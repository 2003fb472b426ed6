"""The real service as a process of its own, for tests that go over the wire."""

import json
import os
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

PATIENCE_SECONDS = 60.0
POLL_SECONDS = 0.02
PROGRAM = ("runyard_server.app",)
COMMAND = (sys.executable, "-P", "-m", *PROGRAM, "--embedded")


@dataclass
class RunningService:
    """A service in a process of its own.

    Args:
        home: Its state folder.
        options: Its command line after `--embedded`.
        variables: Variables added to those of the test.
        program: The module that is run, and its arguments before `--embedded`.

    Attributes:
        process: The process, None before `start`.
        url: Where it listens.
        token: Its token.
    """

    home: Path
    options: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    program: tuple[str, ...] = PROGRAM
    process: subprocess.Popen[bytes] | None = None
    url: str = ""
    token: str = ""

    def start(self) -> None:
        """Start it, or start it again, and wait until it listens.

        Raises:
            RuntimeError: It ended; with what it wrote.
        """
        self.home.mkdir(parents=True, exist_ok=True)
        environ = {**os.environ, **self.variables, HOME_VARIABLE: str(self.home)}
        output = self.home / "service.out"
        # A file, since a pipe that nobody reads would stop it.
        with output.open("wb") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", *self.program, "--embedded", *self.options],
                cwd=self.home,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                # A Ctrl-C is for the tests, which stop it in order.
                start_new_session=True,
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

    def _wait(self, process: subprocess.Popen[bytes], output: Path) -> Connection:
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
    home: Path, *options: str, variables: Mapping[str, str] | None = None
) -> Iterator[RunningService]:
    """Run a service for the time of a `with` block.

    Args:
        home: Its state folder, made if missing.
        options: Its command line after `--embedded`.
        variables: Variables added to those of the test.
    """
    service = RunningService(home, options, variables or {})
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
