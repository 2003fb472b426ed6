"""Answers that are worth waiting for: a request may say for how long (`Prefer: wait=10`, RFC 7240).

The operation answers at once, as always. If that answer is not what was hoped for and the client
would rather wait, it is called again when the gang's topic changes, and once more when the time is
over. Whoever waits is a task of the event loop: no thread is held.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from runyard.protocol.timeouts import LONGEST_WAIT_SECONDS
from runyard_server.core.notices import gang_topic
from runyard_server.execution import gangs
from runyard_server.faces.streams import Feed

_WAIT = re.compile(r"(?:^|[,;\s])wait=(\d{1,6}(?:\.\d{1,3})?)(?:$|[,;\s])")
# By the name of a route: whether its answer, given the query, is what was hoped for.
_WELCOME: Mapping[str, Callable[[Any, Any], bool]] = {
    "gangs.join": lambda _query, table: gangs.is_settled(table),
    "gangs.orders": gangs.is_news,
}


def asked(route: str, prefer: str) -> float:
    """Give for how many seconds a request for a route would rather wait; 0 for not at all."""
    found = _WAIT.search(prefer.lower()) if route in _WELCOME else None
    return min(float(found.group(1)), LONGEST_WAIT_SECONDS) if found else 0.0


async def welcome(
    feed: Feed,
    route: str,
    segments: Mapping[str, str],
    seconds: float,
    given: Mapping[str, Any],
    look: Callable[[], Awaitable[Any]],
) -> Any:
    """Give the first answer that is welcome, or how it is when the time is over.

    Args:
        feed: Wakes it.
        route: The route's name.
        segments: Of the path.
        seconds: How long to wait.
        given: Query and body.
        look: Gives the answer as it is now.
    """
    topic = gang_topic(segments["workspace"], segments["run"])
    # Before the first look: what changes in between wakes.
    changed = feed.watch(topic)
    until = asyncio.get_running_loop().time() + seconds
    try:
        while True:
            changed.clear()
            answer = await look()
            if feed.closed or _WELCOME[route](given.get("query"), answer):
                return answer
            try:
                async with asyncio.timeout_at(until):
                    await changed.wait()
            except TimeoutError:
                # Time itself may have changed the answer.
                return await look()
    finally:
        feed.forget(topic, changed)
