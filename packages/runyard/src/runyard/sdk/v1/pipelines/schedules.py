"""Schedules of published pipelines as v1 code makes them: by recurrence, or when files change.

The service submits, at the times of `ScheduleRecurrence` or when a file has come into a folder of a
datastore; nobody's process has to go on. A schedule is there as soon as `create` returns, so there
is never anything to wait for (`wait_for_provisioning`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, List, Mapping, NoReturn, Optional

from runyard.client import callers
from runyard.protocol.published_pipelines import ACTIVE, DISABLED
from runyard.protocol.schedules import (
    ChangeSchedule,
    CreateSchedule,
    DataTrigger,
    RecurrenceSpec,
    ScheduleQuery,
)
from runyard.sdk.exceptions import NotOfferedYet, translated
from runyard.sdk.runs import of_record
from runyard.sdk.v1.pipelines.data import refusal
from runyard.sdk.v1.pipelines.publishing import values
from runyard.sdk.v1.pipelines.recurrences import ScheduleRecurrence

if TYPE_CHECKING:
    from runyard.protocol.schedules import ScheduleRecord
    from runyard.sdk.runs import Run
    from runyard.sdk.workspaces import Workspace

_STATUSES = (ACTIVE, DISABLED)
# v1 looked at blob containers alone. A share is refused as it was there; stores that v1 did not
# know break no script of its time.
_FILE_SHARE = "AzureFile"


class Schedule:
    """A published pipeline, or an endpoint of one, that is submitted by itself.

    Args:
        workspace: The workspace.
        record: What the service has of it.
    """

    def __init__(self, workspace: Workspace, record: ScheduleRecord) -> None:
        self.workspace = workspace
        self._record = record

    @staticmethod
    def create(
        workspace: Workspace,
        name: str,
        pipeline_id: str,
        experiment_name: str,
        recurrence: Optional[ScheduleRecurrence] = None,
        description: Optional[str] = None,
        pipeline_parameters: Optional[Mapping[str, Any]] = None,
        wait_for_provisioning: bool = False,
        wait_timeout: int = 3600,
        datastore: Any = None,
        polling_interval: int = 5,
        data_path_parameter_name: Optional[str] = None,
        continue_on_step_failure: Optional[bool] = None,
        path_on_datastore: Optional[str] = None,
        _workflow_provider: Any = None,
        _service_endpoint: Any = None,
    ) -> Schedule:
        """Have a published pipeline submitted by recurrence, or when files have changed.

        Args:
            workspace: The workspace.
            name: For people; names may repeat.
            pipeline_id: Id of the published pipeline.
            experiment_name: The experiment of its runs, which is made if it is not there.
            recurrence: When it is due; without a start time and hours, at once for the first time.
            description: What to write about it.
            pipeline_parameters: Values of parameters by name.
            wait_for_provisioning: Nothing to wait for: it is there at once.
            wait_timeout: See above.
            datastore: In place of a recurrence, where files are looked for.
            polling_interval: Minutes between two looks.
            data_path_parameter_name: The parameter that gets the changed file, or the folder when
                there are several.
            continue_on_step_failure: None is what the pipeline was published with.
            path_on_datastore: The folder of the datastore; None is its root.

        Raises:
            ValueError: What is given does not fit together; nothing was made.
            UserErrorException: There is no such pipeline, or it does not fit.
        """
        del wait_for_provisioning, wait_timeout
        data = _trigger(
            recurrence, datastore, polling_interval, data_path_parameter_name, path_on_datastore
        )
        order = CreateSchedule(
            name=_text("name", name),
            experiment=_text("experiment_name", experiment_name),
            pipeline=_text("pipeline_id", pipeline_id),
            recurrence=_checked(recurrence),
            data=data,
            values=values(pipeline_parameters, workspace),
            description=description or "",
            continue_on_failure=continue_on_step_failure,
        )
        return _created(workspace, order)

    @staticmethod
    def create_for_pipeline_endpoint(
        workspace: Workspace,
        name: str,
        pipeline_endpoint_id: str,
        experiment_name: str,
        recurrence: Optional[ScheduleRecurrence] = None,
        description: Optional[str] = None,
        pipeline_parameters: Optional[Mapping[str, Any]] = None,
        wait_for_provisioning: bool = False,
        wait_timeout: int = 3600,
        datastore: Any = None,
        polling_interval: int = 5,
        data_path_parameter_name: Optional[str] = None,
        continue_on_step_failure: Optional[bool] = None,
        path_on_datastore: Optional[str] = None,
        _workflow_provider: Any = None,
        _service_endpoint: Any = None,
    ) -> Schedule:
        """Have the default version of a pipeline endpoint submitted; see `create`.

        Args:
            workspace: The workspace.
            name: For people; names may repeat.
            pipeline_endpoint_id: Id of the endpoint, whose default version of the day is run.
            experiment_name: The experiment of its runs.
            recurrence: When it is due.
            description: What to write about it.
            pipeline_parameters: Values of parameters by name.
            wait_for_provisioning: Nothing to wait for.
            wait_timeout: See above.
            datastore: Where files are looked for.
            polling_interval: Minutes between two looks.
            data_path_parameter_name: The parameter that gets the changed file.
            continue_on_step_failure: None is what the pipeline was published with.
            path_on_datastore: The folder of the datastore.

        Raises:
            ValueError: What is given does not fit together; nothing was made.
            UserErrorException: There is no such endpoint, or it does not fit.
        """
        del wait_for_provisioning, wait_timeout
        data = _trigger(
            recurrence, datastore, polling_interval, data_path_parameter_name, path_on_datastore
        )
        order = CreateSchedule(
            name=_text("name", name),
            experiment=_text("experiment_name", experiment_name),
            endpoint=_text("pipeline_endpoint_id", pipeline_endpoint_id),
            recurrence=_checked(recurrence),
            data=data,
            values=values(pipeline_parameters, workspace),
            description=description or "",
            continue_on_failure=continue_on_step_failure,
        )
        return _created(workspace, order)

    @staticmethod
    def get(workspace: Workspace, id: str, **_: Any) -> Schedule:  # noqa: A002 - v1's name
        """Find a schedule by its id.

        Raises:
            UserErrorException: There is none.
        """
        with translated():
            return Schedule(workspace, workspace.service.schedules.get(id))

    @staticmethod
    def list(
        workspace: Workspace,
        active_only: bool = True,
        pipeline_id: Optional[str] = None,
        pipeline_endpoint_id: Optional[str] = None,
        **_: Any,
    ) -> List[Schedule]:
        """List schedules, oldest first.

        Args:
            workspace: The workspace.
            active_only: Leave out those that are disabled.
            pipeline_id: Only those of this published pipeline.
            pipeline_endpoint_id: Only those of this pipeline endpoint.
        """
        query = ScheduleQuery(bool(active_only), pipeline_id or "", pipeline_endpoint_id or "")
        with translated():
            found = [*workspace.service.schedules.list(query)]
        return [Schedule(workspace, record) for record in found]

    @staticmethod
    def get_all(
        workspace: Workspace,
        active_only: bool = True,
        pipeline_id: Optional[str] = None,
        pipeline_endpoint_id: Optional[str] = None,
        **_: Any,
    ) -> List[Schedule]:
        """List schedules; the old name of `list`.

        Args:
            workspace: The workspace.
            active_only: Leave out those that are disabled.
            pipeline_id: Only those of this published pipeline.
            pipeline_endpoint_id: Only those of this pipeline endpoint.
        """
        callers.warn("Schedule.get_all is the old name: use Schedule.list")
        return Schedule.list(workspace, active_only, pipeline_id, pipeline_endpoint_id)

    @staticmethod
    def get_schedules_for_pipeline_id(
        workspace: Workspace, pipeline_id: str, **_: Any
    ) -> List[Schedule]:
        """List the schedules of a published pipeline, also those that are disabled."""
        return Schedule.list(workspace, active_only=False, pipeline_id=pipeline_id)

    @staticmethod
    def get_schedules_for_pipeline_endpoint_id(
        workspace: Workspace, pipeline_endpoint_id: str, **_: Any
    ) -> List[Schedule]:
        """List the schedules of a pipeline endpoint, also those that are disabled."""
        return Schedule.list(
            workspace, active_only=False, pipeline_endpoint_id=pipeline_endpoint_id
        )

    @staticmethod
    def load_yaml(*_: Any, **__: Any) -> NoReturn:
        """Refuse: a schedule is made by a script, or by `runyard schedules create`."""
        raise NotOfferedYet("Schedule.load_yaml", "Schedule.create or `runyard schedules create`")

    @property
    def id(self) -> str:
        """Its id."""
        return self._record.id

    @property
    def name(self) -> str:
        """Its name."""
        return self._record.name

    @property
    def description(self) -> str:
        """What was written about it."""
        return self._record.description

    @property
    def status(self) -> str:
        """Whether it submits: `Active` or `Disabled`."""
        return self._record.status

    @property
    def pipeline_id(self) -> Optional[str]:
        """Id of its published pipeline; None of an endpoint's schedule."""
        return self._record.pipeline or None

    @property
    def pipeline_endpoint_id(self) -> Optional[str]:
        """Id of its pipeline endpoint; None of a published pipeline's schedule."""
        return self._record.endpoint or None

    @property
    def recurrence(self) -> Optional[ScheduleRecurrence]:
        """When it is due; None of one that looks at files."""
        rule = self._record.recurrence
        return None if rule is None else ScheduleRecurrence.of(rule)

    @property
    def datastore_name(self) -> Optional[str]:
        """The datastore that it looks at."""
        return None if self._record.data is None else self._record.data.datastore

    @property
    def polling_interval(self) -> Optional[int]:
        """Minutes between two looks at the datastore."""
        return None if self._record.data is None else self._record.data.polling_minutes

    @property
    def path_on_datastore(self) -> Optional[str]:
        """The folder that it looks at; None is the root, or no folder."""
        return None if self._record.data is None else self._record.data.path or None

    @property
    def data_path_parameter_name(self) -> Optional[str]:
        """The parameter that gets the changed file."""
        return None if self._record.data is None else self._record.data.parameter or None

    @property
    def continue_on_step_failure(self) -> Optional[bool]:
        """Whether a failed step lets those go on that do not need it; None: as published."""
        return self._record.continue_on_failure

    def update(
        self,
        name: Optional[str] = None,
        description: Optional[str] = None,
        recurrence: Optional[ScheduleRecurrence] = None,
        pipeline_parameters: Optional[Mapping[str, Any]] = None,
        status: Optional[str] = None,
        wait_for_provisioning: bool = False,
        wait_timeout: int = 3600,
        datastore: Any = None,
        polling_interval: Optional[int] = None,
        data_path_parameter_name: Optional[str] = None,
        continue_on_step_failure: Optional[bool] = None,
        path_on_datastore: Optional[str] = None,
    ) -> None:
        """Change it; what is None stays.

        Args:
            name: Its name.
            description: What to write about it.
            recurrence: When it is due, also in place of a datastore.
            pipeline_parameters: Values of parameters, in place of all there are.
            status: `Active` or `Disabled`.
            wait_for_provisioning: Nothing to wait for.
            wait_timeout: See above.
            datastore: Where files are looked for, also in place of a recurrence.
            polling_interval: Minutes between two looks.
            data_path_parameter_name: The parameter that gets the changed file.
            continue_on_step_failure: Whether a failed step lets those go on that do not need it.
            path_on_datastore: The folder of the datastore.

        Raises:
            ValueError: What is given does not fit together; nothing was changed.
        """
        del wait_for_provisioning, wait_timeout
        if status is not None and status not in _STATUSES:
            raise ValueError(f"status is {status!r}; it can be {' or '.join(_STATUSES)}")
        place = (datastore, polling_interval, data_path_parameter_name, path_on_datastore)
        given = None if pipeline_parameters is None else values(pipeline_parameters, self.workspace)
        change = ChangeSchedule(
            name=name,
            description=description,
            status=status,
            recurrence=_checked(recurrence),
            data=self._new_data(recurrence, *place),
            values=given,
            continue_on_failure=continue_on_step_failure,
        )
        self._change(change)

    def enable(self, wait_for_provisioning: bool = False, wait_timeout: int = 3600) -> None:
        """Have it submit again from its next time on.

        Args:
            wait_for_provisioning: Nothing to wait for.
            wait_timeout: See above.
        """
        del wait_for_provisioning, wait_timeout
        self._change(ChangeSchedule(status=ACTIVE))

    def disable(self, wait_for_provisioning: bool = False, wait_timeout: int = 3600) -> None:
        """Have it submit nothing more; runs that go on are not touched.

        Args:
            wait_for_provisioning: Nothing to wait for.
            wait_timeout: See above.
        """
        del wait_for_provisioning, wait_timeout
        self._change(ChangeSchedule(status=DISABLED))

    def get_pipeline_runs(self) -> List[Run]:
        """List the runs that it has submitted, newest first."""
        return self._runs(None)

    def get_last_pipeline_run(self) -> Optional[Run]:
        """Find the newest run that it has submitted; None if there is none yet."""
        found = self._runs(1)
        return found[0] if found else None

    def _runs(self, limit: Optional[int]) -> List[Run]:
        with translated():
            found = [*self.workspace.service.schedules.runs(self.id, limit)]
        return [of_record(self.workspace, each) for each in found]

    def _change(self, change: ChangeSchedule) -> None:
        with translated():
            self._record = self.workspace.service.schedules.change(self.id, change)

    def _new_data(
        self,
        recurrence: Optional[ScheduleRecurrence],
        datastore: Any,
        minutes: Optional[int],
        parameter: Optional[str],
        path: Optional[str],
    ) -> Optional[DataTrigger]:
        """What it is to be due for, where that changes: all of it, since a trigger is one whole."""
        if datastore is None and minutes is None and parameter is None and path is None:
            return None
        old = self._record.data
        if recurrence is not None:
            raise ValueError(_EITHER)
        if datastore is None and old is None:
            raise ValueError("the schedule looks at no datastore; give datastore, too")
        known = DataTrigger("") if old is None else old
        return DataTrigger(
            known.datastore if datastore is None else _store(datastore),
            known.path if path is None else path,
            known.polling_minutes if minutes is None else _minutes(minutes),
            known.parameter if parameter is None else parameter,
        )

    def __repr__(self) -> str:
        of = self.pipeline_id or self.pipeline_endpoint_id
        return (
            f"Schedule(Name: {self.name},\nId: {self.id},\nStatus: {self.status},\n"
            f"Pipeline Id: {of},\nNext: {self._record.next_at or 'never'})"
        )


