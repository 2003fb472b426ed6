"""Following a run to its end, whatever happens to the stream."""

from __future__ import annotations

import json
from typing import Any

import pytest

from runyard.client import streams
from runyard.client.connection import Connection
from runyard.protocol.errors import RunNotFound, ServiceUnreachable
from runyard.protocol.feed import FEED_STREAM, FeedQuery
from runyard.protocol.routes import EVENTS_STREAM


def _frame(number: int, kind: str = "status", **more: Any) -> bytes:
    event = {"number": number, "kind": kind, "time": "", **more}
    return b": comment\n\ndata: " + json.dumps(event).encode() + b"\n\n"


def _follow(fake: Any, after: int = 0) -> list[tuple[int, str | None]]:
    with Connection(fake.url, "t") as connection:
        found = streams.follow(connection, EVENTS_STREAM, ("w", "r"), after)
        return [(event.number, event.status) for event in found]


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """No long pauses."""
    monkeypatch.setattr(streams, "FIRST_PAUSE", 0.001)
    monkeypatch.setattr(streams, "LONGEST_PAUSE", 0.001)


def test_a_stream_that_breaks_is_taken_up_after_the_last_number(fake):
    """No event is told twice, none is lost."""
    parts = [
        _frame(1, status="Starting") + _frame(2, status="Running"),
        _frame(0, "log", data={"path": "x", "size": "1"}) + _frame(3, status="Completed"),
    ]

    def answer(_method: str, path: str, _body: bytes) -> Any:
        if "/events/stream" in path:
            return fake.say(parts.pop(0), stream=True)
        return fake.say({"items": [], "status": "Running"})

    fake.answer = answer
    assert [event for event in _follow(fake) if event[0]] == [
        (1, "Starting"),
        (2, "Running"),
        (3, "Completed"),
    ]
    asked = [path for _, path, _ in fake.requests if "stream" in path]
    assert [path.rpartition("after=")[2].split("&")[0] for path in asked] == ["0", "2"]


def test_a_run_that_ended_before_ends_the_stream(fake):
    """Nobody waits for events that were told already."""
    fake.answer = lambda _m, path, _b: (
        fake.say(b"", stream=True)
        if "/events/stream" in path
        else fake.say({"items": [], "status": "Completed"})
    )
    assert _follow(fake, after=7) == []


def test_a_service_that_is_away_is_waited_for_but_not_for_ever(fake, monkeypatch):
    """A restart in the middle is not seen; a service that stays away is told."""
    calls = []

    def answer(_method: str, path: str, _body: bytes) -> Any:
        calls.append(path)
        if len(calls) < 3:
            return fake.say({"error": {"code": "temporary", "message": "starting"}}, 503)
        return fake.say(_frame(1, status="Failed"), stream=True)

    fake.answer = answer
    assert _follow(fake) == [(1, "Failed")]
    monkeypatch.setattr(streams, "STREAM_PATIENCE_SECONDS", 0.05)
    fake.stop()
    with (
        Connection("http://127.0.0.1:9", "t") as connection,
        pytest.raises(ServiceUnreachable),
    ):
        list(streams.follow(connection, EVENTS_STREAM, ("w", "r"), 0))


def test_a_refusal_is_raised(fake):
    """An unknown run is an error, not an endless wait."""
    error = {"code": "run_not_found", "message": "no run r"}
    fake.answer = lambda *_: fake.say({"error": error}, 404)
    with pytest.raises(RunNotFound):
        _follow(fake)


def test_a_feed_that_breaks_is_taken_up_after_the_last_position(fake):
    """Who follows a workspace is told nothing twice; `last` counts for the first time only."""

    def frame(position: int) -> bytes:
        event = {"position": position, "subject_kind": "run", "subject": "r", "number": 1}
        return b"data: " + json.dumps({**event, "kind": "status", "time": ""}).encode() + b"\n\n"

    parts = [frame(3) + frame(7), b"", frame(9)]
    fake.answer = lambda *_: fake.say(parts.pop(0) if parts else b"", stream=True)
    with Connection(fake.url, "t") as connection:
        found = streams.follow_feed(connection, FEED_STREAM, ("w",), FeedQuery(last=2))
        assert [next(found).position for _ in range(3)] == [3, 7, 9]
    asked = [path.partition("?")[2] for _, path, _ in fake.requests]
    assert ["last=" in query for query in asked] == [True, False, False]
    assert ["after=7" in query for query in asked] == [False, True, True]
