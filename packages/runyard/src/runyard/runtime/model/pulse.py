"""Signs of life: to the supervisor, to the gateway, and from the supervisor.

It is a thread of its own, so a `run` that takes long is no silence; one that keeps the interpreter
to itself for long is.
"""

from __future__ import annotations

import json
import os
import select
import threading
import time
from typing import TYPE_CHECKING, Any, Callable, Dict, Optional

from runyard.protocol import frames
from runyard.protocol.frames import Welcome, pack
from runyard.runtime.model.lifeline import BEAT, DRAIN, FAILED, HUNG, LOADED

if TYPE_CHECKING:
    import socket

    from runyard.runtime.model.line import Line

# A call may outlast its limit by so much before its worker is started again.
GRACE_SECONDS = 10.0
SHORTEST_PERIOD = 0.1
# A gateway that does not say that nothing follows is not waited for any longer.
DRAIN_SECONDS = 2.0


class Pulse:
    """The thread, and what others have it do.

    Args:
        control: The worker's end of its life line.
        settings: What holds for the deployment.

    Attributes:
        settings: The same; set anew when it changes.
        line: The connection to the gateway, while there is one.
        running: How long the oldest call has been running.
        draining: Whether the worker is to end.
    """

    def __init__(self, control: socket.socket, settings: Welcome) -> None:
        self.settings = settings
        self.line: Optional[Line] = None
        # `float()` is 0.0: before there is an engine nothing runs.
        self.running: Callable[[], float] = float
        self.draining = False
        self._control = control
        self._lock = threading.Lock()
        self._told = False
        self._drain_at = 0.0
        threading.Thread(target=self._run, name="pulse", daemon=True).start()

    def loaded(self) -> None:
        """Have the supervisor know that the model is there."""
        self._say({"event": LOADED})

    def failed(self, reason: str) -> None:
        """Have it know that it is not, and why."""
        self._say({"event": FAILED, "reason": reason})

    def _run(self) -> None:
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        while True:
            if poll.poll(self._period() * 1000):
                self._obey(self._control.recv(4096))
            self._beat()
            self._look()

    def _period(self) -> float:
        if self._drain_at:
            return SHORTEST_PERIOD
        # Often enough for a call that hangs to be noticed soon after its limit.
        limit = self.settings.limits.timeout_ms / 1000 / 4
        return max(SHORTEST_PERIOD, min(self.settings.liveness.period_seconds, limit))

    def _obey(self, data: bytes) -> None:
        if not data:
            # The supervisor is gone, and whoever took its place has a worker of its own.
            # `sys.exit` would end this thread alone.
            os._exit(1)
        for each in data.split(b"\n"):
            if each and json.loads(each.decode("utf-8")).get("do") == DRAIN:
                self._drain()

    def _drain(self) -> None:
        self.draining = True
        self._drain_at = time.monotonic() + DRAIN_SECONDS
        line = self.line
        if line is not None:
            try:
                line.try_send(pack(frames.DRAIN, 0))
            except OSError:
                line.stop_reading()

    def _beat(self) -> None:
        self._say({"event": BEAT})
        line = self.line
        if line is not None:
            try:
                # Not waiting for a thread that sends an answer: that is a sign of life, too.
                line.try_send(pack(frames.BEAT, 0))
            except OSError:
                # Who reads from it finds out.
                return

    def _look(self) -> None:
        ran = self.running()
        if ran > self.settings.limits.timeout_ms / 1000 + GRACE_SECONDS and not self._told:
            self._told = True
            self._say({"event": HUNG, "seconds": ran})
        if self._drain_at and time.monotonic() > self._drain_at and self.line is not None:
            self.line.stop_reading()

    def _say(self, told: Dict[str, Any]) -> None:
        with self._lock:
            try:
                self._control.sendall(json.dumps(told).encode("ascii") + b"\n")
            except OSError:
                os._exit(1)
