"""The unit of work: one transaction, in which rules read and write.

A rule is a function `rule(work, …)`. All that it needs of the moment comes with the unit: the
connection, the time, the request that is being answered. What may happen only once the transaction
is on disk is collected here too, and done by `System.write` after the commit: who waits is woken,
what the service remembers of a run that has ended is dropped, and the run counted. A write that
fails leaves neither rows nor wake-ups.
"""

from typing import TypeVar

import msgspec

from runyard_server.core.clock import Clock
from runyard_server.store import idempotency
from runyard_server.store.records import Connection
from runyard_server.store.runs import RunRow

Answer = TypeVar("Answer")


class Request:
    """A request with an Idempotency-Key, whose answer is kept for repeats.

    Args:
        key: The key, with what it belongs to.
        body: Digest of all that is asked for.
    """

    __slots__ = ("body", "kept", "key")

    def __init__(self, key: str, body: str) -> None:
        self.key = key
        self.body = body
        self.kept = False


class Work:
    """One transaction, as rules see it; used by one thread.

    Args:
        connection: What functions of the store are given.
        clock: Looked at once, when a rule first asks for the time.
        request: The request that is being answered, if it has a key.
    """

    __slots__ = ("_clock", "_now", "_request", "connection", "ended", "finished", "topics")

    def __init__(
        self, connection: Connection, clock: Clock, request: Request | None = None
    ) -> None:
        self.connection = connection
        # A set that keeps its order: many events of one write wake a follower once.
        self.topics: dict[str, None] = {}
        self.ended: list[RunRow] = []
        self.finished: list[RunRow] = []
        self._clock = clock
        self._now: int | None = None
        self._request = request

    @property
    def now(self) -> int:
        """Microseconds since 1970: one moment for all that is written together."""
        if self._now is None:
            self._now = self._clock.now_us()
        return self._now

    def announce(self, topic: str) -> None:
        """Wake who waits for a topic, once this is on disk."""
        self.topics[topic] = None

    def forget(self, row: RunRow) -> None:
        """Drop when the process or the agents of a run were heard of, once this is on disk."""
        self.ended.append(row)

    def finish(self, row: RunRow) -> None:
        """Count a run as ended, once this is on disk."""
        self.finished.append(row)

    def answered(self, answer: Answer) -> Answer:
        """Keep what the request is answered, so that a repeat gets the same; pass it on.

        In one transaction with what was made: a service that dies in between has made nothing, and
        one that has made it knows what it said.
        """
        if self._request is not None:
            text = msgspec.json.encode(answer).decode()
            request = self._request
            idempotency.keep(self.connection, request.key, request.body, text, self.now)
            request.kept = True
        return answer
