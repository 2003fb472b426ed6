"""Schedules: published pipelines are submitted when they are due.

Turns are taken in threads, for they look at files; `operations/schedule_turns` says what one does.
"""

from collections.abc import Iterable

from runyard_server.execution.unfinished import due_schedules
from runyard_server.scheduler.stepping import SteppingReconciler
from runyard_server.store.subjects import SCHEDULE, Subject


class ScheduleReconciler(SteppingReconciler):
    """The schedules of all workspaces."""

    kind = SCHEDULE

    def subjects(self) -> Iterable[Subject]:
        """The schedules that will be due some time."""
        return due_schedules(self._system)

    def advance(self, subject: Subject) -> int | None:
        """Submit what a schedule is due for; give when it is due next."""
        from runyard_server.operations import schedule_turns

        return schedule_turns.advance(self._system, subject)
