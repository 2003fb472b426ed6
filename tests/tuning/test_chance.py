"""Numbers and shuffles are functions of their keys."""

import pytest

from runyard_server.testing.distributions import follows, shared
from runyard_server.tuning.chance import bits, shuffled, uniform


def test_numbers_are_uniform() -> None:
    """Over seeds, over numbers and over names, draws are evenly distributed."""
    for keys in (
        [(seed, 0, "lr") for seed in range(10_000)],
        [(7, number, "lr") for number in range(10_000)],
        [(7, 0, str(name)) for name in range(10_000)],
    ):
        assert follows((uniform(*key) for key in keys), lambda value: value)


def test_keys_are_told_apart() -> None:
    """The parts of a key do not run together, and text is no number."""
    assert len({bits(1, 23), bits(12, 3), bits("1", 23), bits(1, "23"), bits("1\x1f23")}) == 5


@pytest.mark.parametrize("size", [1, 2, 3, 5, 16, 17, 1000])
def test_a_shuffle_has_each_once(size: int) -> None:
    """No index comes twice."""
    assert sorted(shuffled(at, size, 7) for at in range(size)) == list(range(size))


def test_a_shuffle_of_many_is_even() -> None:
    """Any part of a large range is as likely to come first as another; also of a huge one."""
    size = 10**30
    tenths = [0] * 10
    for at in range(10_000):
        tenths[shuffled(at, size, 7) * 10 // size] += 1
    assert shared(tenths, [0.1] * 10)


def test_first_of_a_small_shuffle_is_even() -> None:
    """Over seeds, each of five is first as often as another."""
    counts = [0] * 5
    for seed in range(5_000):
        counts[shuffled(0, 5, seed)] += 1
    assert shared(counts, [0.2] * 5)
