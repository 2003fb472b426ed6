"""v1's schedules on a real service: the notebook's way, by the clock and by files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from azureml.pipeline.core import (
    PipelineEndpoint,
    PipelineRun,
    PublishedPipeline,
    Schedule,
    ScheduleRecurrence,
)
from azureml.pipeline.core.schedule import TimeZone
from runyard.client import source_folders
from runyard.protocol.environments import EnvironmentDefinition
from runyard.protocol.pipelines import NodeSpec, PipelineSpec
from runyard.protocol.published_pipelines import PublishPipeline
from runyard.protocol.runs import RunSpec
from runyard.protocol.schedules import CreateSchedule, CronSpec
from runyard.sdk.exceptions import UserErrorException
from runyard_server.testing.yard import until

if TYPE_CHECKING:
    from pathlib import Path

    from runyard.sdk.workspaces import Workspace


@pytest.fixture
def published(workspace: Workspace, folder: Path) -> PublishedPipeline:
    """A published pipeline of a step that needs nothing."""
    (folder / "step.py").write_text("print(1)")
    snapshot = source_folders.send(workspace.service, source_folders.scan(folder, 1 << 20))
    run = RunSpec("e", snapshot, "step.py", environment=EnvironmentDefinition(user_managed=True))
    order = PublishPipeline("Nightly", PipelineSpec([NodeSpec("a", "only", "Step", run)]))
    record = workspace.service.published_pipelines.create(order)
    return PublishedPipeline(workspace, record)


def test_a_schedule_of_the_notebook(workspace: Workspace, published: PublishedPipeline) -> None:
    """Made, found, run, changed, switched off and on again, as v1's notebook does it."""
    plain = ScheduleRecurrence(frequency="Day", interval=2)
    schedule = Schedule.create(
        workspace=workspace,
        name="My_Schedule",
        pipeline_id=published.id,
        experiment_name="Schedule-run-sample",
        recurrence=plain,
        wait_for_provisioning=True,
        description="Schedule Run",
    )
    assert (schedule.status, schedule.pipeline_id, schedule.pipeline_endpoint_id) == (
        "Active",
        published.id,
        None,
    )
    until(lambda: schedule.get_last_pipeline_run() is not None)
    told = [run.id for run in PipelineRun.get_pipeline_runs(workspace, published.id)]
    assert told == [run.id for run in schedule.get_pipeline_runs()]
    (run,) = schedule.get_pipeline_runs()
    assert isinstance(run, PipelineRun)
    assert run.wait_for_completion(show_output=False) == "Finished"
    assert run.get_properties()["azureml.scheduleid"] == schedule.id
    assert run.experiment.name == "Schedule-run-sample"
    recurrence = ScheduleRecurrence("Day", 1, hours=[22], minutes=[30], time_zone=TimeZone.UTC)
    schedule.update(name="My_Updated_Schedule", recurrence=recurrence, status="Active")
    fetched = Schedule.get(workspace, schedule.id)
    assert (fetched.name, fetched.description) == ("My_Updated_Schedule", "Schedule Run")
    assert fetched.recurrence is not None
    assert (fetched.recurrence.hours, fetched.recurrence.minutes) == ([22], [30])
    assert "Next: " in repr(fetched)
    fetched.disable(wait_for_provisioning=True)
    assert Schedule.list(workspace, pipeline_id=published.id) == []
    (found,) = Schedule.get_schedules_for_pipeline_id(workspace, published.id)
    assert (found.id, found.status) == (schedule.id, "Disabled")
    found.enable(wait_for_provisioning=True)
    with pytest.warns(match="old name") as warned:
        assert [each.id for each in Schedule.get_all(workspace)] == [schedule.id]
    assert len(warned) == 1
    with pytest.raises(UserErrorException, match="no schedule 'gone'"):
        Schedule.get(workspace, "gone")


def test_a_schedule_of_an_endpoint_and_of_files(
    workspace: Workspace, published: PublishedPipeline
) -> None:
    """Both are found by the endpoint, and neither has a run yet; natively one has cron."""
    endpoint = PipelineEndpoint.publish(workspace, "training", pipeline=published)
    start = ScheduleRecurrence("Day", 1, "2999-01-01T00:00:00", TimeZone.UTC)
    given = {"pipeline_endpoint_id": endpoint.id, "experiment_name": "e"}
    later = Schedule.create_for_pipeline_endpoint(workspace, "l", recurrence=start, **given)
    store = workspace.get_default_datastore()
    files = Schedule.create_for_pipeline_endpoint(
        workspace, "f", datastore=store, path_on_datastore="in", polling_interval=3, **given
    )
    assert (files.datastore_name, files.path_on_datastore, files.recurrence) == (
        store.name,
        "in",
        None,
    )
    found = Schedule.get_schedules_for_pipeline_endpoint_id(workspace, endpoint.id)
    assert [each.id for each in found] == [later.id, files.id]
    assert later.get_pipeline_runs() == []
    assert later.get_last_pipeline_run() is None
    order = CreateSchedule(
        "n", "e", published.id, cron=CronSpec("0 3 * * *", "Europe/Berlin"), overlap="skip"
    )
    native = workspace.service.schedules.create(order)
    assert (native.cron, native.overlap) == (order.cron, "skip")
    assert native.next_at is not None
    workspace.service.schedules.delete(native.id)
    with pytest.raises(UserErrorException, match="no schedule"):
        Schedule.get(workspace, native.id)
