"""Native policies against tables that were worked out by hand."""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from runyard.protocol.errors import InvalidRequest
from runyard.protocol.sweeps import Objective, ParameterSpec, PolicySpec
from runyard_server.testing.distributions import shared
from runyard_server.testing.policy_contract import PolicyContract
from runyard_server.tuning import registry
from runyard_server.tuning.base import Policy, Setting
from runyard_server.tuning.policies.halving import AshaPolicy
from runyard_server.tuning.policies.hyperband import HyperbandPolicy
from runyard_server.tuning.policies.patience import PatiencePolicy
from runyard_server.tuning.policies.percentile import PercentilePolicy
from runyard_server.tuning.policies.population import PopulationPolicy
from runyard_server.tuning.policies.threshold import ThresholdPolicy

NAN, INF = math.nan, math.inf
SPACE = [
    ParameterSpec("lr", "number", low=0.001, high=1.0, log=True),
    ParameterSpec("units", "number", low=8, high=64, whole=True, q=8),
    ParameterSpec("opt", "choice", choices=["sgd", "adam"]),
]
PARAMS = {"lr": 0.1, "units": 32, "opt": "adam"}


def policy(name: str, goal: str = "minimize", seed: int = 7, **options: Any) -> Policy:
    setting = Setting(SPACE, [Objective("m", goal)], seed=seed, options=options, parallel=4)
    made = registry.policy(PolicySpec(name), setting)
    assert made is not None
    return made


def stops(policy: Policy, values: Sequence[tuple[int, int, float]]) -> list[tuple[int, int]]:
    """Which trials stop and where, when values are logged in this order: (trial, step, value)."""
    found = []
    for trial, step, value in values:
        if step == 1:
            policy.started(trial, PARAMS)
        verdict = policy.report(trial, step, value)
        if verdict is not None:
            found.append((trial, step))
    return found


class TestPercentile(PolicyContract):
    def make_policy(self, setting: Setting, interval: int = 1, delay: int = 0) -> Policy:
        return PercentilePolicy(setting, interval, delay)


class TestThreshold(PolicyContract):
    def make_policy(self, setting: Setting, interval: int = 1, delay: int = 0) -> Policy:
        return ThresholdPolicy(setting, interval, delay, upper=0.5)


class TestPatience(PolicyContract):
    def make_policy(self, setting: Setting, interval: int = 1, delay: int = 0) -> Policy:
        return PatiencePolicy(setting, interval, delay, patience=3)


class TestAsha(PolicyContract):
    def make_policy(self, setting: Setting, interval: int = 1, delay: int = 0) -> Policy:
        return AshaPolicy(setting, interval, delay, max_steps=20, factor=2)


class TestAshaThatPauses(PolicyContract):
    def make_policy(self, setting: Setting, interval: int = 1, delay: int = 0) -> Policy:
        return AshaPolicy(setting, interval, delay, max_steps=20, factor=2, stop_only=False)


class TestHyperband(PolicyContract):
    def make_policy(self, setting: Setting, interval: int = 1, delay: int = 0) -> Policy:
        return HyperbandPolicy(setting, interval, delay, max_steps=20, factor=2)


class TestPopulation(PolicyContract):
    def make_policy(self, setting: Setting, interval: int = 1, delay: int = 0) -> Policy:
        return PopulationPolicy(setting, interval, delay, steps=4)


@pytest.mark.parametrize(
    ("goal", "options", "values", "expected"),
    [
        # Of 1, 2, 3, 4, 5 the best half ends at 3; 3 goes on and 3.1 does not.
        ("minimize", {}, [1, 2, 3, 4, 5, 3, 3.1], [6]),
        # Too few others: no verdict, however bad.
        ("minimize", {}, [1, 1, 1, 1, 9], []),
        # A quarter of two: between 1 and 5 lies 2.
        ("minimize", {"percentile": 25, "min_trials": 2}, [1, 5, 2, 2.1], [3]),
        ("maximize", {"percentile": 25, "min_trials": 2}, [5, 1, 4, 3.9], [3]),
        # NaN is worse than anything, and no bound while all are.
        ("maximize", {"min_trials": 1}, [5, NAN, 5], [1]),
        ("minimize", {"min_trials": 1}, [NAN, 5, 6], []),
    ],
)
def test_percentile(
    goal: str, options: dict[str, Any], values: list[float], expected: list[int]
) -> None:
    """Which of trials that log one value each are stopped."""
    found = stops(policy("percentile", goal, **options), [(i, 1, v) for i, v in enumerate(values)])
    assert [trial for trial, _ in found] == expected


