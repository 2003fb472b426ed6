"""Schedules: made, listed, changed, switched on and off, deleted; and the runs that they bring."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from runyard.client.paging import Listing
from runyard.client.workspace_connection import NounClient
from runyard.protocol import schedules as routes
from runyard.protocol.schedules import ChangeSchedule, ScheduleQuery, ScheduleRunQuery

if TYPE_CHECKING:
    from runyard.protocol.runs import RunRecord
    from runyard.protocol.schedules import CreateSchedule, ScheduleRecord


class Schedules(NounClient):
    """The schedules of a workspace."""

    def create(self, order: CreateSchedule) -> ScheduleRecord:
        """Make a schedule.

        Raises:
            InvalidRequest: Something stands against it; the message says what.
            NotFound: There is no such published pipeline or endpoint.
        """
        return self._service.call(routes.SCHEDULES_CREATE, body=order)

    def list(
        self, query: Optional[ScheduleQuery] = None, limit: Optional[int] = None
    ) -> Listing[ScheduleRecord]:
        """List schedules, oldest first.

        Args:
            query: Which ones; None lists the active ones.
            limit: At most so many; None is all.
        """
        return Listing(
            lambda asked: self._service.call(routes.SCHEDULES_LIST, query=asked),
            query or ScheduleQuery(),
            limit,
        )

    def get(self, schedule: str) -> ScheduleRecord:
        """Read a schedule.

        Raises:
            NotFound: There is none of that id.
        """
        return self._service.call(routes.SCHEDULES_GET, schedule)

    def change(self, schedule: str, change: ChangeSchedule) -> ScheduleRecord:
        """Change a schedule.

        Args:
            schedule: Its id.
            change: What is to be different.
        """
        return self._service.call(routes.SCHEDULES_CHANGE, schedule, body=change)

    def set_status(self, schedule: str, status: str) -> ScheduleRecord:
        """Switch a schedule on (`Active`) or off (`Disabled`)."""
        return self.change(schedule, ChangeSchedule(status=status))

    def delete(self, schedule: str) -> None:
        """Delete a schedule; its runs stay."""
        self._service.call(routes.SCHEDULES_DELETE, schedule)

    def runs(self, schedule: str, limit: Optional[int] = None) -> Listing[RunRecord]:
        """List the runs that a schedule has submitted, newest first.

        Args:
            schedule: Its id.
            limit: At most so many; None is all.
        """
        return Listing(
            lambda asked: self._service.call(routes.SCHEDULES_RUNS, schedule, query=asked),
            ScheduleRunQuery(),
            limit,
        )
