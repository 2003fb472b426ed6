"""The agent's beats: a report at each change of state, and every five seconds.

States are told in order. While the service is away they wait; the answer to a beat may be that the
job is to be canceled.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Callable, Deque, Dict, List, Optional

from runyard.protocol.errors import NotFound, RunyardError, ServiceUnreachable
from runyard.protocol.timeouts import HEARTBEAT_RETRY_SECONDS, HEARTBEAT_SECONDS

if TYPE_CHECKING:
    from runyard.runtime.service import JobService

# Somebody answers there, if only that nobody listens: the service may be starting again.
_HEARD = (ConnectionRefusedError, ConnectionResetError, BrokenPipeError, EOFError)

Tasks = List[Dict[str, Any]]


class Beats:
    """A thread that says that the agent is alive.

    Args:
        service: Where to say it.
        on_cancel: Called, from the thread, when the service wants the job canceled.
        seconds: Between two beats.
        fence: How long the network may be silent before `cut_off`; None: for ever.
        attempt: Which attempt of the run speaks.

    Attributes:
        reply: The service's last answer, an AgentReply; empty when nothing has come since the
            last state was told.
        unwanted: The run is not there any more.
        cut_off: Nothing at all has come from the service's machine for too long: a service that
            lives has given this node up. One that is being started again refuses connections.
        on_stop: Called, from the thread, when the service wants the processes ended because of
            other nodes.
        fresh: Called with the processes told last, before they are told again; gives them anew.
    """

    def __init__(
        self,
        service: JobService,
        on_cancel: Callable[[], None],
        seconds: float = HEARTBEAT_SECONDS,
        fence: Optional[float] = None,
        attempt: int = 0,
    ) -> None:
        self._service = service
        self._on_cancel = on_cancel
        self._seconds = seconds
        self.reply: Dict[str, Any] = {}
        self.unwanted = False
        self.cut_off = False
        self._fence = fence
        self._attempt = attempt
        self._heard = time.monotonic()
        self.on_stop: Callable[[], None] = _nothing
        self.fresh: Callable[[Tasks], Tasks] = _as_told
        self._states: Deque[Dict[str, Any]] = deque()
        self._last: Dict[str, Any] = {}
        self._change = threading.Event()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="beats", daemon=True)

    def say(self, state: str, message: str = "", tasks: Optional[Tasks] = None) -> None:
        """Report a state and those of the processes, now and with each beat from now on.

        Args:
            state: The state.
            message: What people are told beside it.
            tasks: The state of each process: fields of TaskReport.
        """
        beat = {
            "state": state,
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "message": message,
            "warnings": [],
            "attempt": self._attempt,
        }
        if tasks is not None:
            beat["tasks"] = tasks
        # What the service said before it knew this state answers another question.
        self.reply = {}
        self._states.append(beat)
        self._change.set()
        if not self._thread.is_alive() and not self._stopped:
            self._thread.start()

    def stop(self) -> None:
        """Send what is still to be said, once, and end the thread."""
        self._stopped = True
        self._change.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while True:
            # Before telling: what is said meanwhile wakes the wait, and nothing is told twice.
            self._change.clear()
            if self._stopped and not self._states:
                return
            stopped = self._stopped
            told = self._tell()
            if stopped:
                return
            self._change.wait(self._seconds if told else HEARTBEAT_RETRY_SECONDS)

    def _tell(self) -> bool:
        """Send what waits, or the last state again; say whether the service took it."""
        try:
            if not self._states:
                self._again()
            while self._states:
                self._send(self._states[0])
                # The message was told; what follows only says that this state goes on.
                self._last = {**self._states.popleft(), "message": ""}
        except NotFound:
            # The run was removed: nobody waits for this job any more.
            self.unwanted = True
            self._on_cancel()
            return False
        except (OSError, RunyardError) as error:
            self._measure_silence(error)
            return False
        self._heard = time.monotonic()
        return True

    def _measure_silence(self, error: Exception) -> None:
        """Have the processes ended when the network has been silent for too long."""
        now = time.monotonic()
        if not isinstance(error, ServiceUnreachable) or isinstance(error.__cause__, _HEARD):
            self._heard = now
        elif self._fence is not None and now - self._heard > self._fence:
            self.cut_off = True
            self.on_stop()

    def _again(self) -> None:
        if "tasks" in self._last:
            self._last = {**self._last, "tasks": self.fresh(self._last["tasks"])}
        self._send(self._last)

    def _send(self, beat: Dict[str, Any]) -> None:
        reply = self._service.report(beat)
        # With more waiting the answer is to a state that is over.
        if len(self._states) <= 1:
            self.reply = reply
        self.obey(reply)

    def obey(self, reply: Dict[str, Any]) -> None:
        """Do what an AgentReply asks for."""
        if reply.get("cancel"):
            self._on_cancel()
        if reply.get("stop"):
            self.on_stop()


def _nothing() -> None:
    """Do nothing: a job of one node is stopped by nobody."""


def _as_told(tasks: Tasks) -> Tasks:
    """Leave what was told as it is."""
    return tasks
