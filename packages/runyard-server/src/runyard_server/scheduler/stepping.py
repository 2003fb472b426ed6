"""Reconcilers whose steps may take their time: each in a thread, of one subject one at a time.

A subject that is woken while its step is under way gets another step behind it. A step says when it
is to be looked at again though nobody wakes it; one that fails is tried again, later each time.
"""

import logging
import threading
import time
from collections.abc import Iterable, Sequence
from functools import partial

from runyard.protocol.timeouts import (
    FIRST_RETRY_SECONDS,
    LONGEST_RETRY_SECONDS,
    SWEEPS_CLOSE_SECONDS,
)
from runyard_server.core.system import System
from runyard_server.scheduler.pool import Pool
from runyard_server.scheduler.reconciler import Reconciler
from runyard_server.store.subjects import Subject

_THREADS = 4
_log = logging.getLogger(__name__)


class SteppingReconciler(Reconciler):
    """Subjects that take steps in threads.

    Args:
        system: The service's parts.
    """

    def __init__(self, system: System) -> None:
        self._system = system
        self._pool = Pool(self.kind, _THREADS)
        self._guard = threading.Lock()
        # Whether a subject was woken since its step began.
        self._at_work: dict[Subject, bool] = {}
        self._due: dict[Subject, int] = {}
        self._failing: dict[Subject, tuple[float, float]] = {}

    def advance(self, subject: Subject) -> int | None:
        """Take the next step of a subject.

        Returns:
            When to look again though nobody wakes it, in microseconds since 1970; None: never.
        """
        raise NotImplementedError

    def observe(self) -> Iterable[Subject]:
        """Those whose time has come, and those whose step failed some time ago."""
        now, moment = self._system.clock.now_us(), time.monotonic()
        with self._guard:
            found = {each for each, due in self._due.items() if due <= now}
            for each in found:
                del self._due[each]
            # Not those at work: a slow step that began as a second try would have a third behind
            # it without a pause, for its time stays past until it has ended.
            return found.union(
                each
                for each, (_, until) in self._failing.items()
                if until <= moment and each not in self._at_work
            )

    def reconcile(self, subjects: Sequence[Subject]) -> None:
        """Have each take a step."""
        for subject in subjects:
            with self._guard:
                begins = subject not in self._at_work
                self._at_work[subject] = not begins
            if begins:
                self._pool.submit(partial(self._step, subject))

    def close(self) -> None:
        """End the threads; the next process goes on from the rows."""
        self._pool.close(SWEEPS_CLOSE_SECONDS)

    def _step(self, subject: Subject) -> None:
        try:
            due = self.advance(subject)
        except Exception as error:  # noqa: BLE001 - a full disk, for example: it is tried again
            self._rest(subject, error)
        else:
            with self._guard:
                self._failing.pop(subject, None)
                self._due.pop(subject, None)
                if due is not None:
                    self._due[subject] = due
        with self._guard:
            again = self._at_work.pop(subject)
        if again:
            self.reconcile([subject])

    def _rest(self, subject: Subject, error: Exception) -> None:
        """Come back to a subject whose step failed, later each time that it was for that."""
        with self._guard:
            before, now = self._failing.get(subject), time.monotonic()
            pause = min(before[0] * 2, LONGEST_RETRY_SECONDS) if before else FIRST_RETRY_SECONDS
            if before and now < before[1]:
                # Woken in its pause. A few wake-ups within a second would make that half a minute.
                pause = before[0]
            self._failing[subject] = (pause, now + pause)
        trace = None if before else error
        _log.error(
            "a step of %s failed (%s); again in %.0f s", subject, error, pause, exc_info=trace
        )
