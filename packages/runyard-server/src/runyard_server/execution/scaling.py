"""How many replicas a deployment shall have now."""

import math
from dataclasses import dataclass

from runyard.protocol.endpoints import Scaling
from runyard_server.core.clock import SECOND
from runyard_server.serving.table import DeploymentStatus

# As often as the gateway's shares, which are of ten seconds, say something new.
_LOOK = 2 * SECOND


@dataclass(frozen=True)
class Present:
    """How a deployment stands.

    Args:
        wanted: How many replicas it shall have, by the last decision.
        ready: How many answer.
        low_since: Since when fewer would do, in microseconds since 1970; None where they would not.
        since: When it was last changed.
        concurrency: Calls that one replica has at once.
    """

    wanted: int
    ready: int
    low_since: int | None
    since: int
    concurrency: int = 1


@dataclass(frozen=True)
class Decision:
    """How many replicas there shall be, since when fewer would do, and when to look again."""

    wanted: int
    low_since: int | None = None
    due: int | None = None


def decide(
    scaling: Scaling, present: Present, status: DeploymentStatus | None, now: int
) -> Decision:
    """Decide how many replicas there shall be: more at once, fewer after a while.

    Args:
        scaling: What was asked for.
        present: How the deployment stands.
        status: What the gateway sees of it; None: nothing is known, so little changes.
        now: Microseconds since 1970.
    """
    least, most = max(1, scaling.min_replicas), max(1, scaling.min_replicas, scaling.max_replicas)
    if status is None:
        return Decision(min(max(present.wanted, scaling.min_replicas), most), present.low_since)
    if scaling.min_replicas == 0:
        idle = _idle(scaling, present, status, now)
        if idle is not None:
            return idle
    needed = min(max(_needed(scaling, present, status), least), most)
    if needed >= present.wanted:
        return Decision(needed, due=_due(scaling, present, status, now))
    # Fewer were asked for: that is no lull, which might be over in a moment.
    if present.wanted > most:
        return Decision(most)
    low = now if present.low_since is None else present.low_since
    until = low + int(scaling.down_seconds * SECOND)
    if until <= now:
        return Decision(needed)
    return Decision(present.wanted, low, min(until, now + _LOOK))


def _needed(scaling: Scaling, present: Present, status: DeploymentStatus) -> int:
    """As many as keep the share of busy calls at its target."""
    if scaling.max_replicas <= max(1, scaling.min_replicas):
        return max(1, scaling.min_replicas)
    calls = status.utilization * max(present.ready, 1)
    # What waits is work too: the share alone can never tell more than all of them.
    waiting = status.queue / max(present.concurrency, 1)
    # What floats lose on the way must not be one replica more.
    return math.ceil((calls + waiting) / scaling.target_utilization - 1e-9)


def _last(present: Present, status: DeploymentStatus) -> int:
    return max(present.since, int(status.last_request * SECOND))


def _idle(
    scaling: Scaling, present: Present, status: DeploymentStatus, now: int
) -> Decision | None:
    """The decision about a deployment that may have no replicas; None where it needs some."""
    if status.queue or status.busy:
        return None
    if present.wanted == 0:
        return Decision(0)
    until = _last(present, status) + int(scaling.idle_seconds * SECOND)
    return Decision(0) if until <= now else None


def _due(scaling: Scaling, present: Present, status: DeploymentStatus, now: int) -> int | None:
    """When to measure again, for nobody tells that calls become more or fewer."""
    if scaling.max_replicas > max(1, scaling.min_replicas):
        return now + _LOOK
    if scaling.min_replicas > 0:
        return None
    return max(_last(present, status) + int(scaling.idle_seconds * SECOND), now + _LOOK)
