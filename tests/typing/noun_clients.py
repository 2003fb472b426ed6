"""Read by the type checker only: a noun's client takes and answers records, never Any.

Each line marked `arg-type` must be an error; see `native_names`.
"""

from typing import assert_type

from runyard.client.paging import Listing
from runyard.client.workspace import WorkspaceClient
from runyard.client.workspaces import Workspaces
from runyard.protocol.events import EventRecord
from runyard.protocol.jobs import RankRecord
from runyard.protocol.metrics import MetricSeries
from runyard.protocol.models import ModelQuery, ModelRecord, RegisterModel
from runyard.protocol.runs import RunQuery, RunRecord, RunSpec, SubmitRun
from runyard.protocol.workspaces import WorkspaceRecord


def answers(client: WorkspaceClient, spec: RunSpec) -> None:
    """What an editor completes after each of these is the record's own fields."""
    run = client.runs.submit(SubmitRun(spec))
    assert_type(run, RunRecord)
    assert_type(client.runs.list(RunQuery(active=True)), Listing[RunRecord])
    assert_type(client.runs.ranks(run.id), list[RankRecord])
    assert_type(client.metrics.list(run.id), list[MetricSeries])
    for event in client.events.follow(run.id):
        assert_type(event, EventRecord)
    for model in client.models.list(limit=3):
        assert_type(model, ModelRecord)
    for workspace in Workspaces(client.connection).list():
        assert_type(workspace, WorkspaceRecord)


def mistakes(client: WorkspaceClient) -> None:
    """An order for another noun is told before anything is sent."""
    client.runs.submit(RegisterModel("m", "outputs"))  # type: ignore[arg-type]
    client.runs.list(ModelQuery())  # type: ignore[arg-type]
    client.models.get(1)  # type: ignore[arg-type]