@pytest.mark.parametrize(
    ("options", "values", "expected"),
    [
        ({"lower": 0}, [1, 0, -0.1], [3]),
        ({"upper": 1}, [1, 1.1], [2]),
        ({"lower": 0, "upper": 1}, [0.5, NAN], [2]),
        ({"lower": 0}, [INF], [1]),
    ],
)
@pytest.mark.parametrize("goal", ["maximize", "minimize"])
def test_threshold(
    goal: str, options: dict[str, Any], values: list[float], expected: list[int]
) -> None:
    """A value that leaves the bounds stops its trial, whatever the goal."""
    found = stops(
        policy("threshold", goal, **options), [(0, at + 1, each) for at, each in enumerate(values)]
    )
    assert [step for _, step in found] == expected


@pytest.mark.parametrize(
    ("goal", "options", "values", "expected"),
    [
        ("minimize", {"patience": 2}, [5, 4, 4, 4], [4]),
        ("minimize", {"patience": 2}, [5, 6, 4, 5, 5], [5]),
        ("maximize", {"patience": 2}, [1, 2, 1, 3, 3, 3], [6]),
        # 0.05 better is not enough, nor is it when it adds up less than 0.1 over the best.
        ("minimize", {"patience": 3, "min_delta": 0.1}, [1.0, 0.95, 0.92, 0.91], [4]),
        ("minimize", {"patience": 3, "min_delta": 0.1}, [1.0, 0.95, 0.85, 0.8, 0.8, 0.8], [6]),
        ("minimize", {"patience": 2}, [NAN, NAN], [2]),
        ("minimize", {"patience": 1}, [1, 0.5, 0.2], []),
    ],
)
def test_patience(
    goal: str, options: dict[str, Any], values: list[float], expected: list[int]
) -> None:
    """A trial stops when so many values have passed without a better one."""
    found = stops(
        policy("patience", goal, **options), [(0, at + 1, each) for at, each in enumerate(values)]
    )
    assert [step for _, step in found] == expected


def at_rung(step: int, *values: float, first: int = 0) -> list[tuple[int, int, float]]:
    return [(first + at, step, value) for at, value in enumerate(values)]


@pytest.mark.parametrize(
    ("goal", "values", "expected"),
    [
        # Of up to five one goes on, the best so far; of six two: 4.2 is the third of 3, 4, 4.2.
        ("minimize", at_rung(1, 5, 6, 4, 4.5, 3, 4.2), [1, 3, 5]),
        ("maximize", at_rung(1, 5, 6, 4, 7, 6.5, 6.6), [2, 4]),
        ("minimize", at_rung(1, 3, 4, 5, 6, 7, 4.2), [1, 2, 3, 4, 5]),
        ("minimize", at_rung(1, 3, 4, 5, 6, 7, 3.5), [1, 2, 3, 4]),
        # Equal ones are as good as the first of them; NaN is not, once there is a number.
        ("minimize", at_rung(1, 3, 3, 3), []),
        ("minimize", at_rung(1, NAN, 3, NAN), [2]),
    ],
)
def test_asha_at_one_rung(
    goal: str, values: list[tuple[int, int, float]], expected: list[int]
) -> None:
    """At a rung the best third of all that have come so far goes on, at least one."""
    found = stops(policy("asha", goal, max_steps=9), values)
    assert [trial for trial, _ in found] == expected


def test_asha_has_rungs_below_the_last_step() -> None:
    """Rungs are at 2, 6 and 18; whoever comes to 54 is done, and is not judged there."""
    asha = policy("asha", max_steps=54, min_steps=2)
    best = [(0, step, 1.0) for step in range(1, 60)]
    assert stops(asha, best) == []
    for trial, bad_from in ((1, 1), (2, 3), (3, 7), (4, 19)):
        # The best so far counts, so what goes bad only late has a best as good as any.
        values = [(trial, step, 0.9 if step < bad_from else 9.0) for step in range(1, 60)]
        assert stops(asha, values) == ([(1, 2)] if trial == 1 else [])


def test_asha_looks_at_the_first_step_beyond_a_rung() -> None:
    """A script that logs every tenth step passes several rungs at once, each is looked at."""
    asha = policy("asha", max_steps=100, factor=3)
    assert stops(asha, [(0, 10, 1.0), (0, 30, 1.0), (1, 10, 2.0), (2, 10, 0.5), (2, 30, 3.0)]) == [
        (1, 10)
    ]


def test_asha_promotes_paused_trials() -> None:
    """A paused trial goes on once it belongs to the best third, and once only."""
    asha = policy("asha", max_steps=9, stop_only=False)
    values = at_rung(1, 1.0, 2.0, 3.0, 4.0, 5.0)
    for trial, step, value in values:
        asha.started(trial, PARAMS)
        verdict = asha.report(trial, step, value)
        assert (verdict is not None and verdict.pause) is (trial > 0)
    assert not asha.successors()
    asha.started(5, PARAMS)
    assert asha.report(5, 1, 6.0) is not None
    (successor,) = asha.successors()
    assert (successor.from_trial, successor.params) == (1, PARAMS)
    assert "trial 1 is among the best 2 of 6 at 1 steps" in successor.reason
    assert not asha.successors()


