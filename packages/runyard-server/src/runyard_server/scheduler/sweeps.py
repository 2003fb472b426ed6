"""Sweeps: trials are begun while there is room, news of them is taken in, and the end is noticed.

Steps are taken in threads, for samplers may take their time.
"""

from collections.abc import Iterable

from runyard_server.execution.unfinished import unfinished_sweeps
from runyard_server.scheduler.stepping import SteppingReconciler
from runyard_server.store.subjects import SWEEP, Subject


class SweepReconciler(SteppingReconciler):
    """The sweeps of all workspaces."""

    kind = SWEEP

    def subjects(self) -> Iterable[Subject]:
        """The sweeps that have not ended."""
        return unfinished_sweeps(self._system)

    def observe(self) -> Iterable[Subject]:
        """Those whose time has come, and those whose step failed some time ago."""
        self._system.studies.drop_idle()
        return super().observe()

    def advance(self, subject: Subject) -> int | None:
        """Take the next step of a sweep."""
        from runyard_server.execution import sweeping

        return sweeping.advance(self._system, subject)
