"""Requests that would rather wait: answered when there is something to tell, and holding nobody."""

import asyncio
from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest

from runyard.protocol.jobs import AgentReply, GangTable, OrdersQuery
from runyard.protocol.route import Route
from runyard.protocol.routes import GANGS_JOIN, GANGS_ORDERS, ROUTES, RUNS_GET
from runyard.protocol.timeouts import LONGEST_WAIT_SECONDS
from runyard_server.core.awaiting import awaited
from runyard_server.core.notices import Notices, gang_topic
from runyard_server.faces import waiting
from runyard_server.faces.native.handlers import operation
from runyard_server.faces.streams import Feed

Answers = Callable[[Notices, Feed, int], Any]


@pytest.mark.parametrize(
    ("prefer", "seconds"),
    [
        ("wait=2.5", 2.5),
        ("respond-async, wait=10", 10.0),
        ("Wait=3; x", 3.0),
        ("wait=99999", LONGEST_WAIT_SECONDS),
        ("await=3", 0.0),
        ("wait=-1", 0.0),
        ("", 0.0),
    ],
)
def test_how_long_a_request_may_wait(prefer: str, seconds: float) -> None:
    """No question is kept open for ever."""
    assert waiting.seconds(prefer) == seconds


def test_what_a_row_says_can_be_waited_for_can_be() -> None:
    """A row that promises to wait, over an operation that cannot, would fail at its first use."""
    rows = [row for row in ROUTES if row.waits]
    assert {row.name for row in rows} == {
        "endpoints.get",
        "feed.list",
        "gangs.join",
        "gangs.orders",
        "sites.exchange",
        "sweeps.get",
    }
    assert all(awaited(operation(row)) for row in rows)
    with pytest.raises(LookupError, match="not marked"):
        awaited(operation(RUNS_GET))


def asking(route: Route[Any], query: Any, answers: Answers, seconds: float = 20.0) -> list[Any]:
    """Ask once; give the answers that were looked at, the one that was given last."""
    looked: list[Any] = []
    found = awaited(operation(route))

    async def ask() -> None:
        notices = Notices()
        feed = Feed(SimpleNamespace(notices=notices))
        feed.open()

        async def look() -> Any:
            looked.append(answers(notices, feed, len(looked)))
            return looked[-1]

        news = partial(found.is_news, query)
        answer = await waiting.news(feed, found.topic("w", "r", "0"), seconds, look, news)
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

    assert len(asking(GANGS_JOIN, None, answers)) == 3


@pytest.mark.parametrize(
    "found", [GangTable(complete=False, failed="x"), GangTable(complete=False, stop=True)]
)
def test_a_gang_that_never_meets_is_told_at_once(found: GangTable) -> None:
    """Bad news is worth no waiting."""
    assert asking(GANGS_JOIN, None, lambda *_: found) == [found]


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

    assert len(asking(GANGS_ORDERS, known, answers)) == looks


def test_when_the_time_is_over_it_is_told_how_things_are() -> None:
    """A client that waits hears before its patience ends."""
    looked = asking(GANGS_JOIN, None, lambda *_: GangTable(complete=False), seconds=0.01)
    assert looked == [GangTable(complete=False)] * 2


def test_over_the_wire(ask: Any) -> None:
    """The header is read, and a question of no gang has its proper error at once."""
    run = ask.start_run()
    path = f"/api/v1/workspaces/default/runs/{run}/nodes/0/orders"
    answer = ask("GET", path, Prefer="wait=20")
    assert answer.status == 404
    assert "no node" in answer.json["error"]["message"]