_EITHER = (
    "recurrence and datastore exclude each other: a schedule is due by the clock, or when files "
    "have changed"
)


def _created(workspace: Workspace, order: CreateSchedule) -> Schedule:
    with translated():
        return Schedule(workspace, workspace.service.schedules.create(order))


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name} is {value!r}; it must be a text")
    return value


def _checked(recurrence: Any) -> Optional[RecurrenceSpec]:
    if recurrence is None:
        return None
    if not isinstance(recurrence, ScheduleRecurrence):
        raise refusal(f"recurrence is {type(recurrence).__name__}; it must be a ScheduleRecurrence")
    return recurrence.to_record()


def _trigger(
    recurrence: Any,
    datastore: Any,
    minutes: Any,
    parameter: Optional[str],
    path: Optional[str],
) -> Optional[DataTrigger]:
    """The datastore that a new schedule looks at; None where it has a recurrence."""
    if datastore is None:
        if recurrence is None:
            raise ValueError("a schedule needs a recurrence, or a datastore to look at")
        if parameter is not None or path is not None:
            raise ValueError(
                "data_path_parameter_name and path_on_datastore tell where files change; give "
                "datastore, too, or leave them out"
            )
        return None
    if recurrence is not None:
        raise ValueError(_EITHER)
    return DataTrigger(_store(datastore), path or "", _minutes(minutes), parameter or "")


def _store(datastore: Any) -> str:
    """The name of a datastore whose files can be looked at."""
    kind = getattr(datastore, "datastore_type", None)
    if kind is None:
        raise ValueError(f"datastore is {type(datastore).__name__}; it must be a Datastore")
    if kind == _FILE_SHARE:
        raise ValueError(
            f"the datastore {datastore.name!r} is of the type {kind}; a schedule looks at one of "
            "the type AzureBlob"
        )
    return str(datastore.name)


def _minutes(minutes: Any) -> int:
    if not isinstance(minutes, int) or isinstance(minutes, bool) or minutes < 1:
        raise ValueError(
            f"polling_interval is {minutes!r}; it must be a whole number of minutes, 1 or more"
        )
    return minutes