@pytest.mark.parametrize("late", [False, True])
def test_asha_knows_after_a_restart_who_was_promoted(late: bool) -> None:
    """What had gone on before a kill does not go on twice, and stands where it stood."""
    asha = policy("asha", max_steps=9, stop_only=False)
    for trial in range(6):
        asha.started(trial, PARAMS)
    if late:
        asha.started(6, PARAMS, from_trial=1)
    for trial, step, value in at_rung(1, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0):
        asha.report(trial, step, value)
    if not late:
        asha.started(6, PARAMS, from_trial=1)
    assert not asha.successors()
    # Its next rung is the one at 3, not again the one at 1.
    assert asha.report(6, 2, 9.0) is None
    assert asha.report(6, 3, 1.5) is None
    assert asha.report(0, 3, 1.0) is None


def test_hyperband_deals_trials_by_their_budget() -> None:
    """With 27 steps and a factor of 3 there are four brackets, of 27, 12, 6 and 4 parts."""
    hyperband = policy("hyperband", max_steps=27)
    assert isinstance(hyperband, HyperbandPolicy)
    assert [[rung.steps for rung in each] for each in hyperband._ladders] == [
        [1, 3, 9], [3, 9], [9], [],
    ]  # fmt: skip
    total = 27 + 12 + 6 + 4
    shares = [27 / total, 12 / total, 6 / total, 4 / total]
    assert list(hyperband.shares()) == pytest.approx(shares)
    counts = Counter(len(hyperband.ladder_of(trial)) for trial in range(5_000))
    assert shared([counts[each] for each in (3, 2, 1, 0)], shares)
    other = policy("hyperband", seed=8, max_steps=27)
    assert isinstance(other, HyperbandPolicy)
    dealt = [[len(each.ladder_of(at)) for at in range(50)] for each in (hyperband, other)]
    assert dealt[0] != dealt[1]


def test_hyperband_judges_within_a_bracket() -> None:
    """A trial is compared with those of its bracket only, from that bracket's first rung on."""
    hyperband = policy("hyperband", max_steps=27)
    assert isinstance(hyperband, HyperbandPolicy)
    by_rungs: dict[int, list[int]] = {}
    for trial in range(100):
        by_rungs.setdefault(len(hyperband.ladder_of(trial)), []).append(trial)
    soon, late, never = by_rungs[3], by_rungs[1], by_rungs[0]
    curves = [
        (trial, step, float(step + (trial in bad) * 9))
        for bad in [{soon[1], late[1], never[1]}]
        for trial in (soon[0], soon[1], late[0], late[1], never[0], never[1])
        for step in range(1, 28)
    ]
    assert stops(hyperband, curves) == [(soon[1], 1), (late[1], 9)]


def generation(pbt: Policy, values: dict[int, float], first: int, last: int) -> dict[int, bool]:
    """A generation of members: who ends it, and whether to go on from the own checkpoint."""
    found = {}
    for step in range(first, last + 1):
        for trial, value in values.items():
            verdict = pbt.report(trial, step, value)
            if verdict is not None:
                found[trial] = verdict.pause
    return found


def test_population_replaces_its_worst_by_its_best() -> None:
    """Of four members the worst takes over from the best, the others go on from their own."""
    pbt = policy("pbt", "maximize", steps=5)
    members = {0: 0.3, 1: 0.4, 2: 0.9, 3: 0.1}
    for trial in members:
        pbt.started(trial, {"lr": 0.01 * (trial + 1), "units": 32, "opt": "adam"})
    assert pbt.wait()
    assert generation(pbt, members, 1, 5) == {0: True, 1: True, 2: True, 3: False}
    following = pbt.successors()
    assert [each.from_trial for each in following] == [0, 1, 2, 2]
    assert [each.params["lr"] for each in following[:3]] == [0.01, 0.02, 0.03]
    assert following[3].params["lr"] != 0.03


