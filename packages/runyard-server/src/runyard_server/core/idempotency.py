"""Repeats: the same creating request twice does its work once.

The service wraps every creating route in `once`. The answer is kept for a day under the
request's Idempotency-Key; a repeat gets that answer, the same key with another body is refused.

Where doing a thing twice must be impossible even if the service dies in between, the operation
keeps the answer in the same write as the thing itself: it takes `pending()` before its write and
calls `keep` inside. For all others `once` keeps it afterwards, in a write of its own.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

import msgspec

from runyard.protocol.errors import Conflict
from runyard_server.core.system import System
from runyard_server.store import idempotency
from runyard_server.store.records import Connection

Answer = TypeVar("Answer")

DAY = 24 * 3600 * 1_000_000


class Pending:
    """A request with a key whose answer is not kept yet."""

    def __init__(self, key: str, body: str) -> None:
        self.key = key
        self.body = body
        self.kept = False

    def keep(self, connection: Connection, answer: object, now: int) -> None:
        """Keep the answer as part of the present write."""
        text = msgspec.json.encode(answer).decode()
        idempotency.keep(connection, self.key, self.body, text, now)
        self.kept = True


_pending: ContextVar[Pending | None] = ContextVar("pending", default=None)


def pending() -> Pending | None:
    """Give the request that is being answered, if it has a key."""
    return _pending.get()


def once(
    system: System,
    key: str | None,
    body_digest: str,
    work: Callable[[], Answer],
    kind: type[Answer],
) -> Answer:
    """Do `work`, or give the answer it gave before for the same key.

    Args:
        system: The service's parts.
        key: The Idempotency-Key with what it belongs to (route and workspace); None does the work.
        body_digest: Digest of everything the request asks for.
        work: Does it; runs in this thread.
        kind: The type of the answer, to read a kept one.

    Raises:
        Conflict: The key was used with another body.
    """
    if not key:
        return work()
    with _one_at_a_time(key):
        since = system.clock.now_us() - DAY
        kept = system.records.read(lambda c: idempotency.find(c, key, since))
        if kept is not None:
            return _repeat(key, body_digest, kept, kind)
        return _first(system, Pending(key, body_digest), work)


def forget_old(system: System) -> None:
    """Drop the answers that are older than a day."""
    before = system.clock.now_us() - DAY
    if system.records.read(lambda c: idempotency.has_older(c, before)):
        system.records.write(lambda c: idempotency.forget(c, before))


def _repeat(key: str, body: str, kept: tuple[str, str], kind: type[Answer]) -> Answer:
    kept_body, answer = kept
    if kept_body != body:
        raise Conflict(
            f"the Idempotency-Key {key[-60:]!r} was used for another request within a day; "
            "use a new key for a new request"
        )
    return msgspec.json.decode(answer, type=kind)


def _first(system: System, request: Pending, work: Callable[[], Answer]) -> Answer:
    token = _pending.set(request)
    try:
        answer = work()
    finally:
        _pending.reset(token)
    if not request.kept:
        now = system.clock.now_us()
        system.records.write(lambda c: request.keep(c, answer, now))
    return answer


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
