"""The worker process as its supervisor holds it: a session of its own, a socket to it, its output.

The socket is the worker's life line: it ends when the other end is gone, however the supervisor
died.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import signal
import socket
import subprocess
import sys
import time
from typing import Any, Dict, Optional

from runyard.runtime.model import deaths
from runyard.runtime.model.deaths import Death
from runyard.runtime.model.lifeline import DRAIN, FAILED, HUNG, LOADED
from runyard.runtime.model.output import Output

# Long enough for the interpreter to print where each thread is.
DUMP_SECONDS = 0.3
END_SECONDS = 5.0


class Child:
    """A worker process; starts with the object.

    Args:
        root: The app root.
        environment: Its environment.

    Attributes:
        loaded: Whether `init()` is done.
        in_init: Whether it died of that.
        heard: When it last gave a sign of life.
        hung: How long a call of it has run too long; 0 for none.
        began: When it was started; times are `time.monotonic()`.
    """

    def __init__(self, root: str, environment: Dict[str, str]) -> None:
        self.loaded = self.in_init = False
        self.hung = 0.0
        self.began = self.heard = time.monotonic()
        self.control, other = socket.socketpair()
        source, sink = os.pipe()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "runyard.runtime.model", str(other.fileno())],
                cwd=root,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                pass_fds=[other.fileno()],
                # A group of its own: what a script has started ends with it, and a terminal's
                # Ctrl-C reaches the supervisor alone.
                start_new_session=True,
            )
        except BaseException:
            # The supervisor tries again for ever, and would run out of descriptors.
            os.close(source)
            self.control.close()
            raise
        finally:
            other.close()
            os.close(sink)
        self.control.settimeout(0)
        os.set_blocking(source, False)
        self.output = Output(source)
        self._part = b""
        self._reason = ""
        self._kill_at: Optional[float] = None
        self._memory = deaths.look()

    @property
    def pid(self) -> int:
        """Its process id, and that of its group."""
        return self._process.pid

    @property
    def kill_at(self) -> Optional[float]:
        """When it is to be killed, if nothing happens before."""
        return self._kill_at

    @property
    def lived(self) -> float:
        """Seconds since its start."""
        return time.monotonic() - self.began

    def hear(self) -> bool:
        """Take in what it has said; False when it has hung up."""
        try:
            data = self.control.recv(64 << 10)
        except BlockingIOError:
            return True
        except OSError:
            return False
        *lines, self._part = (self._part + data).split(b"\n")
        for line in lines:
            # Whatever else a user's code may write there.
            with contextlib.suppress(ValueError, KeyError, TypeError):
                self._note(json.loads(line.decode("utf-8")))
        return bool(data)

    def _note(self, told: Dict[str, Any]) -> None:
        self.heard = time.monotonic()
        if told["event"] == LOADED:
            self.loaded = True
        elif told["event"] == FAILED:
            self.in_init, self._reason = True, str(told["reason"])
            # What it has loaded may keep it from ending.
            self._kill_at = time.monotonic() + END_SECONDS
        elif told["event"] == HUNG:
            self.hung = float(told["seconds"])

    def look(self) -> None:
        """Note the state of the memory while it lives."""
        self._memory = deaths.look()

    def drain(self, seconds: float) -> None:
        """Have it finish what it has and end.

        Args:
            seconds: After which it is killed.
        """
        self._kill_at = time.monotonic() + seconds
        try:
            if self.loaded:
                self.control.send(json.dumps({"do": DRAIN}).encode("ascii") + b"\n")
                return
        except OSError:
            pass
        self._signal(signal.SIGTERM)

    def kill(self, reason: str, in_init: bool = False) -> None:
        """Kill it, after its threads have been printed.

        Args:
            reason: Why, for people.
            in_init: Whether it was still loading.
        """
        if self._reason:
            return
        self._reason, self.in_init = reason, in_init
        self._kill_at = time.monotonic() + DUMP_SECONDS
        self._signal(signal.SIGUSR1, group=False)

    def kill_now(self) -> None:
        """Kill it and all in its group."""
        # Once is enough: one with much memory, or within a driver, takes its time to end.
        self._kill_at = math.inf
        self._signal(signal.SIGKILL)

    def is_dead(self) -> bool:
        """Whether it has ended."""
        # Not Popen's wait: the most memory it had comes with wait4 alone.
        pid, self._status, self._usage = os.wait4(self.pid, os.WNOHANG)
        return pid != 0

    def bury(self) -> Death:
        """End what it has left, copy the rest of its output, and tell how it ended."""
        # Looked at first: with its group the memory goes that tells what it died of.
        after, status = deaths.look(), self._status
        self._signal(signal.SIGKILL)
        code = -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
        # Popen has not waited itself, and would warn of a process that still runs.
        self._process.returncode = code
        self.hear()
        self.control.close()
        self.output.finish()
        # Bytes on macOS, kilobytes on Linux.
        peak = self._usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        return Death(code, self._reason, peak, self._memory, after)

    def _signal(self, number: int, group: bool = True) -> None:
        try:
            if group:
                os.killpg(self.pid, number)
            else:
                os.kill(self.pid, number)
        except (ProcessLookupError, PermissionError):
            return
