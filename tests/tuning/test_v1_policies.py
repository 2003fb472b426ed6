"""v1's policies against tables that were worked out by hand."""

import math
from collections.abc import Sequence

import pytest

from runyard.protocol.errors import InvalidRequest
from runyard.protocol.sweeps import Objective, ParameterSpec, PolicySpec
from runyard_server.testing.policy_contract import PolicyContract
from runyard_server.tuning import registry
from runyard_server.tuning.base import Policy, Setting
from runyard_server.tuning.policies.bandit import BanditPolicy
from runyard_server.tuning.policies.median import MedianPolicy
from runyard_server.tuning.policies.none import NoPolicy
from runyard_server.tuning.policies.truncation import TruncationPolicy

NAN, INF = math.nan, math.inf
Value = tuple[int, float]


def policy(name: str, goal: str, interval: int = 1, delay: int = 0, **options: float) -> Policy:
    space = [ParameterSpec("x", "number", low=0, high=1)]
    setting = Setting(space, [Objective("m", goal)], options=options)
    made = registry.policy(PolicySpec(name, interval, delay), setting)
    assert made is not None
    return made


def stops(policy: Policy, values: Sequence[Value]) -> list[tuple[int, int]]:
    """Which trials stop and where, when values are logged in this order: (trial, value)."""
    counts: dict[int, int] = {}
    found = []
    for trial, value in values:
        counts[trial] = counts.get(trial, 0) + 1
        verdict = policy.report(trial, counts[trial], value)
        if verdict is not None:
            found.append((verdict.trial, verdict.position))
    return found


class TestBandit(PolicyContract):
    def make_policy(self, setting: Setting, interval: int = 1, delay: int = 0) -> Policy:
        return BanditPolicy(setting, interval, delay, slack_factor=0.2)


class TestMedian(PolicyContract):
    def make_policy(self, setting: Setting, interval: int = 1, delay: int = 0) -> Policy:
        return MedianPolicy(setting, interval, delay)


class TestTruncation(PolicyContract):
    def make_policy(self, setting: Setting, interval: int = 1, delay: int = 0) -> Policy:
        return TruncationPolicy(setting, interval, delay, percentage=50)


class TestNone(PolicyContract):
    def make_policy(self, setting: Setting, interval: int = 1, delay: int = 0) -> Policy:
        return NoPolicy(setting, interval, delay)


@pytest.mark.parametrize(
    ("goal", "options", "values", "expected"),
    [
        # The class's own example: 0.66 * 1.2 = 0.792 < 0.8 stops, 0.67 * 1.2 = 0.804 does not.
        ("maximize", {"slack_factor": 0.2}, [(0, 0.8), (1, 0.66), (2, 0.67)], [(1, 1)]),
        ("maximize", {"slack_amount": 0.1}, [(0, 0.8), (1, 0.69), (2, 0.7)], [(1, 1)]),
        ("minimize", {"slack_factor": 0.2}, [(0, 0.5), (1, 0.61), (2, 0.6)], [(1, 1)]),
        ("minimize", {"slack_amount": 0.1}, [(0, 0.5), (1, 0.61), (2, 0.6)], [(1, 1)]),
        # The trial's best counts, not its last: 0.75 stays the best of trial 1.
        ("maximize", {"slack_amount": 0.1}, [(0, 0.8), (1, 0.75), (1, 0.1)], []),
        # The best of all up to the same interval: 0.9 comes at trial 0's second value.
        (
            "maximize",
            {"slack_amount": 0.1},
            [(0, 0.5), (0, 0.9), (1, 0.45), (1, 0.79)],
            [(1, 2)],
        ),
        # A late starter is compared with what the others had at its interval, not with their last.
        ("maximize", {"slack_factor": 0.1}, [(0, 0.1), (0, 0.5), (0, 0.9), (1, 0.1)], []),
        # The first alone, and equal ones, stay.
        ("maximize", {"slack_factor": 0.1}, [(0, 0.1), (1, 0.1)], []),
        # What is not finite is worse than anything, in both directions; NaN first is no bound.
        ("maximize", {"slack_factor": 0.1}, [(0, NAN), (1, 0.1), (2, INF)], [(2, 1)]),
        ("minimize", {"slack_factor": 0.1}, [(0, -INF), (1, 0.1), (2, NAN)], [(2, 1)]),
        ("minimize", {"slack_factor": 0.1}, [(0, NAN), (1, NAN), (2, INF)], []),
        # Of the wrong sign the slack is a part of the size: -1 - 0.2 = -1.2.
        ("maximize", {"slack_factor": 0.2}, [(0, -1.0), (1, -1.2), (2, -1.21)], [(2, 1)]),
        ("minimize", {"slack_factor": 0.2}, [(0, -1.0), (1, -0.8), (2, -0.79)], [(2, 1)]),
        # A verdict stands: trial 1 has one, though it goes on logging.
        ("maximize", {"slack_amount": 0.1}, [(0, 0.8), (0, 0.8), (1, 0.1), (1, 0.1)], [(1, 1)]),
        # No factor is what 0 means beside an amount.
        ("minimize", {"slack_factor": 0, "slack_amount": 1}, [(0, 1.0), (1, 2.1)], [(1, 1)]),
    ],
)
def test_bandit(
    goal: str,
    options: dict[str, float],
    values: list[Value],
    expected: list[tuple[int, int]],
) -> None:
    """Which trials the bandit stops, and where."""
    assert stops(policy("bandit", goal, **options), values) == expected


