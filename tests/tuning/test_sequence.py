"""Sobol's sequence fills a space evenly, from any seed, and each point is its number's."""

from collections.abc import Sequence
from itertools import combinations

import pytest

from runyard.protocol.sweeps import Objective, ParameterSpec
from runyard_server.testing.distributions import follows
from runyard_server.testing.sampler_contract import SamplerContract
from runyard_server.tuning.base import Sampler, Setting
from runyard_server.tuning.samplers.sequence import (
    SOBOL_DIMENSIONS,
    SequenceSampler,
    _directions,
    coordinate,
)


class TestSequence(SamplerContract):
    def make_sampler(self, setting: Setting) -> Sampler:
        return SequenceSampler(setting)


class TestSequenceOfAFiniteSpace(SamplerContract):
    def make_sampler(self, setting: Setting) -> Sampler:
        return SequenceSampler(setting)

    def space(self) -> Sequence[ParameterSpec]:
        return [
            ParameterSpec("c", "choice", choices=["a", "b"]),
            ParameterSpec("big", "number", low=0, high=10**6, whole=True),
        ]


@pytest.mark.parametrize("dimension", range(SOBOL_DIMENSIONS))
def test_each_part_has_its_points(dimension: int) -> None:
    """Of the first 2^k points, and of each 2^k that follow, one is in each 2^k-th part."""
    for first in (0, 64, 512):
        parts = {int(coordinate(first + at, dimension, 7) * 64) for at in range(64)}
        assert len(parts) == 64


def test_pairs_fill_the_square() -> None:
    """The first two dimensions are a net: of 64 points one is in each box of 64, of any shape."""
    points = [(coordinate(at, 0, 7), coordinate(at, 1, 7)) for at in range(64)]
    for wide in (1, 2, 4, 8, 16, 32, 64):
        high = 64 // wide
        assert len({(int(x * wide), int(y * high)) for x, y in points}) == 64


def test_all_pairs_are_independent() -> None:
    """No two dimensions are alike: any quarter of the square has a quarter of the points."""
    columns = [
        [coordinate(at, dimension, 7) >= 0.5 for at in range(512)]
        for dimension in range(SOBOL_DIMENSIONS)
    ]
    for one, other in combinations(columns, 2):
        assert sum(a and b for a, b in zip(one, other, strict=True)) == 128


def test_direction_numbers_are_those_of_joe_and_kuo() -> None:
    """Of x^2 + x + 1 with 1, 3: the next are 2*3 ^ 4*1 ^ 1 = 3 and 2*3 ^ 4*3 ^ 3 = 9."""
    assert [each >> 31 - at for at, each in enumerate(_directions(2)[:4])] == [1, 3, 3, 9]


@pytest.mark.parametrize("dimension", [0, 20, SOBOL_DIMENSIONS])
def test_points_are_uniform(dimension: int) -> None:
    """Over points and over seeds numbers are evenly distributed."""
    assert follows((coordinate(at, dimension, 7) for at in range(1_000)), lambda value: value)
    assert follows((coordinate(3, dimension, seed) for seed in range(300)), lambda value: value)


def test_it_is_more_even_than_chance() -> None:
    """An integral over four parameters comes out ten times closer than with random points."""
    space = [ParameterSpec(name, "number", low=0, high=1) for name in "abcd"]
    errors = []
    for seed in range(20):
        sampler = SequenceSampler(Setting(space, [Objective("loss")], seed=seed))
        points = [sampler.ask(at) or {} for at in range(256)]
        mean = sum(each["a"] * each["b"] + each["c"] * each["d"] for each in points) / 256
        errors.append((mean - 0.5) ** 2)
    # The variance of the function is 7/72: so far from the mean 256 random points would be.
    assert (sum(errors) / 20) ** 0.5 < (7 / 72 / 256) ** 0.5 / 10
