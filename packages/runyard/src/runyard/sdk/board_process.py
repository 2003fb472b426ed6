"""TensorBoard as a process: found, started, told apart from ours, and ended with all it started.

It is no dependency of this project. The caller's own Python may have it, as v1's users had; else
the service makes an environment for it, once. Either way it runs below a guard, so that nothing is
left of it when this process ends, in whatever way.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib.util
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Deque, List, Optional, Tuple

from runyard.client import guard, printing
from runyard.sdk.exceptions import AzureMLException, translated

if TYPE_CHECKING:
    from runyard.client.workspace import WorkspaceClient

HOST = "127.0.0.1"
START_SECONDS = 60.0
STOP_SECONDS = 5.0
RELOAD_SECONDS = 2
_PORTS = 100
_TOLD = re.compile(r"TensorBoard \S+ at (http://\S+)")
_VERSION = re.compile(r"""^VERSION = ["'](\d+)\.(\d+)""", re.MULTILINE)
# Before, each run was read from its newest file alone, and there was no second reader.
_MULTIFILE, _FAST = (1, 15), (2, 4)
_ENVIRONMENT_SECONDS = 600.0

Version = Tuple[int, int]


class Program:
    """A Python that has TensorBoard.

    Args:
        interpreter: The Python.
        version: The first two numbers of TensorBoard's version.
    """

    def __init__(self, interpreter: str, version: Version) -> None:
        self.interpreter = interpreter
        self.version = version

    def command(self, folder: str, port: int, prefix: str) -> List[str]:
        """The command that shows a folder.

        Args:
            folder: The folder of event files.
            port: The port to listen at.
            prefix: The path below which it is reached, "" for none.
        """
        found = [self.interpreter, "-m", "tensorboard.main", "--logdir", folder, "--host", HOST]
        found += ["--port", str(port), "--reload_interval", str(RELOAD_SECONDS)]
        if self.version >= _MULTIFILE:
            found += ["--reload_multifile", "true"]
        if self.version >= _FAST:
            found += ["--load_fast", "auto"]
        return [*found, "--path_prefix", prefix] if prefix else found


def find(service: WorkspaceClient) -> Program:
    """Find TensorBoard here, else have the service make an environment with it.

    Args:
        service: The workspace's connection.

    Raises:
        AzureMLException: There is none, and none can be made; the message names one command.
    """
    own = importlib.util.find_spec("tensorboard")
    for place in (own.submodule_search_locations or []) if own is not None else []:
        with contextlib.suppress(OSError):
            found = _VERSION.search((Path(place) / "version.py").read_text("utf-8"))
            if found is not None:
                return Program(sys.executable, (int(found.group(1)), int(found.group(2))))
    return _made(service)


def _made(service: WorkspaceClient) -> Program:
    """Wait for the service's environment."""
    end = time.monotonic() + _ENVIRONMENT_SECONDS
    with translated():
        told = service.tensorboard.program()
        if told.state == "making":
            printing.tell("making an environment for TensorBoard, once")
        while told.state == "making" and time.monotonic() < end:
            time.sleep(0.5)
            told = service.tensorboard.program()
    if told.state != "ready" or not os.access(told.interpreter, os.X_OK):
        why = f" ({told.error})" if told.error else ""
        raise AzureMLException(
            f"there is no TensorBoard in this Python, and the service has none for it{why}: "
            f"{sys.executable} -m pip install tensorboard"
        )
    return Program(told.interpreter, _FAST)


class BoardProcess:
    """A running TensorBoard.

    Args:
        command: What starts it; it tells its address in a line of its output.

    Attributes:
        url: Where it is.

    Raises:
        AzureMLException: It did not tell its address in time; the message has its last lines.
    """

    def __init__(self, command: List[str]) -> None:
        self._lines: Deque[str] = deque(maxlen=30)
        self._ready = threading.Event()
        self.url = ""
        guarded = [sys.executable, "-S", "-E", str(Path(guard.__file__)), *command]
        self._process: Optional[subprocess.Popen[bytes]] = subprocess.Popen(
            guarded,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        atexit.register(self.stop)
        self._reader = threading.Thread(target=self._read, name="tensorboard", daemon=True)
        self._reader.start()
        self._ready.wait(START_SECONDS)
        if not self.url:
            self.stop()
            said = "\n".join(self._lines) or "it said nothing"
            raise AzureMLException(f"TensorBoard did not start:\n{said}")

    def stop(self) -> None:
        """End it with all that it started; again does nothing."""
        process, self._process = self._process, None
        if process is None:
            return
        atexit.unregister(self.stop)
        assert process.stdin is not None
        with contextlib.suppress(OSError):
            process.stdin.close()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self._reader.join(STOP_SECONDS)

    def _read(self) -> None:
        """Keep its last lines; its pipe must never be full."""
        process = self._process
        assert process is not None
        assert process.stdout is not None
        with process.stdout as output:
            for line in output:
                text = line.decode("utf-8", "replace").rstrip()
                self._lines.append(text)
                found = _TOLD.search(text)
                if found is not None and not self.url:
                    self.url = found.group(1)
                    self._ready.set()
        self._ready.set()


def free_port(wanted: int) -> int:
    """The first free port from the wanted one on; any for 0.

    Args:
        wanted: The port.
    """
    for port in range(wanted, wanted + _PORTS) if wanted else [0]:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError, OverflowError):
                probe.bind((HOST, port))
                return int(probe.getsockname()[1])
    raise AzureMLException(f"no port from {wanted} to {wanted + _PORTS - 1} is free")
