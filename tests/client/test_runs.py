"""The client of runs, against a real service."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from runyard.protocol.errors import AlreadyExists, Conflict, RunNotFound
from runyard.protocol.runs import ChangeRun, RunQuery, StartRun

if TYPE_CHECKING:
    from runyard.client.workspace import WorkspaceClient


def test_a_run_is_begun_changed_and_ended(client: WorkspaceClient) -> None:
    """Each verb answers with the run as it is afterwards."""
    run = client.runs.start(StartRun(experiment="e", run_id="mine"))
    assert (run.id, run.status, run.number) == ("mine", "Running", 1)
    changed = client.runs.change(run.id, ChangeRun(tags={"a": None}, properties={"p": "1"}))
    assert (changed.tags, changed.properties) == ({"a": None}, {"p": "1"})
    assert client.runs.complete(run.id).status == "Completed"
    assert client.runs.get(run.id).ended_at
    assert client.runs.ranks(run.id) == []


def test_a_run_is_failed_with_its_reason(client: WorkspaceClient) -> None:
    """Message and code are those given."""
    run = client.runs.start(StartRun(experiment="e"))
    failed = client.runs.fail(run.id, "no data", "DataError")
    assert failed.error is not None
    assert (failed.status, failed.error.message, failed.error.code) == (
        "Failed",
        "no data",
        "DataError",
    )
    assert client.runs.complete(run.id).status == "Failed"


def test_what_cannot_be_is_refused_by_kind(client: WorkspaceClient) -> None:
    """Callers tell the cases apart by the error's class."""
    client.runs.start(StartRun(experiment="e", run_id="one"))
    client.runs.change("one", ChangeRun(properties={"p": "1"}))
    with pytest.raises(AlreadyExists):
        client.runs.start(StartRun(experiment="e", run_id="one"))
    with pytest.raises(Conflict):
        client.runs.change("one", ChangeRun(properties={"p": "2"}))
    with pytest.raises(RunNotFound, match="one"):
        client.runs.get("onf")


def test_runs_are_listed_newest_first_across_pages(client: WorkspaceClient) -> None:
    """A list is whole, however small its pages are, and a limit says where it goes on."""
    ids = [client.runs.start(StartRun(experiment="e")).id for _ in range(5)]
    query = RunQuery(experiment="e", page_size=2)
    assert [run.id for run in client.runs.list(query)] == ids[::-1]
    some = client.runs.list(query, limit=3)
    assert [run.id for run in some] == ids[:1:-1]
    rest = RunQuery(experiment="e", page_token=some.next_page_token)
    assert [run.id for run in client.runs.list(rest)] == ids[1::-1]
