"""Schedules: published pipelines that are submitted by the clock, or when files have changed.

A schedule has one trigger: a recurrence as v1 tells it, a cron expression, or a folder of a
datastore that is looked at every few minutes. Local times are those of a time zone: one that a
clock change skips is due at the next valid minute, one that it repeats once. Of times that pass
while no service runs one is made up for. What became of the last time that was due is told: a run,
or the reason why there is none.
"""

from dataclasses import field
from typing import Any, Dict, List, Optional

from runyard.protocol.records import dataclass
from runyard.protocol.route import CONTRIBUTOR, IN_WORKSPACE, READS, Nothing, Route
from runyard.protocol.runs import RunPage

IN_SCHEDULE = IN_WORKSPACE + "/schedules/{schedule}"
MINUTE, HOUR, DAY, WEEK, MONTH = "Minute", "Hour", "Day", "Week", "Month"
# While a run of the schedule goes on: leave a time out, have one wait for it, or run beside it.
SKIP, QUEUE, ALLOW = "skip", "queue", "allow"
OVERLAPS = (SKIP, QUEUE, ALLOW)
UTC = "UTC"
# What runs of a schedule have: which one, and what has submitted them.
SCHEDULE_ID = "azureml.scheduleid"
SOURCE = "Schedule"


@dataclass(frozen=True)
class RecurrenceSpec:
    """When a schedule is due, in v1's words; `protocol.recurrences` says what fits together.

    Args:
        frequency: `Minute`, `Hour`, `Day`, `Week` or `Month`.
        interval: Every so many of them.
        start_time: The first time, `YYYY-MM-DDThh:mm:ss` in the zone, from which they are counted;
            "" counts from when the schedule was made.
        time_zone: A name of IANA's, or of Windows'.
        hours: At which hours of a day; of Day and Week.
        minutes: At which minutes of those hours.
        week_days: On which days, `Monday` and so on; of Week.
        time_of_day: `hh:mm` in place of hours and minutes.
    """

    frequency: str
    interval: int = 1
    start_time: str = ""
    time_zone: str = UTC
    hours: List[int] = field(default_factory=list)
    minutes: List[int] = field(default_factory=list)
    week_days: List[str] = field(default_factory=list)
    time_of_day: str = ""


@dataclass(frozen=True)
class CronSpec:
    """When a schedule is due as cron tells it: minute, hour, day, month and day of the week."""

    expression: str
    time_zone: str = UTC


@dataclass(frozen=True)
class DataTrigger:
    """A schedule is due when files come into a folder or change in it; not those further below.

    Args:
        datastore: Name of the datastore.
        path: The folder, "" for its root.
        polling_minutes: How often it is looked at.
        parameter: The parameter that gets the changed file as a path, or the folder when there are
            several; "" for none.
    """

    datastore: str
    path: str = ""
    polling_minutes: int = 5
    parameter: str = ""


@dataclass(frozen=True)
class CreateSchedule:
    """Ask for a schedule of either `pipeline` or `endpoint`, with exactly one trigger.

    Args:
        name: For people; names may repeat.
        experiment: The experiment of its runs, which is made if it is not there.
        pipeline: Id of a published pipeline.
        endpoint: Id of a pipeline endpoint, whose default version of the day is run.
        recurrence: When it is due.
        cron: When it is due.
        data: What it is due for.
        values: Values of parameters by name; see SubmitPublished.
        description: For people.
        overlap: What becomes of a time while a run of the schedule goes on: `skip`, `queue`,
            `allow`.
        continue_on_failure: None is what the pipeline was published with.
    """

    name: str
    experiment: str
    pipeline: str = ""
    endpoint: str = ""
    recurrence: Optional[RecurrenceSpec] = None
    cron: Optional[CronSpec] = None
    data: Optional[DataTrigger] = None
    values: Dict[str, Any] = field(default_factory=dict)
    description: str = ""
    overlap: str = ALLOW
    continue_on_failure: Optional[bool] = None


