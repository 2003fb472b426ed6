"""The supervisor of a replica: one worker process, always.

It waits on the worker's end, its output and its life line at once, and on nothing else: the service
and the gateway may be away. SIGTERM has the worker finish what it has; a worker never outlives it.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import socket
import sys
import time
from typing import Any, Dict, Optional

from runyard.protocol.errors import RunyardError
from runyard.protocol.frames import Welcome, WorkerNews
from runyard.protocol.serving import SERVING_FILE
from runyard.runtime.model import application, deaths
from runyard.runtime.model.child import Child
from runyard.runtime.model.dialing import Identity
from runyard.runtime.model.link import Link
from runyard.runtime.model.output import say
from runyard.runtime.model.restarts import Restarts, Verdict

STARTED, DIED, GIVING_UP, DRAINING = "started", "died", "giving-up", "draining"
# As long as Docker gives a container after SIGTERM.
DRAIN_SECONDS = 10.0
# How old the figures may be with which a death is told.
MEMORY_SECONDS = 10.0


class Supervisor:
    """Keeps one worker running.

    Args:
        root: The app root, absolute.
    """

    def __init__(self, root: str) -> None:
        self._root = root
        self._spec = application.read(root)
        self._settings = Welcome(self._spec.limits, self._spec.batching, self._spec.liveness)
        self._restarts = Restarts()
        self._ending = False
        self._selector = selectors.DefaultSelector()
        self._catch_signals()
        self._link = Link(Identity.of(dict(os.environ)), self._heed)

    def run(self) -> int:
        """Supervise until SIGTERM; the exit status."""
        while not self._ending:
            verdict = self._once()
            if not self._ending:
                self._pause(verdict)
        self._link.close()
        say("the replica has ended, as it was asked to")
        return 0

    def _once(self) -> Verdict:
        """Start a worker, see it to its end, and decide when the next one is started."""
        try:
            child = Child(self._root, self._environment())
        except OSError as error:
            # No memory or no process left on the machine: that may pass.
            return self._told(0, f"the worker cannot be started: {error}")
        say(f"worker {child.pid} of {self._spec.endpoint} has started")
        self._link.tell(WorkerNews(STARTED, child.pid, deaths=self._restarts.deaths))
        try:
            death = self._watch(child)
        except BaseException:
            child.kill_now()
            raise
        reason = deaths.describe(death)
        return self._told(child.pid, reason, death.status, child)

    def _environment(self) -> Dict[str, str]:
        found = dict(os.environ)
        found.update(application.variables(self._spec, self._root))
        found.setdefault("WORKER_TIMEOUT", application.worker_timeout(self._spec))
        # The last words of a worker that is killed are in the log.
        found.setdefault("PYTHONUNBUFFERED", "1")
        return found

    def _watch(self, child: Child) -> deaths.Death:
        """Wait until a worker has ended."""
        sources = (child.control, child.output.source)
        self._selector.register(child.control, selectors.EVENT_READ, child.hear)
        self._selector.register(child.output.source, selectors.EVENT_READ, child.output.copy)
        told, look_at = False, time.monotonic() + MEMORY_SECONDS
        while True:
            self._wait(self._deadline(child, look_at))
            if self._ending and not told:
                told = True
                say("asked to end: the worker finishes what it has")
                self._link.tell(WorkerNews(DRAINING, child.pid, deaths=self._restarts.deaths))
                child.drain(DRAIN_SECONDS)
            if time.monotonic() >= look_at:
                look_at = time.monotonic() + MEMORY_SECONDS
                child.look()
            self._judge(child)
            if child.is_dead():
                for source in sources:
                    self._forget(source)
                return child.bury()

    def _deadline(self, child: Child, look_at: float) -> float:
        """When there is something to do though nothing has happened."""
        if child.kill_at is not None:
            return min(look_at, child.kill_at)
        if child.loaded:
            return min(look_at, child.heard + self._silence())
        return min(look_at, child.began + self._settings.limits.init_seconds)

    def _silence(self) -> float:
        liveness = self._settings.liveness
        return liveness.period_seconds * liveness.failure_threshold + liveness.timeout_seconds

    def _judge(self, child: Child) -> None:
        """Kill a worker that hangs, one way or another."""
        now = time.monotonic()
        if child.kill_at is not None:
            if now >= child.kill_at:
                child.kill_now()
            return
        init = self._settings.limits.init_seconds
        silent = now - child.heard
        if not child.loaded and child.lived >= init:
            child.kill(f"init() took longer than {init:g} s (limits.init_seconds)", in_init=True)
        elif child.hung:
            limit = self._settings.limits.timeout_ms
            child.kill(f"a call ran for {child.hung:.1f} s; the limit is {limit} ms")
        elif child.loaded and silent >= self._silence():
            child.kill(f"the worker gave no sign of life for {silent:.0f} s")

    def _told(
        self, pid: int, reason: str, status: int = 0, child: Optional[Child] = None
    ) -> Verdict:
        """Have log and gateway know of a death, unless it was asked for."""
        if self._ending:
            return Verdict(0.0, giving_up=False, final=False)
        lived, in_init = (child.lived, child.in_init) if child is not None else (0.0, False)
        verdict = self._restarts.died(lived, in_init)
        name = f"worker {pid} has died: " if pid else ""
        say(f"{name}{reason}; started again in {verdict.pause:g} s")
        news = WorkerNews(
            GIVING_UP if verdict.giving_up else DIED,
            pid,
            status,
            reason,
            child.output.tail() if child is not None else [],
            self._restarts.deaths,
            verdict.pause,
            verdict.final,
        )
        self._link.tell(news)
        return verdict

    def _heed(self, settings: Welcome) -> None:
        self._settings = settings
        self._wake()

    def _wake(self) -> None:
        # Called from the link's thread, while the first one waits in its selector.
        with contextlib.suppress(OSError):
            self._signals[1].send(b"x")

    def _pause(self, verdict: Verdict) -> None:
        until = time.monotonic() + verdict.pause
        while not self._ending and time.monotonic() < until:
            self._wait(until)

    def _wait(self, until: float) -> None:
        """Wait until then or until something has happened, and take it in."""
        for key, _ in self._selector.select(max(0.0, until - time.monotonic())):
            if not key.data():
                self._forget(key.fileobj)

    def _forget(self, source: Any) -> None:
        try:
            self._selector.unregister(source)
        except KeyError:
            return

    def _catch_signals(self) -> None:
        """Have signals end a wait: a wait for a dead worker would otherwise go on."""
        reader, writer = socket.socketpair()
        for each in (reader, writer):
            each.settimeout(0)
        # Kept: they are closed with the object.
        self._signals = (reader, writer)
        signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        # Left as it is this signal is ignored, and wakes nobody.
        signal.signal(signal.SIGCHLD, lambda _number, _place: None)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._end)
        self._selector.register(reader, selectors.EVENT_READ, lambda: bool(reader.recv(4096)))

    def _end(self, _number: int, _place: Any) -> None:
        self._ending = True


def main() -> int:
    """Supervise the replica whose app root is the working folder."""
    try:
        supervisor = Supervisor(os.getcwd())
    except (OSError, RunyardError) as error:
        sys.stderr.write(f"{SERVING_FILE} cannot be read: {error}\n")
        return 1
    return supervisor.run()
