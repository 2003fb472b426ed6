"""How a replica is, from its run and from what the gateway sees of it."""

from dataclasses import dataclass

from runyard.protocol import runs as states
from runyard.protocol.endpoints import (
    DRAINING,
    LOADING,
    READY,
    RESTARTING,
    STARTING,
)
from runyard_server.core.clock import SECOND
from runyard_server.serving.table import ReplicaStatus
from runyard_server.store.endpoints import ReplicaRow
from runyard_server.store.runs import RunRow

BUILDING = "building environment"
GIVING_UP = "giving-up"
_DIED = ("died", GIVING_UP)
_TAIL = 20


@dataclass(frozen=True)
class Seen:
    """A replica: its row, its run, and what the gateway says, None where it says nothing."""

    row: ReplicaRow
    run: RunRow
    status: ReplicaStatus | None

    @property
    def is_retired(self) -> bool:
        """Whether it gets no further requests."""
        return self.row.retired_at is not None

    @property
    def is_ready(self) -> bool:
        """Whether it answers."""
        return self.run.active and self.status is not None and self.status.ready is not None

    @property
    def waits_for_room(self) -> bool:
        """Whether it waits for a node."""
        # So `placement` begins what it tells of runs for which there is no node.
        return self.run.status == states.QUEUED and (self.run.reason or "").startswith("waiting")

    @property
    def busy(self) -> int:
        """How many calls it has."""
        return 0 if self.status is None else self.status.busy

    @property
    def has_given_up(self) -> bool:
        """Whether its worker has died so often that another start is no hope."""
        news = None if self.status is None else self.status.news
        return news is not None and not self.is_ready and (news.event == GIVING_UP or news.final)


def state_of(seen: Seen) -> tuple[str, str]:
    """What a replica is doing, and what it waits for or fails of, "" where all is well."""
    if seen.is_retired:
        return DRAINING, ""
    if seen.run.status in (states.STARTING, states.PREPARING):
        return STARTING, BUILDING
    if seen.run.status == states.QUEUED:
        return STARTING, seen.run.reason or "its node is starting it"
    return _as_seen(seen.status)


def _as_seen(status: ReplicaStatus | None) -> tuple[str, str]:
    """What the gateway says of a replica whose agent is at work."""
    if status is not None and status.ready is not None:
        return READY, ""
    if status is None or not status.connected:
        return STARTING, "its process is starting"
    if status.news is not None and status.news.event in _DIED:
        again = status.news.again_seconds
        later = f"; again in {again:g} s" if again >= 1 else ""
        return RESTARTING, f"failing: {status.news.reason}{later}"
    return LOADING, ""


def deaths_of(seen: Seen) -> int:
    """How often a replica's worker has died, as far as is known."""
    if seen.status is None:
        return 0
    told = 0 if seen.status.news is None else seen.status.news.deaths
    return max(seen.status.restarts, told)


def loading_for(since: int, now: int) -> str:
    """The reason of a replica that loads its model.

    Args:
        since: Since when, in microseconds since 1970.
        now: Microseconds since 1970.
    """
    return f"init() running for {max(0, now - since) // SECOND} s"


def fault(seen: Seen) -> str:
    """What keeps a replica from ever being ready, "" while there is hope."""
    if not seen.run.active:
        error = seen.run.error
        return f"run {seen.run.id} has ended: {seen.run.status}" if error is None else error.message
    if seen.status is not None and seen.status.trial_error:
        return f"the trial call with its schema's sample failed: {seen.status.trial_error}"
    if not seen.has_given_up:
        return ""
    assert seen.status is not None
    assert seen.status.news is not None
    news = seen.status.news
    tail = "\n".join(news.log_tail[-_TAIL:])
    told = news.reason or f"its worker ended with exit code {news.exit_code}"
    return f"{told}\n{tail}" if tail else told
