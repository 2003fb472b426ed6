"""The feed of a workspace: everything, once, in order, from any position on."""

import threading

import pytest

from runyard.protocol.errors import InvalidRequest, WorkspaceNotFound
from runyard.protocol.feed import FeedEvent, FeedQuery
from runyard.protocol.runs import StartRun
from runyard_server.core.notices import feed_topic
from runyard_server.core.system import System
from runyard_server.operations import feed, runs, workspaces

W = "default"


def _start(system: System) -> str:
    return runs.start(system, W, body=StartRun("mnist")).id


def _told(events: list[FeedEvent]) -> list[tuple[str, str | None]]:
    return [(event.subject, event.status) for event in events]


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
    while len(found) < begun:
        found += feed.list_(system, W, FeedQuery(found[-1].position if found else 0)).items
    for writer in writers:
        writer.join()
    assert len({event.subject for event in found}) == begun
    assert found == feed.list_(system, W, FeedQuery()).items
