"""Journals: what is appended to them is shown in sweeps, about once a second at most.

An append wakes its journal, and Optuna appends a dozen times for each trial: showing each by itself
would be a write beside each. Who appends does not wait for it.
"""

import time
from collections.abc import Iterable, Sequence

from runyard_server.core.system import System
from runyard_server.execution.unfinished import unshown_journals
from runyard_server.scheduler.reconciler import Reconciler
from runyard_server.store.subjects import JOURNAL, Subject

_PAUSE_SECONDS = 0.5


class JournalReconciler(Reconciler):
    """The journals of all workspaces.

    Args:
        system: The service's parts.
    """

    kind = JOURNAL

    def __init__(self, system: System) -> None:
        self._system = system
        # When each may be shown again, and which of them were woken before that.
        self._until: dict[Subject, float] = {}
        self._woken: set[Subject] = set()

    def subjects(self) -> Iterable[Subject]:
        """The journals with entries that are not shown yet."""
        return unshown_journals(self._system)

    def observe(self) -> Iterable[Subject]:
        """Those that were woken soon after they had been shown."""
        now = time.monotonic()
        self._until = {each: until for each, until in self._until.items() if until > now}
        due = self._woken - self._until.keys()
        self._woken -= due
        return due

    def reconcile(self, subjects: Sequence[Subject]) -> None:
        """Show the next entries of each; what is left wakes it again."""
        from runyard_server.execution import replaying

        for subject in subjects:
            if self._until.get(subject, 0.0) > time.monotonic():
                self._woken.add(subject)
            elif replaying.advance(self._system, subject):
                self._until[subject] = time.monotonic() + _PAUSE_SECONDS
