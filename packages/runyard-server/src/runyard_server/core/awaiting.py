"""Operations whose answers may be waited for: what wakes who waits, and which answers are news.

An operation answers at once, always. `awaitable` says beside it how a face may keep a question open
until there is something to tell; the row of its route says that clients may ask for that (`waits`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

Operation = TypeVar("Operation", bound=Callable[..., Any])

_NAME = "awaited"


@dataclass(frozen=True)
class Awaited:
    """How an operation is waited for.

    Args:
        topic: The topic that changes when the answer may have, given the path's segments.
        is_news: Whether an answer is worth giving, given the query (None without one).
    """

    topic: Callable[..., str]
    is_news: Callable[[Any, Any], bool]


def awaitable(
    topic: Callable[..., str], is_news: Callable[[Any, Any], bool]
) -> Callable[[Operation], Operation]:
    """Mark an operation as one that may be waited for; the arguments are those of `Awaited`."""

    def marked(operation: Operation) -> Operation:
        setattr(operation, _NAME, Awaited(topic, is_news))
        return operation

    return marked


def awaited(operation: Callable[..., Any] | None) -> Awaited:
    """How an operation is waited for.

    Raises:
        LookupError: It was not marked.
    """
    found: Awaited | None = getattr(operation, _NAME, None)
    if found is None:
        raise LookupError(f"{operation} cannot be waited for: it is not marked as awaitable")
    return found
