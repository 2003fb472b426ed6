"""Hears at once what the other nodes of a run make necessary: one question waits at the service.

Beats tell the same, but only when they are due. Without an answer (the service is away, or knows no
such question) the beats are all there is.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Callable, Dict

from runyard.protocol.errors import NotFound, RunyardError
from runyard.protocol.timeouts import ORDERS_WAIT_SECONDS
from runyard.runtime.service import JobService

if TYPE_CHECKING:
    from runyard.runtime.job import Job

FIRST_SECONDS = 0.2
RETRY_SECONDS = 1.0


class Listener:
    """Long-polls the service for orders caused by other nodes.

    Args:
        job: Whose node asks.
        hear: Called, from the thread, with each answer that tells something new.
        to_the_end: Whether to ask on when the processes are to stop, until the others have ended.

    Attributes:
        heard: The last such answer, an AgentReply; empty before.
        news: Set whenever there is one.
    """

    def __init__(
        self, job: Job, hear: Callable[[Dict[str, Any]], None], *, to_the_end: bool = True
    ) -> None:
        self._service = JobService(job)
        self._hear = hear
        self._to_the_end = to_the_end
        self._stopped, self._begun = threading.Event(), threading.Event()
        self.heard: Dict[str, Any] = {}
        self.news = threading.Event()
        threading.Thread(target=self._run, name="listener", daemon=True).start()

    def begin(self) -> None:
        """Ask now: a process has ended, so the others may be ending too."""
        self._begun.set()

    def stop(self) -> None:
        """Ask no more; an open question is given up with the process."""
        self._stopped.set()

    def _run(self) -> None:
        known = {"stop": False, "others": True}
        # At first the processes need the processor more.
        self._begun.wait(FIRST_SECONDS)
        while not self._stopped.is_set() and (self._to_the_end or not known["stop"]):
            asked = time.monotonic()
            try:
                reply = self._service.orders(known, ORDERS_WAIT_SECONDS)
            except NotFound:
                return
            except (OSError, RunyardError):
                self._stopped.wait(RETRY_SECONDS)
                continue
            fresh = {name: bool(reply[name]) for name in known}
            if fresh != known or reply["cancel"]:
                known = fresh
                self.heard = reply
                self.news.set()
                self._hear(reply)
            if reply["cancel"] or time.monotonic() - asked < ORDERS_WAIT_SECONDS / 2:
                # Whatever the service makes of it, it is not asked all the time.
                self._stopped.wait(RETRY_SECONDS if reply["cancel"] else 0.01)
