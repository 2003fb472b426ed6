"""The service's end of the fork server: agents by fork from an interpreter kept warm.

`runyard.runtime.fork_server` tells what is said. The fork server is started when the first agent
is wanted and ends by itself when none has been wanted for some seconds, so a service at rest is
one process. Whatever is wrong with it costs a launch some time and nothing else: the caller starts
the agent without it.
"""

import socket
import subprocess
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

ENTRY = "runyard/runtime/__main__.py"
_ANSWER_SECONDS = 20.0
# The second try is for a fork server that ended just now, for want of work.
_TRIES = 2


class ForkServerGone(Exception):
    """The fork server could not be started, or has ended; no agent has begun."""


class ForkServer:
    """Starts the agents that run from one light half.

    Args:
        python: The interpreter.
        light: The folder with the light half.
        umask: The agents' umask; None: that of the service.
    """

    def __init__(self, python: str, light: Path, umask: int | None = None) -> None:
        self.light = str(light)
        self._umask = -1 if umask is None else umask
        self._command = [python, "-S", "-E", str(light / ENTRY), "fork-server"]
        self._guard = threading.Lock()
        self._line: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._children: set[int] = set()
        self._ended: dict[int, int] = {}

    def fork(self, folder: str, variables: dict[str, str]) -> int:
        """Make the process of an agent, which waits for `go`; give its pid.

        Raises:
            ForkServerGone: That is not possible at present.
        """
        with self._guard:
            for _ in range(_TRIES):
                with suppress(OSError, EOFError, msgspec.DecodeError):
                    line = self._line or self._open()
                    pid = int(_ask(line, {"folder": folder, "variables": variables})["pid"])
                    self._children.add(pid)
                    return pid
                self._drop()
        raise ForkServerGone

    def expect(self) -> None:
        """Start the process if it is not there; it ends by itself where no agent comes."""
        with self._guard, suppress(OSError):
            if self._process is not None and self._process.returncode is not None:
                self._drop()
            if self._line is None:
                self._open()

    def go(self, pid: int) -> bool:
        """Let a forked process become its agent; say whether the fork server has passed that on."""
        with self._guard:
            return pid in self._children and self._tell({"go": pid}) is not None

    def ended(self, pid: int) -> int | None:
        """The wait status of a process that is gone, once; None where it is not known."""
        with self._guard:
            if pid not in self._children:
                return None
            told = self._tell({"ended": True}) or {}
            # Each end is told once, whoever was asked after: those of others are kept.
            self._ended.update({int(child): status for child, status in told.items()})
            self._children.discard(pid)
            return self._ended.pop(pid, None)

    def close(self) -> None:
        """End the fork server; its agents go on."""
        with self._guard:
            self._drop()

    def _open(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        with theirs:
            ours.settimeout(_ANSWER_SECONDS)
            process = subprocess.Popen(
                self._command,
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                # Ctrl-C goes to all of a process group; what is forked here outlives the service.
                start_new_session=True,
                umask=self._umask,
            )
        self._process = process
        # It ends when it likes; somebody must take note, or it would stay as a zombie.
        threading.Thread(target=process.wait, name="fork-server", daemon=True).start()
        self._line = ours
        return ours

    def _tell(self, what: dict[str, Any]) -> dict[str, Any] | None:
        try:
            if self._line is not None:
                return _ask(self._line, what)
        except (OSError, EOFError, msgspec.DecodeError):
            self._drop()
        return None

    def _drop(self) -> None:
        """Forget a fork server, and its children's ends with it."""
        if self._line is not None:
            self._line.close()
        self._line = None
        self._children.clear()
        self._ended.clear()


def _ask(line: socket.socket, what: dict[str, Any]) -> dict[str, Any]:
    line.sendall(msgspec.json.encode(what) + b"\n")
    told = b""
    while not told.endswith(b"\n"):
        block = line.recv(1 << 16)
        if not block:
            raise EOFError
        told += block
    return msgspec.json.decode(told, type=dict[str, Any])
