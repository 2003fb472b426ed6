"""Schedules as v1 code writes them: what is sent, and what is refused before anything is made."""

from __future__ import annotations

import inspect
from datetime import UTC, datetime

import pytest

from azureml.pipeline.core import Schedule, ScheduleRecurrence
from azureml.pipeline.core.schedule import TimeZone
from runyard.protocol.datastores import DatastoreRecord
from runyard.protocol.schedules import DataTrigger, RecurrenceSpec, ScheduleRecord
from runyard.sdk.datastores import Datastore

GIVEN = {"name": "s", "pipeline_id": "p", "experiment_name": "e"}
HOURLY = ScheduleRecurrence("Hour", 1)


@pytest.fixture
def sent(workspace):
    """What was asked of the service; it answers with a schedule."""
    calls = []

    def answer(**given: object):
        calls.append(given["body"])
        return ScheduleRecord(
            *("id", "w", "s", "", "Active", "p", "", "e"),
            recurrence=None,
            cron=None,
            data=DataTrigger("workspaceblobstore", "in", 7, "place"),
            values={},
            overlap="allow",
            continue_on_failure=None,
            next_at=None,
            last_run=None,
            last_status=None,
            last_at=None,
            reason="",
            runs_for="",
            created_at="",
        )

    workspace.service.schedules_create = answer
    workspace.service.schedules_change = lambda _, **given: answer(**given)
    return calls


@pytest.fixture
def share(workspace):
    """A file share."""
    record = DatastoreRecord("share", "AzureFile", "runyard", "share", is_default=False)
    return Datastore(workspace, _record=record)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "needs a recurrence, or a datastore"),
        ({"recurrence": "Hour"}, "recurrence is str; it must be a ScheduleRecurrence"),
        ({"recurrence": HOURLY, "datastore": "blob"}, "exclude each other"),
        ({"recurrence": HOURLY, "path_on_datastore": "in"}, "give datastore, too"),
        ({"recurrence": HOURLY, "data_path_parameter_name": "x"}, "give datastore, too"),
        ({"recurrence": HOURLY, "pipeline_id": None}, "pipeline_id is None"),
        ({"recurrence": HOURLY, "experiment_name": 3}, "experiment_name is 3"),
        ({"recurrence": HOURLY, "name": ""}, "name is ''"),
        ({"datastore": "workspaceblobstore"}, "datastore is str; it must be a Datastore"),
        ({"datastore": "blob", "polling_interval": 0}, "polling_interval is 0"),
        ({"datastore": "blob", "polling_interval": True}, "polling_interval is True"),
        ({"datastore": "share"}, "is of the type AzureFile"),
    ],
)
def test_what_does_not_fit_is_refused_first(given, told, workspace, sent, datastore, share):
    """By a ValueError; nobody has been asked for anything then."""
    stores = {"blob": datastore, "share": share}
    more = {**GIVEN, **given}
    if more.get("datastore") in stores:
        more["datastore"] = stores[more["datastore"]]
    with pytest.raises(ValueError, match=told):
        Schedule.create(workspace, **more)
    assert sent == []


@pytest.mark.parametrize(
    ("plain", "more", "told"),
    [
        (("Year", 1), {}, "frequency is 'Year'"),
        (("Day", 0), {}, "interval is 0"),
        (("Day", "1"), {}, "interval has '1', which is no whole number"),
        (("Hour", 1), {"hours": [3]}, "frequencies Day and Week"),
        (("Month", 1), {"minutes": [3]}, "frequencies Day and Week"),
        (("Day", 1), {"week_days": ["Monday"]}, "frequency Week"),
        (("Week", 1), {"week_days": ["monday"]}, "week_days has 'monday'"),
        (("Day", 1), {"hours": 3}, "hours is 3; it must be a list"),
        (("Day", 1), {"hours": [25]}, "hours has 25"),
        (("Day", 1), {"time_of_day": "3pm"}, "hh:mm"),
        (("Day", 1), {"time_of_day": "03:00", "minutes": [1]}, "in place of hours"),
        (("Day", 1), {"time_zone": "UTC"}, "must be a member of TimeZone"),
        (("Day", 1), {"start_time": "2019-06-07T10:20:00"}, "without time_zone"),
        (("Day", 1), {"start_time": "7 June", "time_zone": TimeZone.UTC}, "YYYY-MM-DD"),
        (
            ("Day", 1),
            {"start_time": datetime(2019, 6, 7, tzinfo=UTC), "time_zone": TimeZone.UTC},
            "with a time zone of its own",
        ),
    ],
)
def test_a_recurrence_is_checked_when_it_is_made(plain, more, told):
    """As v1 did, by a ValueError, and in words that say what would be right."""
    with pytest.raises(ValueError, match=told):
        ScheduleRecurrence(*plain, **more)


