"""Follows a run or a workspace: server-sent events, read again from the last after every break.

The stream of a run ends when the run has ended. A service that restarts in between is waited for:
the run goes on without it, and so does whoever watches.
"""

from __future__ import annotations

import http.client
import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Callable, Iterator, Sequence, Type, TypeVar

from runyard.protocol import codec
from runyard.protocol.errors import TemporaryError
from runyard.protocol.events import EVENTS_LIST, STATUS, EventQuery, EventRecord
from runyard.protocol.feed import FeedEvent, FeedQuery
from runyard.protocol.runs import TERMINAL
from runyard.protocol.timeouts import STREAM_PATIENCE_SECONDS, STREAM_SILENCE_SECONDS

if TYPE_CHECKING:
    from runyard.client.connection import Connection
    from runyard.protocol.route import Route

Event = TypeVar("Event")

FIRST_PAUSE = 0.05
LONGEST_PAUSE = 2.0


def follow(
    connection: Connection, route: Route[Any], segments: Sequence[str], after: int
) -> Iterator[EventRecord]:
    """Follow a run: its events after number `after`, and its log frames, until it has ended.

    Args:
        connection: The service.
        route: The row of the table of routes.
        segments: The segments of the row's path.
        after: The number of the last event that is known.

    Raises:
        ServiceUnreachable: No service answered for two minutes.
        RunyardError: The service refused.
    """
    ended = False

    def once() -> Iterator[EventRecord]:
        nonlocal after, ended
        query = EventQuery(after=after)
        for event in _once(connection, route, segments, query, EventRecord):
            after = max(after, event.number)
            yield event
            if event.kind == STATUS and event.status in TERMINAL:
                ended = True
                return

    return _persistently(once, lambda: ended or _ended(connection, segments, after))


def follow_feed(
    connection: Connection, route: Route[Any], segments: Sequence[str], query: FeedQuery
) -> Iterator[FeedEvent]:
    """Follow a workspace, or one subject in it, without end.

    Args:
        connection: The service.
        route: Of the stream.
        segments: The workspace.
        query: Which events, and the position to begin after.

    Raises:
        ServiceUnreachable: No service answered for two minutes.
        RunyardError: The service refused.
    """

    def once() -> Iterator[FeedEvent]:
        nonlocal query
        for event in _once(connection, route, segments, query, FeedEvent):
            # `last` was meant for where to begin: behind a position all that comes is wanted.
            query = replace(query, after=event.position, last=None)
            yield event

    return _persistently(once, lambda: False)


def _persistently(once: Callable[[], Iterator[Event]], over: Callable[[], bool]) -> Iterator[Event]:
    """Read a stream again after every break, until it is over.

    Args:
        once: Opens the stream behind what it gave before, and reads until it breaks.
        over: Whether a stream that was closed will say no more.
    """
    pause, down_since = FIRST_PAUSE, None
    while True:
        try:
            for event in once():
                pause, down_since = FIRST_PAUSE, None
                yield event
            if over():
                return
        except (TemporaryError, http.client.HTTPException, OSError) as error:
            down_since = down_since or time.monotonic()
            # What broke off was there: only a service that cannot be reached is given up.
            if isinstance(error, TemporaryError) and _elapsed(down_since) > STREAM_PATIENCE_SECONDS:
                raise
        time.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)


def _elapsed(since: float) -> float:
    return time.monotonic() - since


def _once(
    connection: Connection,
    route: Route[Any],
    segments: Sequence[str],
    query: Any,
    record: Type[Event],
) -> Iterator[Event]:
    response = connection.stream(route, *segments, query=query, timeout=STREAM_SILENCE_SECONDS)
    try:
        for data in _frames(response):
            yield codec.from_plain(record, json.loads(data))
    finally:
        response.close()
        response.connection.close()


def _frames(response: http.client.HTTPResponse) -> Iterator[str]:
    """The data of each frame: its `data:` lines, joined; comments only keep the line alive."""
    lines = []
    for raw in iter(response.readline, b""):
        line = raw.decode("utf-8").rstrip("\r\n")
        if line.startswith("data:"):
            lines.append(line[5:].lstrip(" "))
        elif not line and lines:
            yield "\n".join(lines)
            lines = []


def _ended(connection: Connection, segments: Sequence[str], after: int) -> bool:
    """Whether a stream that closed did so because the run has ended and all was told."""
    page = connection.call(EVENTS_LIST, *segments, query=EventQuery(after=after, limit=1))
    return page.status in TERMINAL and not page.items