def test_bandit_warns_once_of_the_wrong_sign() -> None:
    """The log says once that a factor of a negative best is taken otherwise."""
    bandit = policy("bandit", "maximize", slack_factor=0.2)
    stops(bandit, [(0, -1.0), (1, -5.0), (2, -6.0)])
    (warning,) = bandit.warnings()
    assert "below zero" in warning
    assert not bandit.warnings()
    right = policy("bandit", "maximize", slack_factor=0.2)
    stops(right, [(0, 1.0), (1, NAN), (2, 0.1)])
    assert not right.warnings()


def test_verdicts_have_policy_value_and_bound() -> None:
    """People read why a trial was stopped, in the numbers that they logged."""
    bandit = policy("bandit", "maximize", slack_factor=0.2)
    assert bandit.report(0, 1, 0.9) is None
    verdict = bandit.report(1, 1, 0.5)
    assert verdict is not None
    assert verdict.reason == (
        "bandit policy: at 1 its best m, 0.5, is beyond the bound 0.75: the best of all is 0.9, "
        "slack_factor 0.2"
    )


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"slack_factor": 0},
        {"slack_factor": 0.1, "slack_amount": 0.1},
        {"slack_factor": -0.1},
        {"slack_amount": NAN},
        {"slack_amount": 10**400},
    ],
)
def test_bandit_refuses(options: dict[str, float]) -> None:
    """Exactly one slack, above 0."""
    with pytest.raises(InvalidRequest, match="slack"):
        policy("bandit", "maximize", **options)


@pytest.mark.parametrize(
    ("goal", "values", "expected"),
    [
        # One alone has nobody to be compared with.
        ("minimize", [(0, 9.0)], []),
        # The means of 0 and 1 at 2 are 3 and 5; their median 4: a best of 5 stops, one of 4 stays.
        (
            "minimize",
            [(0, 4.0), (1, 6.0), (0, 2.0), (1, 4.0), (2, 5.0), (2, 5.0), (3, 4.0), (3, 8.0)],
            [(1, 1), (2, 2)],
        ),
        # To maximize: 0.5 is below the median of 0.5 and 0.6, and 0.49 below that of three.
        ("maximize", [(0, 0.5), (1, 0.6), (2, 0.5), (3, 0.49)], [(2, 1), (3, 1)]),
        # Best against mean: trial 1 has 0.1 now, but its best, 0.5, is not worse than 0.4.
        ("maximize", [(0, 0.4), (0, 0.4), (1, 0.5), (1, 0.1)], []),
        # Equal ones stay, also where a mean of tenths is 0.20000000000000004.
        ("maximize", [(0, 0.1), (0, 0.2), (0, 0.3), (1, 0.2), (1, 0.2), (1, 0.2)], []),
        # NaN is worse than anything: a mean with it is no bound, a best of it stops.
        ("minimize", [(0, NAN), (1, 5.0)], []),
        ("minimize", [(0, 5.0), (1, NAN)], [(1, 1)]),
        ("maximize", [(0, 5.0), (1, INF)], [(1, 1)]),
    ],
)
def test_median(goal: str, values: list[Value], expected: list[tuple[int, int]]) -> None:
    """Which trials the median stops, and where."""
    assert stops(policy("median", goal), values) == expected


