"""Follows a run: server-sent events, read again from the last number after every break.

The stream ends when the run has ended. A service that restarts in between is waited for: the
run goes on without it, and so does whoever watches.
"""

from __future__ import annotations

import http.client
import json
import time
from typing import TYPE_CHECKING, Any, Iterator, Sequence

from runyard.protocol import codec
from runyard.protocol.errors import TemporaryError
from runyard.protocol.events import EVENTS_LIST, STATUS, EventQuery, EventRecord
from runyard.protocol.runs import TERMINAL
from runyard.protocol.timeouts import STREAM_PATIENCE_SECONDS, STREAM_SILENCE_SECONDS

if TYPE_CHECKING:
    from runyard.client.connection import Connection
    from runyard.protocol.route import Route

FIRST_PAUSE = 0.05
LONGEST_PAUSE = 2.0


def follow(
    connection: Connection, route: Route[Any], segments: Sequence[str], after: int
) -> Iterator[EventRecord]:
    """Give a run's events after number `after`, and its log frames, until it has ended.

    Raises:
        ServiceUnreachable: No service answered for two minutes.
        RunyardError: The service refused.
    """
    pause, down_since = FIRST_PAUSE, None
    while True:
        try:
            for event in _once(connection, route, segments, after):
                after = max(after, event.number)
                pause, down_since = FIRST_PAUSE, None
                yield event
                if event.kind == STATUS and event.status in TERMINAL:
                    return
            if _ended(connection, segments, after):
                return
        except (TemporaryError, http.client.HTTPException, OSError) as error:
            down_since = down_since or time.monotonic()
            if isinstance(error, TemporaryError) and _elapsed(down_since) > STREAM_PATIENCE_SECONDS:
                raise
        time.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)


def _elapsed(since: float) -> float:
    return time.monotonic() - since


def _once(
    connection: Connection, route: Route[Any], segments: Sequence[str], after: int
) -> Iterator[EventRecord]:
    query = EventQuery(after=after)
    response = connection.stream(route, *segments, query=query, timeout=STREAM_SILENCE_SECONDS)
    try:
        for data in _frames(response):
            yield codec.from_plain(EventRecord, json.loads(data))
    finally:
        response.close()
        response.connection.close()


def _frames(response: http.client.HTTPResponse) -> Iterator[str]:
    """Give the data of each frame: its `data:` lines, joined; comments keep the line alive."""
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
