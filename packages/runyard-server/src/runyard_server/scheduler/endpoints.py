"""Endpoints: revisions made ready, replicas replaced, scaled and ended, and the gateway kept going.

Steps are taken in threads, of one endpoint one at a time; one that is woken meanwhile gets another
step behind it. What is needed for that is loaded with the first endpoint.
"""

import logging
import threading
import time
from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from runyard.protocol.timeouts import (
    FIRST_RETRY_SECONDS,
    LONGEST_RETRY_SECONDS,
    SWEEPS_CLOSE_SECONDS,
)
from runyard_server.core.notices import work_topic
from runyard_server.core.system import System
from runyard_server.execution.unfinished import every_endpoint
from runyard_server.scheduler.pool import Pool
from runyard_server.scheduler.reconciler import Reconciler
from runyard_server.store.subjects import ENDPOINT, Subject

if TYPE_CHECKING:
    from runyard_server.scheduler.gateway import GatewayKeeper
    from runyard_server.serving.starting import Command

_THREADS = 2
# As `serving.table` has them, which is loaded with the first endpoint.
SERVING_FOLDER, GATEWAY_FILE = "serving", "gateway.json"
_log = logging.getLogger(__name__)


class EndpointReconciler(Reconciler):
    """The endpoints of all workspaces, and the gateway.

    Args:
        system: The service's parts.
        command: Makes the command line of the gateway; by default that of the real one.
    """

    kind = ENDPOINT

    def __init__(self, system: System, command: "Command | None" = None) -> None:
        self._system = system
        self._command = command
        self._pool = Pool("endpoint", _THREADS)
        self._guard = threading.Lock()
        # Whether an endpoint was woken since its step began.
        self._at_work: dict[Subject, bool] = {}
        self._due: dict[Subject, int] = {}
        self._failing: dict[Subject, tuple[float, float]] = {}
        self._keeper: GatewayKeeper | None = None
        # Whoever looks whether there is an endpoint tells the keeper before another one looks.
        self._looking = threading.Lock()
        self._closed = False

    def subjects(self) -> Iterable[Subject]:
        """All endpoints."""
        found = every_endpoint(self._system)
        if not found and (self._system.home.root / SERVING_FOLDER / GATEWAY_FILE).exists():
            from runyard_server.scheduler import gateway

            # A service before was killed when it had deleted the last.
            gateway.dismiss(self._system)
        return found

    def observe(self) -> Iterable[Subject]:
        """Those whose time has come, and those whose step failed some time ago."""
        now, moment = self._system.clock.now_us(), time.monotonic()
        with self._guard:
            found = {each for each, due in self._due.items() if due <= now}
            for each in found:
                del self._due[each]
            # One whose step is under way would be stepped again at once, whatever its pause.
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
        """End the threads; gateway and replicas go on."""
        with self._guard:
            # A step that is under way must not begin to keep it now.
            self._closed, keeper = True, self._keeper
        if keeper is not None:
            keeper.close()
        self._pool.close(SWEEPS_CLOSE_SECONDS)

    def _step(self, subject: Subject) -> None:
        from runyard_server.execution import serving

        try:
            due = serving.advance(self._system, subject)
            self._keep_gateway()
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

    def _keep_gateway(self) -> None:
        from runyard_server.scheduler import gateway

        with self._looking:
            # Seen in the step of the last endpoint, and told after that of the next one, "none"
            # would have ended the gateway for good: nothing happens to an endpoint without it.
            wanted = bool(every_endpoint(self._system))
            with self._guard:
                if self._closed:
                    return
                if self._keeper is None:
                    if not wanted:
                        return
                    self._keeper = gateway.GatewayKeeper(self._system, self._wake, self._command)
                self._keeper.want(wanted=wanted)

    def _wake(self, subjects: Iterable[Subject]) -> None:
        for subject in subjects:
            self._system.notices.changed(work_topic(subject))

    def _rest(self, subject: Subject, error: Exception) -> None:
        """Come back to an endpoint whose step failed, later each time that it was for that."""
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
