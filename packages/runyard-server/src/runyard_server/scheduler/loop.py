"""The loop that makes intent true, whatever the kind of it.

One thread, woken by notices and at least once a second. Each turn hands the subjects that
something happened to, by kind, to their reconcilers; about once a second these also look at the
world outside. A subject whose turn fails is tried alone, then again after growing pauses, and holds
up no other.

All state that matters is in the database: the start asks every reconciler for all subjects that
there may be work for, so nothing is lost with a process.
"""

import logging
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter

from runyard.protocol import timeouts
from runyard.protocol.errors import TemporaryError
from runyard.protocol.timeouts import (
    FIRST_RETRY_SECONDS,
    LEASE_RENEWAL_SECONDS,
    LONGEST_RETRY_SECONDS,
)
from runyard_server.core import leases
from runyard_server.core.notices import subject_of_work
from runyard_server.core.system import System
from runyard_server.scheduler.reconciler import Reconciler
from runyard_server.store.subjects import Subject

_log = logging.getLogger(__name__)
_NAMES = attrgetter("kind", "workspace", "id")


@dataclass(frozen=True)
class _Failing:
    """A subject whose turns fail: the pause after the last of them, and until when it lasts."""

    pause: float
    until: float


class Loop:
    """Drives reconcilers.

    Args:
        system: The service's parts.
        reconcilers: One of each kind.
        token: What the reconcilers lease subjects with.
        first_pause: Seconds after which a turn that failed for the first time is tried again.
    """

    def __init__(
        self,
        system: System,
        reconcilers: Sequence[Reconciler],
        token: str,
        first_pause: float = FIRST_RETRY_SECONDS,
    ) -> None:
        self._system = system
        self._first_pause = first_pause
        self._reconcilers = {each.kind: each for each in reconcilers}
        self._token = token
        self._wake = threading.Event()
        self._guard = threading.Lock()
        self._dirty: set[Subject] = set()
        self._failing: dict[Subject, _Failing] = {}
        self._lost_track: set[str] = set()
        self._away: set[str] = set()
        self._renewed = time.monotonic()
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._unsubscribe = system.notices.subscribe(self._hear)

    def start(self) -> None:
        """Take up what the process before left, then run until `stop`."""
        self.take_up()
        self._thread = threading.Thread(target=self._run, name="scheduler", daemon=True)
        self._thread.start()

    def take_up(self) -> None:
        """Free what the process before left; the next `observe` looks at all that there is."""
        leases.take_over(self._system)
        self._lost_track = set(self._reconcilers)

    def stop(self) -> None:
        """End the loop and its reconcilers; agents and their jobs go on."""
        self._stopping = True
        self._unsubscribe()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
        for reconciler in self._reconcilers.values():
            reconciler.close()

    def turn(self) -> None:
        """Do what has come up since the last turn."""
        with self._guard:
            dirty, self._dirty = self._dirty, set()
        now = time.monotonic()
        resting = {s for s in dirty if s in self._failing and self._failing[s].until > now}
        with self._guard:
            # They stay woken: a wake-up in a pause is answered after it.
            self._dirty |= resting
        for kind, subjects in _by_kind(dirty - resting).items():
            self._reconcile(self._reconcilers[kind], subjects)

    def observe(self) -> None:
        """Do what time brings: look at the world outside, renew leases."""
        for kind, reconciler in self._reconcilers.items():
            try:
                found = set(reconciler.observe())
                # At the start, and after a fault: what this look should have noted then is gone.
                if kind in self._lost_track:
                    found.update(reconciler.subjects())
                    self._lost_track.discard(kind)
            except Exception as error:  # noqa: BLE001 - a fault of one kind must not end the loop
                self._tell(kind, error)
                self._lost_track.add(kind)
            else:
                self._tell(kind, None)
                self._note(found)
                if found:
                    self._wake.set()
        if time.monotonic() - self._renewed >= LEASE_RENEWAL_SECONDS:
            self._renewed = time.monotonic()
            self._renew()

    def _run(self) -> None:
        self.observe()
        self.turn()
        observed = time.monotonic()
        while not self._stopping:
            self._system.figures.turned()
            self._wake.wait(max(0.0, self._next(observed) - time.monotonic()))
            # Before the turn, not after it: what is announced meanwhile must wake the loop once
            # more.
            self._wake.clear()
            if time.monotonic() - observed >= timeouts.TICK_SECONDS:
                observed = time.monotonic()
                self.observe()
            self.turn()

    def _next(self, observed: float) -> float:
        """When the next turn is due though nobody wakes the loop."""
        rests = [failing.until for failing in self._failing.values()]
        return min([observed + timeouts.TICK_SECONDS, *rests])

    def _reconcile(self, reconciler: Reconciler, subjects: Sequence[Subject]) -> None:
        """Take a turn for subjects of one kind; after a fault, for each of them alone."""
        try:
            reconciler.reconcile(subjects)
        except Exception as error:  # noqa: BLE001 - a fault must not end the loop
            if len(subjects) == 1:
                self._rest(subjects[0], error)
                return
            _log.warning("a turn for %d subjects failed (%s); each alone", len(subjects), error)
            for subject in subjects:
                self._reconcile(reconciler, [subject])
        else:
            for subject in subjects:
                self._failing.pop(subject, None)
            left = list(reconciler.left())
            if left:
                self._note(left)
                self._wake.set()

    def _rest(self, subject: Subject, error: Exception) -> None:
        """Come back to a subject whose turn failed, later each time."""
        before = self._failing.get(subject)
        pause = min(before.pause * 2, LONGEST_RETRY_SECONDS) if before else self._first_pause
        # Where a whole disk is full, every subject fails: the traceback once for each will do.
        trace = None if before else _trace(error)
        text = "a turn for %s failed (%s); again in %.0f s"
        _log.error(text, subject, error, pause, exc_info=trace)
        self._failing[subject] = _Failing(pause, time.monotonic() + pause)
        self._note([subject])

    def _tell(self, kind: str, error: Exception | None) -> None:
        """Log how looking after a kind has gone: what passes by itself once, and its end."""
        if not isinstance(error, TemporaryError):
            if error is not None:
                _log.error("looking after subjects of kind %s failed", kind, exc_info=error)
            elif kind in self._away:
                _log.info("subjects of kind %s are looked after again", kind)
            self._away.discard(kind)
        elif kind not in self._away:
            # A database that is away for an hour would fill the log with it, once a second.
            _log.warning("subjects of kind %s are not looked after now: %s", kind, error)
            self._away.add(kind)

    def _renew(self) -> None:
        try:
            leases.renew(self._system, self._token)
        except Exception as error:  # noqa: BLE001 - the next time may be in time
            _log.error("leases could not be renewed (%s)", error, exc_info=_trace(error))

    def _hear(self, topic: str) -> None:
        subject = subject_of_work(topic)
        if subject is not None and subject.kind in self._reconcilers:
            self._note([subject])
            self._wake.set()

    def _note(self, subjects: Iterable[Subject]) -> None:
        with self._guard:
            self._dirty.update(subjects)


def _trace(error: Exception) -> Exception | None:
    """What the log has the traceback of: nothing that passes by itself."""
    return None if isinstance(error, TemporaryError) else error


def _by_kind(subjects: Iterable[Subject]) -> Mapping[str, list[Subject]]:
    found: dict[str, list[Subject]] = {}
    # By a key: to compare subjects themselves takes ten times as long.
    for subject in sorted(subjects, key=_NAMES):
        found.setdefault(subject.kind, []).append(subject)
    return found