@pytest.mark.parametrize(
    ("goal", "percentage", "values", "expected"),
    [
        # Of one, floor(0.5) = 0 stop; of two one; of three one; of four two.
        ("minimize", 50, [(0, 9.0), (1, 1.0), (2, 2.0), (3, 3.0)], [(3, 1)]),
        ("maximize", 50, [(0, 9.0), (1, 1.0), (2, 2.0), (3, 3.0)], [(1, 1)]),
        # Of nine a tenth is none, of ten one.
        ("minimize", 10, [(at, float(at)) for at in range(10)], [(9, 1)]),
        # Ended ones count, and what stopped at 1 is not judged at 2.
        ("minimize", 50, [(0, 1.0), (1, 2.0), (1, 2.0), (0, 1.0)], [(1, 1)]),
        # Equal ones are all among the worst, or none.
        ("maximize", 50, [(0, 0.5), (1, 0.5), (2, 0.5), (3, 0.5)], []),
        # The best counts: trial 1 had 1.0.
        ("minimize", 50, [(0, 2.0), (1, 1.0), (0, 2.0), (1, 9.0)], []),
        # NaN is the worst of both goals.
        ("minimize", 50, [(0, 5.0), (1, NAN)], [(1, 1)]),
        ("maximize", 50, [(0, 5.0), (1, INF)], [(1, 1)]),
    ],
)
def test_truncation(
    goal: str, percentage: int, values: list[Value], expected: list[tuple[int, int]]
) -> None:
    """Which trials truncation stops, and where."""
    assert stops(policy("truncation", goal, percentage=percentage), values) == expected


def test_truncation_may_leave_out_what_has_ended() -> None:
    """Of two equally bad trials the second stays once the better one has ended."""
    found = policy("truncation", "minimize", percentage=50, exclude_finished=True)
    for trial in range(4):
        found.started(trial, {})
    assert found.report(0, 1, 1.0) is None
    verdict = found.report(1, 1, 2.0)
    assert verdict is not None
    assert "worst 1 of 2" in verdict.reason
    found.ended(0)
    found.ended(1)
    assert found.report(2, 1, 2.0) is None
    assert found.report(3, 1, 1.5) is None
    assert found.report(3, 2, 1.0) is None


@pytest.mark.parametrize("percentage", [0, 100, -1])
def test_truncation_refuses(percentage: int) -> None:
    """A percentage that stops nothing, or everything, is a mistake."""
    with pytest.raises(InvalidRequest, match=r"percentage.*from 1 to 99"):
        policy("truncation", "minimize", percentage=percentage)


@pytest.mark.parametrize(
    ("interval", "delay", "stopped_at"), [(1, 0, 1), (1, 5, 5), (3, 0, 3), (3, 5, 6), (3, 6, 6)]
)
@pytest.mark.parametrize(
    ("name", "options"),
    [("bandit", {"slack_amount": 0.5}), ("median", {}), ("truncation", {"percentage": 50})],
)
def test_interval_and_delay(
    interval: int, delay: int, stopped_at: int, name: str, options: dict[str, float]
) -> None:
    """A trial is looked at at multiples of the interval, from the delay on."""
    found = policy(name, "minimize", interval, delay, **options)
    assert stops(found, [*[(0, 1.0)] * 9, *[(1, 9.0)] * 9]) == [(1, stopped_at)]


def test_values_that_arrive_together_are_looked_at_in_order() -> None:
    """Of several intervals that a late delivery brings the first verdict stands."""
    bandit = policy("bandit", "maximize", 2, slack_amount=0.1)
    assert stops(bandit, [(0, 0.1), (0, 0.5), (0, 0.5), (0, 0.9)]) == []
    assert stops(bandit, [(1, 0.1), (1, 0.4), (1, 0.4), (1, 0.4)]) == [(1, 4)]


def test_steps_need_not_come_one_by_one() -> None:
    """A script that logs each third step is looked at at the first one beyond an interval."""
    bandit = policy("bandit", "minimize", 10, slack_amount=0.1)
    for step in range(0, 30, 3):
        bandit.report(0, step, 1.0)
    found = [verdict for step in range(3, 30, 3) if (verdict := bandit.report(1, step, 2.0))]
    assert [each.position for each in found] == [12]


def test_learned_trials_are_compared_with() -> None:
    """Trials of a sweep that is resumed from are data points of the policy."""
    bandit = policy("bandit", "minimize", slack_amount=0.1)
    assert stops(bandit, [(-1, 1.0), (0, 2.0)]) == [(0, 1)]
