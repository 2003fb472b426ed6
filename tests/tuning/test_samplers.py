"""Samplers that do not learn: random, grid."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from runyard.protocol.errors import InvalidRequest
from runyard.protocol.sweeps import Objective, ParameterSpec
from runyard_server.testing.distributions import follows, shared
from runyard_server.testing.sampler_contract import SamplerContract
from runyard_server.tuning.base import Outcome, Params, Sampler, Setting
from runyard_server.tuning.samplers.grid import GridSampler
from runyard_server.tuning.samplers.independent import RandomSampler

FINITE = [
    ParameterSpec("a", "choice", choices=[1, 2, 3]),
    ParameterSpec("b", "choice", choices=["x", "y"]),
    ParameterSpec("k", "number", low=0, high=1, whole=True),
]


def setting(space: Sequence[ParameterSpec], seed: int = 7) -> Setting:
    return Setting(space, [Objective("loss")], seed=seed)


def all_of(sampler: Sampler, first: int = 0) -> list[Params]:
    found: list[Params] = []
    while (params := sampler.ask(first + len(found))) is not None:
        found.append(params)
    return found


class TestRandom(SamplerContract):
    def make_sampler(self, setting: Setting) -> Sampler:
        return RandomSampler(setting)


class TestRandomOfAFiniteSpace(SamplerContract):
    trials = 12

    def make_sampler(self, setting: Setting) -> Sampler:
        return RandomSampler(setting)

    def space(self) -> Sequence[ParameterSpec]:
        return [
            *FINITE,
            ParameterSpec("lr", "choice", choices=[0.01, 0.1]),
            ParameterSpec("big", "number", low=0, high=10**9, whole=True),
        ]


class TestGrid(SamplerContract):
    trials = 12

    def make_sampler(self, setting: Setting) -> Sampler:
        return GridSampler(setting)

    def space(self) -> Sequence[ParameterSpec]:
        return [*FINITE, ParameterSpec("n", "number", low=0, high=5000, q=0.5)]

    def test_other_seeds_give_other_trials(self) -> None:
        """A grid has no seed."""
        assert self.played(seed=7).asked == self.played(seed=8).asked


def test_random_draws_by_number() -> None:
    """A trial's parameters are those of its number, whatever was asked before."""
    space = [ParameterSpec("x", "number", low=0, high=1)]
    sampler, other = RandomSampler(setting(space)), RandomSampler(setting(space))
    assert [sampler.ask(at) for at in range(5)][4] == other.ask(4)


def test_random_follows_the_distribution() -> None:
    """Ten thousand trials of one sweep are spread over its space, parameter by parameter."""
    space = [
        ParameterSpec("x", "number", low=0, high=1),
        ParameterSpec("y", "number", low=0, high=1),
        ParameterSpec("c", "choice", choices=["a", "b", "c"]),
    ]
    sampler = RandomSampler(setting(space))
    trials = [sampler.ask(at) or {} for at in range(10_000)]
    assert follows((each["x"] for each in trials), lambda value: value)
    assert follows(((each["x"] + each["y"]) % 1 for each in trials), lambda value: value)
    counts = Counter(each["c"] for each in trials)
    assert shared([counts[each] for each in "abc"], [1 / 3] * 3)


def test_random_uses_a_finite_space_up() -> None:
    """A sweep of twelve points has twelve trials, all different, in another order each seed."""
    orders = [all_of(RandomSampler(setting(FINITE, seed))) for seed in (1, 2)]
    for found in orders:
        assert len({repr(sorted(each.items())) for each in found}) == 12
    assert orders[0] != orders[1]
    assert RandomSampler(setting(FINITE)).size() == 12


def test_random_draws_likely_points_first() -> None:
    """Drawn without repetition, a value is still as likely as its part of the distribution."""
    space = [ParameterSpec("x", "number", low=0, high=1, q=0.5)]
    first = Counter(
        (RandomSampler(setting(space, seed)).ask(0) or {})["x"] for seed in range(5_000)
    )
    assert shared([first[0.0], first[0.5], first[1.0]], [0.25, 0.5, 0.25])


def test_random_of_a_huge_finite_space_begins_at_once() -> None:
    """A space of 10^36 points is walked through in a shuffled order without listing it."""
    space = [
        ParameterSpec(f"k{at}", "number", low=0, high=10**9 - 1, whole=True) for at in range(4)
    ]
    sampler = RandomSampler(setting(space))
    trials = [sampler.ask(at) or {} for at in range(2_000)]
    assert follows((each["k0"] / 10**9 for each in trials), lambda value: value)
    assert follows((each["k3"] / 10**9 for each in trials), lambda value: value)


@pytest.mark.parametrize("made", [RandomSampler, GridSampler])
def test_points_that_were_used_are_passed_over(made: Any) -> None:
    """What another sweep tried, what a user enqueued and what runs is not tried again."""
    sampler = made(setting(FINITE))
    learned = {"a": 1, "b": "x", "k": 0}
    enqueued = {"a": 3, "b": "y", "k": 1.0}
    sampler.tell(Outcome(-1, learned, (1.0,), "completed"))
    sampler.tell(Outcome(-2, {"a": "unknown"}, (1.0,), "completed"))
    sampler.resume(0, enqueued)
    found = all_of(sampler, 1)
    assert len(found) == 10
    assert learned not in found
    assert enqueued not in found


def test_grid_is_the_product_in_order() -> None:
    """The last parameter is the fastest, as in nested loops."""
    found = [tuple(each.values()) for each in all_of(GridSampler(setting(FINITE)))]
    assert found == [(a, b, k) for a in (1, 2, 3) for b in "xy" for k in (0, 1)]


@pytest.mark.parametrize(
    "parameter",
    [
        ParameterSpec("lr", "number", low=0, high=1),
        ParameterSpec("lr", "normal"),
        ParameterSpec("lr", "normal", q=1.0),
    ],
)
def test_grid_refuses_what_cannot_be_counted(parameter: ParameterSpec) -> None:
    """The message names the parameter and what could stand there."""
    with pytest.raises(InvalidRequest, match=r"'lr'.*finitely many.*choice.*random"):
        GridSampler(replace(setting(FINITE), space=[*FINITE, parameter]))
