"""Repeats: the same creating request twice does its work once.

A face wraps every creating route in `once`. The answer is kept for a day under the request's
Idempotency-Key; a repeat gets that answer, the same key with another body is refused.

The verb is given a `system` that knows the request, and keeps the answer in the same write as what
it makes (`work.answered`): a service that dies in between has made nothing. An answer that no write
has kept, because there was all that was asked for, is kept afterwards.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import msgspec

from runyard.protocol.errors import Conflict
from runyard_server.core.clock import SECOND
from runyard_server.core.system import System
from runyard_server.core.work import Request
from runyard_server.store import idempotency

Answer = TypeVar("Answer")

DAY = 24 * 3600 * SECOND


def once(
    system: System, request: Request | None, act: Callable[[System], Answer], kind: type[Answer]
) -> Answer:
    """Do what is asked, or repeat the answer that was given before for the same key.

    Args:
        system: The service's parts.
        request: The request; None, where it has no key, does the work.
        act: Does it; runs in this thread, with the parts that know the request.
        kind: The type of the answer, to read a kept one.

    Raises:
        Conflict: The key was used with another body.
    """
    if request is None:
        return act(system)
    # A client repeats when its patience ends; the first try may still be at work.
    with _one_at_a_time(request.key):
        kept = system.read(
            lambda work: idempotency.find(work.connection, request.key, work.now - DAY)
        )
        if kept is not None:
            return _repeat(request, kept, kind)
        answering = system.answering(request)
        answer = act(answering)
        if not request.kept:
            answering.write(lambda work: work.answered(answer))
        return answer


def forget_old(system: System) -> None:
    """Drop the answers that are older than a day."""
    before = system.clock.now_us() - DAY
    # A write that changes nothing would sync the disk all the same.
    if system.read(lambda work: idempotency.has_older(work.connection, before)):
        system.write(lambda work: idempotency.forget(work.connection, before))


def _repeat(request: Request, kept: tuple[str, str], kind: type[Answer]) -> Answer:
    body, answer = kept
    if body != request.body:
        raise Conflict(
            f"the Idempotency-Key {request.key[-60:]!r} was used for another request within a day; "
            "use a new key for a new request"
        )
    return msgspec.json.decode(answer, type=kind)


_locks: dict[str, tuple[threading.Lock, int]] = {}
_locks_guard = threading.Lock()


@contextmanager
def _one_at_a_time(key: str) -> Iterator[None]:
    """Hold the lock of a key; it exists only while somebody holds or awaits it."""
    with _locks_guard:
        lock, waiting = _locks.get(key, (threading.Lock(), 0))
        _locks[key] = (lock, waiting + 1)
    try:
        with lock:
            yield
    finally:
        with _locks_guard:
            _, waiting = _locks.pop(key)
            if waiting > 1:
                _locks[key] = (lock, waiting - 1)