def test_a_recurrence_is_sent_as_it_was_written(workspace, sent):
    """In v1's words, with its zone's name, and read back as the same."""
    recurrence = ScheduleRecurrence(
        frequency="Week",
        interval=2,
        start_time=datetime(2019, 6, 7, 10, 20),  # noqa: DTZ001 - as scripts write it
        time_zone=TimeZone.PacificStandardTime,
        week_days=["Monday", "Friday"],
        time_of_day="15:30",
    )
    Schedule.create(workspace, **GIVEN, recurrence=recurrence, description="d")
    (order,) = sent
    assert order.recurrence == RecurrenceSpec(
        "Week",
        2,
        "2019-06-07T10:20:00",
        "Pacific Standard Time",
        week_days=["Monday", "Friday"],
        time_of_day="15:30",
    )
    assert (order.pipeline, order.endpoint, order.experiment) == ("p", "", "e")
    again = ScheduleRecurrence.of(order.recurrence)
    assert again.time_zone is TimeZone.PacificStandardTime
    assert again.to_record() == order.recurrence
    assert "frequency='Week'" in repr(again)


def test_an_update_of_the_trigger_keeps_what_it_does_not_name(workspace, sent, datastore):
    """A folder that is looked at more often is the same folder."""
    schedule = Schedule.create_for_pipeline_endpoint(
        workspace, "s", "endpoint", "e", datastore=datastore
    )
    assert (sent[0].endpoint, sent[0].data) == ("endpoint", DataTrigger("workspaceblobstore"))
    assert (schedule.datastore_name, schedule.polling_interval) == ("workspaceblobstore", 7)
    assert (schedule.path_on_datastore, schedule.data_path_parameter_name) == ("in", "place")
    schedule.update(polling_interval=30, status="Disabled", pipeline_parameters={"a": 1})
    change = sent[1]
    assert change.data == DataTrigger("workspaceblobstore", "in", 30, "place")
    assert (change.status, change.values, change.recurrence) == ("Disabled", {"a": 1}, None)
    schedule.update(name="other", recurrence=HOURLY)
    assert (sent[2].data, sent[2].name, sent[2].recurrence.frequency) == (None, "other", "Hour")
    for wrong in ({"status": "Off"}, {"recurrence": HOURLY, "polling_interval": 3}):
        with pytest.raises(ValueError, match=r"status is|exclude each other"):
            schedule.update(**wrong)
    assert len(sent) == 3


# As the published client has them.
SURFACE = {
    "create": "workspace name pipeline_id experiment_name recurrence description "
    "pipeline_parameters wait_for_provisioning wait_timeout datastore polling_interval "
    "data_path_parameter_name continue_on_step_failure path_on_datastore _workflow_provider "
    "_service_endpoint",
    "create_for_pipeline_endpoint": "workspace name pipeline_endpoint_id experiment_name "
    "recurrence description pipeline_parameters wait_for_provisioning wait_timeout datastore "
    "polling_interval data_path_parameter_name continue_on_step_failure path_on_datastore "
    "_workflow_provider _service_endpoint",
    "update": "self name description recurrence pipeline_parameters status wait_for_provisioning "
    "wait_timeout datastore polling_interval data_path_parameter_name continue_on_step_failure "
    "path_on_datastore",
    "enable": "self wait_for_provisioning wait_timeout",
    "disable": "self wait_for_provisioning wait_timeout",
    "get": "workspace id",
    "get_all": "workspace active_only pipeline_id pipeline_endpoint_id",
    "list": "workspace active_only pipeline_id pipeline_endpoint_id",
    "get_schedules_for_pipeline_id": "workspace pipeline_id",
    "get_schedules_for_pipeline_endpoint_id": "workspace pipeline_endpoint_id",
    "get_pipeline_runs": "self",
    "get_last_pipeline_run": "self",
}


@pytest.mark.parametrize("name", SURFACE)
def test_arguments_stand_where_v1_has_them(name):
    """Scripts give them by place, too."""
    found = inspect.signature(getattr(Schedule, name)).parameters
    wanted = SURFACE[name].split()
    assert [each for each in found if each != "_"] == wanted


def test_every_zone_has_v1_s_name():
    """By names that Windows' names give without their blanks and signs."""
    assert TimeZone.ESouthAmericaStandardTime.value == "E. South America Standard Time"
    assert TimeZone.UTC11.value == "UTC-11"
    assert TimeZone.EasternStandardTimeMexico.value == "Eastern Standard Time (Mexico)"
    assert len(TimeZone) > 130