def test_population_varies_what_it_takes_over() -> None:
    """Numbers become 0.8 or 1.2 times what they were, or are drawn anew, one in four, in bounds."""
    changed: Counter[str] = Counter()
    for seed in range(300):
        pbt = policy("pbt", "maximize", seed=seed, steps=1)
        for trial in range(4):
            pbt.started(trial, {"lr": 0.9, "units": 32, "opt": "adam"})
        generation(pbt, {0: 0.9, 1: 0.5, 2: 0.5, 3: 0.1}, 1, 1)
        (successor,) = [each for each in pbt.successors() if each.params["lr"] != 0.9]
        assert successor.from_trial == 0
        lr = successor.params["lr"]
        known = {0.9 * 0.8: "down", 1.0: "up"}
        changed[known.get(lr, "anew")] += 1
        assert 0.001 <= lr <= 1.0
        assert successor.params["units"] in range(8, 72, 8)
        assert type(successor.params["units"]) is int
    assert shared([changed["down"], changed["up"], changed["anew"]], [0.375, 0.375, 0.25])


def test_population_goes_on_by_generations() -> None:
    """A second generation ends five steps after the first, whether its script counts on or anew."""
    for first in (1, 6):
        pbt = policy("pbt", "maximize", steps=5, max_steps=15)
        for trial in range(4):
            pbt.started(trial, PARAMS)
        generation(pbt, {0: 0.3, 1: 0.4, 2: 0.9, 3: 0.5}, 1, 5)
        following = pbt.successors()
        assert len(following) == 4
        assert not pbt.successors()
        for at, each in enumerate(following):
            pbt.started(4 + at, each.params, each.from_trial)
        assert pbt.wait()
        ended = generation(pbt, {4: 0.3, 5: 0.4, 6: 0.9, 7: 0.5}, first, first + 4)
        assert set(ended) == {4, 5, 6, 7}
        assert not pbt.report(7, 99, 0.9)


def test_population_replaces_lost_members_and_ends() -> None:
    """A member that fails makes room for a new one; those with all their steps are done."""
    pbt = policy("pbt", "maximize", steps=5, max_steps=5)
    for trial in range(4):
        pbt.started(trial, PARAMS)
    assert pbt.wait()
    pbt.ended(0)
    assert pbt.wait() is None
    assert generation(pbt, {1: 0.1, 2: 0.2, 3: 0.3}, 1, 5) == {}


@pytest.mark.parametrize("late", [False, True])
def test_population_knows_after_a_restart_who_follows(late: bool) -> None:
    """Successors that had begun before a kill do not come twice, others come again."""
    pbt = policy("pbt", "maximize", steps=5)
    values = {0: 0.3, 1: 0.4, 2: 0.9, 3: 0.5}
    for trial in values:
        pbt.started(trial, {**PARAMS, "lr": 0.1 + trial / 10})
    begun = {**PARAMS, "lr": 0.1 + 2 / 10}
    if late:
        pbt.started(4, begun, 2)
    generation(pbt, values, 1, 5)
    if not late:
        pbt.started(4, begun, 2)
    assert len(pbt.successors()) == 3


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("percentile", {"percentile": 0}, "percentile is 0.*between 0 and 100"),
        ("percentile", {"percentile": 100}, "percentile is 100"),
        ("percentile", {"min_trials": 0}, "min_trials of the percentile policy is 0"),
        ("threshold", {}, "lower, upper, or both"),
        ("threshold", {"lower": NAN}, "lower.*nan"),
        ("threshold", {"lower": 2, "upper": 1}, "2.*above upper.*1"),
        ("patience", {}, "needs 'patience'"),
        ("patience", {"patience": 0}, "patience is 0"),
        ("patience", {"patience": 1, "min_delta": -1}, "min_delta is -1"),
        ("asha", {}, "needs 'max_steps'"),
        ("asha", {"max_steps": 0}, "max_steps of the asha policy is 0"),
        ("asha", {"max_steps": 9, "min_steps": 0}, "min_steps of the asha policy is 0"),
        ("asha", {"max_steps": 9, "min_steps": 10}, "max_steps of the asha policy is 9"),
        ("asha", {"max_steps": 9, "factor": 1}, "factor of the asha policy is 1"),
        ("hyperband", {"max_steps": 9, "factor": 1}, "factor of the hyperband policy is 1"),
        ("pbt", {}, "needs 'steps'"),
        ("pbt", {"steps": 0}, "steps of the pbt policy is 0"),
        ("pbt", {"steps": 2, "population": 1}, "population of the pbt policy is 1"),
        ("pbt", {"steps": 5, "max_steps": 4}, "max_steps of the pbt policy is 4"),
    ],
)
def test_wrong_options_are_refused(name: str, options: dict[str, Any], message: str) -> None:
    """What cannot work is refused by the name of the option."""
    with pytest.raises(InvalidRequest, match=message):
        policy(name, **options)


def test_population_needs_its_size() -> None:
    """Where nothing bounds how many run at once the size of the population is asked for."""
    setting = Setting(SPACE, [Objective("m")], options={"steps": 1})
    with pytest.raises(InvalidRequest, match=r"population.*parallel"):
        registry.policy(PolicySpec("pbt"), setting)
