"""How far numbers are from a distribution: the tests of Kolmogorov and Smirnov, and of Pearson."""

import math
from collections.abc import Callable, Iterable, Sequence

PROBABILITY = 0.001
"""How often a right sampler would fail a test with seeds of its own; these are fixed."""


def normal_cdf(value: float) -> float:
    """The part of the standard normal distribution below a value."""
    return (1 + math.erf(value / math.sqrt(2))) / 2


def distance(values: Iterable[float], cdf: Callable[[float], float]) -> float:
    """The largest gap between the values and a distribution, times the root of how many."""
    ordered = sorted(values)
    count = len(ordered)
    gap = max(
        max((at + 1) / count - cdf(value), cdf(value) - at / count)
        for at, value in enumerate(ordered)
    )
    return gap * math.sqrt(count)


def follows(values: Iterable[float], cdf: Callable[[float], float]) -> bool:
    """Whether values may have been drawn from a continuous distribution."""
    return distance(values, cdf) < math.sqrt(-math.log(PROBABILITY / 2) / 2)


def chi_square(counts: Sequence[int], shares: Sequence[float]) -> float:
    """How far counts are from shares, in standard deviations of Pearson's sum."""
    total = sum(counts)
    found = sum(
        (count - total * share) ** 2 / (total * share)
        for count, share in zip(counts, shares, strict=True)
    )
    freedom = len(counts) - 1
    # Wilson and Hilferty: the cube root of the sum is nearly normal.
    spread = 2 / (9 * freedom)
    return (math.cbrt(found / freedom) - (1 - spread)) / math.sqrt(spread)


def shared(counts: Sequence[int], shares: Sequence[float]) -> bool:
    """Whether counts may be of draws with these shares."""
    return normal_cdf(chi_square(counts, shares)) < 1 - PROBABILITY
