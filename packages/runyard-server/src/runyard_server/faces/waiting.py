"""Answers that are worth waiting for: a request may say for how long (`Prefer: wait=10`, RFC 7240).

The operation answers at once, as always. If that answer is no news and the client would rather
wait, it is called again when the operation's topic changes, and once more when the time is over.
Whoever waits is a task of the event loop: no thread is held.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any

from runyard.protocol.timeouts import LONGEST_WAIT_SECONDS
from runyard_server.faces.streams import Feed

_WAIT = re.compile(r"(?:^|[,;\s])wait=(\d{1,6}(?:\.\d{1,3})?)(?:$|[,;\s])")


def seconds(prefer: str) -> float:
    """How long a request would rather wait, by its Prefer header; 0 for not at all."""
    found = _WAIT.search(prefer.lower())
    return min(float(found.group(1)), LONGEST_WAIT_SECONDS) if found else 0.0


async def news(
    feed: Feed,
    topic: str,
    longest: float,
    look: Callable[[], Awaitable[Any]],
    is_news: Callable[[Any], bool],
) -> Any:
    """Wait for an answer that is news.

    Args:
        feed: Wakes it.
        topic: What changes when the answer may have.
        longest: Seconds to wait.
        look: Finds the answer as it is now.
        is_news: Whether an answer is what the client waits for.

    Returns:
        The first answer that is news, or how it is when the time is over.
    """
    # Before the first look: what changes in between wakes.
    changed = feed.watch(topic)
    until = asyncio.get_running_loop().time() + longest
    try:
        while True:
            changed.clear()
            answer = await look()
            if feed.closed or is_news(answer):
                return answer
            try:
                async with asyncio.timeout_at(until):
                    await changed.wait()
            except TimeoutError:
                # Time itself may have changed the answer.
                return await look()
    finally:
        feed.forget(changed, topic)
