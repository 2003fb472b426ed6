"""How many replicas a deployment shall have: as busy as asked for, none where nobody asks."""

import pytest

from runyard.protocol.endpoints import Scaling
from runyard_server.execution.scaling import Decision, Present, decide
from runyard_server.serving.table import DeploymentStatus

SECOND = 1_000_000
NOW = 1000 * SECOND
RANGE = Scaling(1, 10, 0.7, down_seconds=300)


def present(wanted: int, low_since: int | None = None) -> Present:
    return Present(wanted, wanted, low_since, 0)


@pytest.mark.parametrize(
    ("share", "queue", "wanted"),
    [(0.0, 0, 2), (0.7, 0, 2), (0.71, 0, 3), (1.0, 0, 3), (1.0, 5, 10), (1.0, 200, 10)],
)
def test_more_at_once(share: float, queue: int, wanted: int) -> None:
    """As many as keep the share of busy calls at its target, up to the most."""
    status = DeploymentStatus("main", utilization=share, queue=queue, busy=2)
    assert decide(RANGE, present(2), status, NOW).wanted == wanted


def test_fewer_after_a_while() -> None:
    """A lull of minutes costs no replica; a longer one does, and a peak begins it anew."""
    idle, busy = DeploymentStatus("main", utilization=0.1), DeploymentStatus("main", utilization=1)
    begun = decide(RANGE, present(3), idle, NOW)
    assert (begun.wanted, begun.low_since) == (3, NOW)
    later = decide(RANGE, present(3, NOW), idle, NOW + 299 * SECOND)
    assert (later.wanted, later.low_since) == (3, NOW)
    assert decide(RANGE, present(3, NOW), idle, NOW + 300 * SECOND).wanted == 1
    assert decide(RANGE, present(3, NOW), busy, NOW + 299 * SECOND).low_since is None


def test_none_where_nobody_asks() -> None:
    """To zero after the idle time, back with the first that waits; never below a fixed number."""
    zero = Scaling(0, 1, idle_seconds=60)
    used = DeploymentStatus("main", last_request=990.0)
    kept = decide(zero, present(1), used, NOW)
    assert (kept.wanted, kept.due) == (1, 1050 * SECOND)
    assert decide(zero, present(1), used, 1050 * SECOND) == Decision(0)
    assert decide(zero, present(0), DeploymentStatus("main", queue=1), NOW).wanted == 1
    assert decide(Scaling(2, 2), present(2), used, NOW * 9) == Decision(2)


def test_without_the_gateway_nothing_changes() -> None:
    """Nobody knows how busy they are, so they stay; what is asked for anew still counts."""
    assert decide(RANGE, present(4), None, NOW).wanted == 4
    assert decide(Scaling(2, 3), present(1), None, NOW).wanted == 2
