"""The unit of work: one transaction, in which rules read and write.

A rule is a function `rule(work, …)`. All that it needs of the moment comes with the unit: the
connection, the time, the request that is being answered. What may happen only once the transaction
is on disk is collected here too, and done by `System.write` after the commit: who waits is woken,
what the service remembers of a run that has ended is dropped, and the run counted. A write that
fails leaves neither rows nor wake-ups.

Who makes the change comes with the unit, too (`work.person`), and what a person changes is told in
the audit log by the same transaction: there is no other way to write, so nothing is left out.
"""

from typing import TypeVar

import msgspec

from runyard_server.core.actors import Actor
from runyard_server.core.clock import Clock
from runyard_server.core.people import People
from runyard_server.store import audit, idempotency
from runyard_server.store import runs as run_rows
from runyard_server.store.audit import AuditRow
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
        actor: Who makes the change; None for the service itself.
        people: Everybody; needed where there is an actor.
    """

    __slots__ = (
        *("_actor", "_clock", "_made", "_now", "_people", "_person", "_request"),
        *("connection", "ended", "finished", "topics"),
    )

    def __init__(
        self,
        connection: Connection,
        clock: Clock,
        request: Request | None = None,
        actor: Actor | None = None,
        people: People | None = None,
    ) -> None:
        self.connection = connection
        # A set that keeps its order: many events of one write wake a follower once.
        self.topics: dict[str, None] = {}
        self.ended: list[RunRow] = []
        self.finished: list[RunRow] = []
        self._clock = clock
        self._now: int | None = None
        self._request = request
        self._actor = actor
        self._people = people
        self._person: str | None = None
        self._made: object = None

    @property
    def person(self) -> str:
        """The name of the person who makes this change, "" where the service itself does.

        A job acts for the person who submitted it.
        """
        if self._person is None:
            self._person = self._find_person()
        return self._person

    def by(self, given: str) -> str:
        """The name that goes into what is made.

        Args:
            given: Whom the body names; it counts only where the service itself asks.
        """
        return given if self._actor is None else self.person

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

    def concerns(self, record: object) -> None:
        """Have the audit log name what this change makes, though there is more of it to come."""
        self._made = record

    def answered(self, answer: Answer) -> Answer:
        """Keep what the request is answered, so that a repeat gets the same; pass it on.

        In one transaction with what was made: a service that dies in between has made nothing, and
        one that has made it knows what it said.
        """
        self._made = answer
        if self._request is not None:
            text = msgspec.json.encode(answer).decode()
            request = self._request
            idempotency.keep(self.connection, request.key, request.body, text, self.now)
            request.kept = True
        return answer

    def add_detail(self, text: str) -> None:
        """Add something to what the audit log tells of this change."""
        if self._actor is not None and self._actor.change is not None:
            self._actor.change.detail = text

    def tell(self) -> None:
        """Write the change down in the audit log, once for a request; the last of the transaction.

        `System.write` calls it, rules need not.
        """
        actor = self._actor
        if actor is None or actor.change is None or actor.change.noted:
            return
        change = actor.change
        row = AuditRow(
            self.now,
            self.person,
            actor.caller.via,
            change.address,
            change.route,
            change.workspace,
            change.object or _named(self._made),
            "done",
            change.detail,
        )
        audit.add(self.connection, row)

    def _find_person(self) -> str:
        actor, people = self._actor, self._people
        if actor is None or people is None:
            return ""
        caller = actor.caller
        if caller.person is not None:
            return caller.person
        if caller.run is not None:
            row = run_rows.find(self.connection, caller.workspace or "", caller.run)
            return "" if row is None else row.submitted_by
        if caller.site is not None:
            return ""
        return people.keep_owner(self.connection, self.now)


def _named(record: object) -> str:
    """What names a record that was made."""
    return str(getattr(record, "id", "") or getattr(record, "name", ""))
