"""The feed of a workspace: everything, once, in order, from any position on."""

import threading

import pytest

from runyard.protocol.compute import ChangeCompute, CreateCompute
from runyard.protocol.environments import EnvironmentDefinition, RegisterEnvironment
from runyard.protocol.errors import InvalidRequest, WorkspaceNotFound
from runyard.protocol.feed import FeedEvent, FeedQuery
from runyard.protocol.models import ChangeModel, RegisterModel
from runyard.protocol.runs import StartRun
from runyard.protocol.workspaces import ChangeWorkspace
from runyard_server.core.notices import feed_topic
from runyard_server.core.system import System
from runyard_server.operations import compute, environments, feed, models, runs, workspaces

W = "default"


def _start(system: System) -> str:
    return runs.start(system, W, body=StartRun("mnist")).id


def _told(events: list[FeedEvent]) -> list[tuple[str, str | None]]:
    return [(event.subject, event.status) for event in events if event.subject_kind == "run"]


def test_what_happens_is_told_in_order(system: System) -> None:
    """Events of several runs come as they happened, whichever run they are of."""
    one, two = _start(system), _start(system)
    runs.complete(system, W, two)
    runs.complete(system, W, one)
    page = feed.list_(system, W, FeedQuery())
    assert _told(page.items) == [
        (one, "Running"),
        (two, "Running"),
        (two, "Completed"),
        (one, "Completed"),
    ]
    positions = [event.position for event in page.items]
    assert positions == sorted(set(positions))
    assert page.position == positions[-1]


def test_it_is_resumed_by_position(system: System) -> None:
    """Pages of any size join without a gap or a double, and the last says where to go on."""
    for _ in range(5):
        runs.complete(system, W, _start(system))
    whole = feed.list_(system, W, FeedQuery()).items
    found, after = [], 0
    while page := feed.list_(system, W, FeedQuery(after=after, limit=3)).items:
        found += page
        after = page[-1].position
    assert found == whole
    assert feed.list_(system, W, FeedQuery(after=after)).position == after


def test_the_newest_can_be_asked_for(system: System) -> None:
    """Who comes late sees the last events first, and goes on from there."""
    run = _start(system)
    runs.complete(system, W, run)
    page = feed.list_(system, W, FeedQuery(last=1))
    assert _told(page.items) == [(run, "Completed")]
    assert feed.list_(system, W, FeedQuery(last=0)).position == page.position


def test_one_subject_can_be_followed(system: System) -> None:
    """What happens to others is left out; the position still grows with it."""
    one, two = _start(system), _start(system)
    runs.complete(system, W, one)
    query = FeedQuery(subject_kind="run", subject=two)
    page = feed.list_(system, W, query)
    assert _told(page.items) == [(two, "Running")]
    assert page.position == feed.list_(system, W, FeedQuery(last=0)).position
    assert feed.list_(system, W, FeedQuery(subject_kind="model")).items == []


def test_workspaces_see_their_own_alone(system: System) -> None:
    """Positions are of the whole service, the events of one workspace."""
    other = workspaces.create(
        system, body=workspaces.CreateWorkspace("other", "subscription", "group")
    ).id
    run = runs.start(system, other, body=StartRun("mnist")).id
    mine = _start(system)
    assert _told(feed.list_(system, W, FeedQuery()).items) == [(mine, "Running")]
    assert _told(feed.list_(system, other, FeedQuery()).items) == [(run, "Running")]
    with pytest.raises(WorkspaceNotFound):
        feed.list_(system, "nowhere", FeedQuery())
    with pytest.raises(InvalidRequest, match="subject_kind is missing"):
        feed.list_(system, W, FeedQuery(subject=run))


def test_who_waits_is_woken(system: System) -> None:
    """Nobody polls: each event wakes who follows the workspace."""
    mark = system.notices.mark()
    _start(system)
    assert system.notices.wait([feed_topic(W)], 0, since=mark)


def test_nothing_is_missed_while_many_write(system: System) -> None:
    """Whoever reads up to a position, while others write, has seen everything before it."""
    begun = 40
    writers = [
        threading.Thread(target=lambda: [_start(system) for _ in range(begun // 4)])
        for _ in range(4)
    ]
    for writer in writers:
        writer.start()
    found: list[FeedEvent] = []
    while len([event for event in found if event.status]) < begun:
        found += feed.list_(system, W, FeedQuery(found[-1].position if found else 0)).items
    for writer in writers:
        writer.join()
    assert len({event.subject for event in found if event.status}) == begun
    assert found == feed.list_(system, W, FeedQuery()).items


def test_everything_that_happens_is_told(system: System, run_with_files: str) -> None:
    """Not runs alone: experiments, models, environments, clusters and the workspace itself."""
    models.register(system, W, body=RegisterModel("m", "outputs/model", run=run_with_files))
    models.change(system, W, "m:1", body=ChangeModel(tags={"a": "b"}))
    models.delete(system, W, "m:1")
    environments.register(system, W, RegisterEnvironment("e", EnvironmentDefinition()))
    environments.register(system, W, RegisterEnvironment("e", EnvironmentDefinition()))
    compute.create(system, W, body=CreateCompute("gpus", "STANDARD_D2_V2", max_nodes=2))
    compute.change(system, W, "GPUS", body=ChangeCompute(max_nodes=1))
    compute.delete(system, W, "gpus")
    workspaces.change(system, W, body=ChangeWorkspace(friendly_name="ours"))
    told = [
        (event.subject_kind, event.subject, event.number, event.kind)
        for event in feed.list_(system, W, FeedQuery()).items
        if event.subject_kind != "run"
    ]
    assert told == [
        ("experiment", "mnist", 1, "created"),
        ("model", "m:1", 1, "registered"),
        ("model", "m:1", 2, "changed"),
        ("model", "m:1", 3, "deleted"),
        ("environment", "e:1", 1, "registered"),
        ("cluster", "gpus", 1, "created"),
        ("cluster", "gpus", 2, "changed"),
        ("cluster", "gpus", 3, "deleted"),
        ("workspace", W, 1, "changed"),
    ]
    of_model = feed.list_(system, W, FeedQuery(subject_kind="model", subject="m:1", last=2))
    assert [event.kind for event in of_model.items] == ["changed", "deleted"]
