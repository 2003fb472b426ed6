"""`Schedule`: a published pipeline that the service submits by the clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, List, Optional

from runyard.protocol.published_pipelines import ACTIVE, DISABLED
from runyard.protocol.schedules import CreateSchedule, ScheduleQuery
from runyard.sdk.exceptions import translated
from runyard.sdk.pipeline_runs import PipelineRun

if TYPE_CHECKING:
    from runyard.protocol.schedules import ScheduleRecord
    from runyard.sdk.experiments import Experiment


class Schedule:
    """What is submitted by itself; `Pipeline.schedule` makes it.

    Args:
        experiment: The experiment of its runs.
        record: What the service has of it.
    """

    def __init__(self, experiment: Experiment, record: ScheduleRecord) -> None:
        self._experiment = experiment
        self._record = record

    @property
    def id(self) -> str:
        """Its id."""
        return self._record.id

    @property
    def name(self) -> str:
        """Its name."""
        return self._record.name

    @property
    def status(self) -> str:
        """Whether it submits: `Active` or `Disabled`."""
        return self._record.status

    @property
    def next_at(self) -> Optional[str]:
        """When it is due next, in UTC, read from the service; None of one that is disabled."""
        with translated():
            self._record = self._experiment.workspace.service.schedules.get(self.id)
        return self._record.next_at

    def runs(self) -> List[PipelineRun]:
        """List the runs that it has submitted, newest first."""
        with translated():
            found = list(self._experiment.workspace.service.schedules.runs(self.id))
        return [PipelineRun(self._experiment, each.id, _record=each) for each in found]

    def enable(self) -> None:
        """Have it submit again."""
        self._set(ACTIVE)

    def disable(self) -> None:
        """Have it submit nothing from now on; runs that go on are not touched."""
        self._set(DISABLED)

    def _set(self, status: str) -> None:
        with translated():
            service = self._experiment.workspace.service
            self._record = service.schedules.set_status(self.id, status)

    def __repr__(self) -> str:
        return f"Schedule({self.name!r}, {self.status}, next at {self._record.next_at})"


def begin(experiment: Experiment, order: CreateSchedule) -> Schedule:
    """Make a schedule, which takes the place of an active one of its name in its experiment.

    Args:
        experiment: The experiment of its runs.
        order: What is asked for.
    """
    service = experiment.workspace.service
    with translated():
        before = [
            each.id
            for each in service.schedules.list(ScheduleQuery())
            if (each.name, each.experiment) == (order.name, order.experiment)
        ]
        made = service.schedules.create(order)
        # A script that is run once more means the schedule that it made before.
        for each in before:
            service.schedules.set_status(each, DISABLED)
    return Schedule(experiment, made)
