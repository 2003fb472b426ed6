"""Requests that would rather wait: answered when there is something to tell, and holding nobody."""

import asyncio
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import pytest

from runyard.protocol.jobs import AgentReply, GangTable, OrdersQuery
from runyard.protocol.timeouts import LONGEST_WAIT_SECONDS
from runyard_server.core.notices import Notices, gang_topic
from runyard_server.faces import waiting
from runyard_server.faces.streams import Feed

SEGMENTS = {"workspace": "w", "run": "r", "node": "0"}
Answers = Callable[[Notices, Feed, int], Any]


@pytest.mark.parametrize(
    ("route", "prefer", "seconds"),
    [
        ("gangs.join", "wait=2.5", 2.5),
        ("gangs.orders", "respond-async, wait=10", 10.0),
        ("gangs.orders", "Wait=3; x", 3.0),
        ("gangs.orders", "wait=99999", LONGEST_WAIT_SECONDS),
        ("gangs.orders", "await=3", 0.0),
        ("gangs.orders", "wait=-1", 0.0),
        ("gangs.orders", "", 0.0),
        ("jobs.report", "wait=10", 0.0),
    ],
)
def test_who_may_wait_and_how_long(route: str, prefer: str, seconds: float) -> None:
    """Only questions of gangs are kept open, and none for ever."""
    assert waiting.asked(route, prefer) == seconds


def asking(route: str, given: dict[str, Any], answers: Answers, seconds: float = 20.0) -> list[Any]:
    """Ask once; give the answers that were looked at, the one that was given last."""
    looked: list[Any] = []

    async def ask() -> None:
        notices = Notices()
        feed = Feed(SimpleNamespace(notices=notices))
        feed.open()

        async def look() -> Any:
            looked.append(answers(notices, feed, len(looked)))
            return looked[-1]

        given_by_look: Callable[[], Awaitable[Any]] = look
        answer = await waiting.welcome(feed, route, SEGMENTS, seconds, given, given_by_look)
        assert answer is looked[-1]
        feed.close()
        assert not feed._waiting

    asyncio.run(ask())
    return looked


def test_the_rank_table_comes_when_it_is_complete() -> None:
    """Who waits for the others is answered by the last one's coming, not by asking again."""

    def answers(notices: Notices, _feed: Feed, number: int) -> GangTable:
        notices.changed(gang_topic("w", "r"))
        return GangTable(complete=number == 2)

    assert len(asking("gangs.join", {}, answers)) == 3


@pytest.mark.parametrize(
    "found", [GangTable(complete=False, failed="x"), GangTable(complete=False, stop=True)]
)
def test_a_gang_that_never_meets_is_told_at_once(found: GangTable) -> None:
    """Bad news is worth no waiting."""
    assert asking("gangs.join", {}, lambda *_: found) == [found]


@pytest.mark.parametrize(
    ("known", "found", "looks"),
    [
        (OrdersQuery(), AgentReply(others=True), 2),
        (OrdersQuery(), AgentReply(stop=True, others=True), 1),
        (OrdersQuery(), AgentReply(others=False), 1),
        (OrdersQuery(stop=True), AgentReply(stop=True, others=True), 2),
        (OrdersQuery(stop=True, others=True), AgentReply(cancel=True, stop=True, others=True), 1),
    ],
)
def test_orders_come_when_they_are_news(known: OrdersQuery, found: AgentReply, looks: int) -> None:
    """A node is not told again what it knows."""

    def answers(notices: Notices, feed: Feed, number: int) -> AgentReply:
        notices.changed(gang_topic("w", "r"))
        # A service that ends answers everybody.
        feed.closed = number == 1
        return found

    assert len(asking("gangs.orders", {"query": known}, answers)) == looks


def test_when_the_time_is_over_it_is_told_how_things_are() -> None:
    """A client that waits hears before its patience ends."""
    looked = asking("gangs.join", {}, lambda *_: GangTable(complete=False), seconds=0.01)
    assert looked == [GangTable(complete=False)] * 2


def test_over_the_wire(ask: Any) -> None:
    """The header is read, and a question of no gang has its proper error at once."""
    run = ask.start_run()
    path = f"/api/v1/workspaces/default/runs/{run}/nodes/0/orders"
    answer = ask("GET", path, Prefer="wait=20")
    assert answer.status == 404
    assert "no node" in answer.json["error"]["message"]