@dataclass(frozen=True)
class ChangeSchedule:
    """What is to be different; what is None stays. A trigger replaces the one there is."""

    name: Optional[str] = None
    description: Optional[str] = None
    status: Optional[str] = None
    recurrence: Optional[RecurrenceSpec] = None
    cron: Optional[CronSpec] = None
    data: Optional[DataTrigger] = None
    values: Optional[Dict[str, Any]] = None
    overlap: Optional[str] = None
    continue_on_failure: Optional[bool] = None


@dataclass(frozen=True)
class ScheduleRecord:
    """A schedule; see CreateSchedule.

    Args:
        id: Its id.
        workspace: Id of the workspace.
        name: For people.
        description: For people.
        status: `Active` or `Disabled`.
        pipeline: Id of the published pipeline, "" of an endpoint's schedule.
        endpoint: Id of the pipeline endpoint, "" of a published pipeline's schedule.
        experiment: The experiment of its runs.
        recurrence: When it is due.
        cron: When it is due.
        data: What it is due for.
        values: Values of parameters.
        overlap: What becomes of a time while a run of it goes on.
        continue_on_failure: Whether a failed step lets those go on that do not need it.
        next_at: When it is due next, or looks at its folder; None of one that is disabled.
        last_run: Id of its newest run; None where there is none or that is gone.
        last_status: The state of that run.
        last_at: When that run was submitted.
        reason: Why the last time that was due has brought no run, "" where it has.
        runs_for: For whom it submits: who has made it, or changed it last.
        created_at: When it was made.
    """

    id: str
    workspace: str
    name: str
    description: str
    status: str
    pipeline: str
    endpoint: str
    experiment: str
    recurrence: Optional[RecurrenceSpec]
    cron: Optional[CronSpec]
    data: Optional[DataTrigger]
    values: Dict[str, Any]
    overlap: str
    continue_on_failure: Optional[bool]
    next_at: Optional[str]
    last_run: Optional[str]
    last_status: Optional[str]
    last_at: Optional[str]
    reason: str
    runs_for: str
    created_at: str


@dataclass(frozen=True)
class ScheduleQuery:
    """Which schedules to list: active ones or all, of a pipeline or an endpoint, "" for any."""

    active: bool = True
    pipeline: str = ""
    endpoint: str = ""
    page_size: int = 100
    page_token: Optional[str] = None


@dataclass(frozen=True)
class SchedulePage:
    """One page of schedules, oldest first."""

    items: List[ScheduleRecord]
    next_page_token: Optional[str] = None


@dataclass(frozen=True)
class ScheduleRunQuery:
    """Which page of a schedule's runs to list."""

    page_size: int = 100
    page_token: Optional[str] = None


SCHEDULES_CREATE: Route[ScheduleRecord] = Route(
    "schedules.create",
    "POST",
    IN_WORKSPACE + "/schedules",
    ScheduleRecord,
    "Have a published pipeline submitted by the clock, or when files have changed.",
    body=CreateSchedule,
    creates=True,
    role=CONTRIBUTOR,
)
SCHEDULES_LIST: Route[SchedulePage] = Route(
    "schedules.list",
    "GET",
    IN_WORKSPACE + "/schedules",
    SchedulePage,
    "List schedules, oldest first.",
    query=ScheduleQuery,
    scope=READS,
)
SCHEDULES_GET: Route[ScheduleRecord] = Route(
    "schedules.get",
    "GET",
    IN_SCHEDULE,
    ScheduleRecord,
    "Get a schedule.",
    scope=READS,
)
SCHEDULES_CHANGE: Route[ScheduleRecord] = Route(
    "schedules.change",
    "PATCH",
    IN_SCHEDULE,
    ScheduleRecord,
    "Change a schedule, or switch it on or off.",
    body=ChangeSchedule,
    role=CONTRIBUTOR,
)
SCHEDULES_DELETE: Route[Nothing] = Route(
    "schedules.delete",
    "DELETE",
    IN_SCHEDULE,
    Nothing,
    "Delete a schedule; its runs stay.",
    role=CONTRIBUTOR,
)
SCHEDULES_RUNS: Route[RunPage] = Route(
    "schedules.runs",
    "GET",
    IN_SCHEDULE + "/runs",
    RunPage,
    "List the runs that a schedule has submitted, newest first.",
    query=ScheduleRunQuery,
    scope=READS,
)
