"""Points that fill a space evenly: a sequence of Sobol, scrambled by the seed.

The n-th point is computed from n, so a restart needs no state. Direction numbers are the first of
Joe and Kuo, Constructing Sobol sequences with better two-dimensional projections (2008); the
scrambling is Owen's, with the hash of Burley, Practical Hash-based Owen Scrambling (2020). Beyond
21 parameters the others follow Halton's sequence with permuted digits (Faure and Lemieux, 2009).
"""

from functools import lru_cache
from itertools import count, islice
from math import isqrt

from runyard_server.tuning.base import Outcome, Params, Sampler, Setting
from runyard_server.tuning.chance import bits, shuffled, uniform
from runyard_server.tuning.points import is_finite
from runyard_server.tuning.samplers.finite import shuffle
from runyard_server.tuning.spaces import drawn, in_order

_BITS = 32
_ALL = (1 << _BITS) - 1
# In a small space most points are used near its end; then the next of a shuffle is taken.
_TRIES = 100
# Another try is taken far ahead, not at a point that one of the next trials will have.
_APART = 1 << 20
# Degree and coefficients of a primitive polynomial, and the first direction numbers.
_POLYNOMIALS = (
    (1, 0, (1,)),
    (2, 1, (1, 3)),
    (3, 1, (1, 3, 1)),
    (3, 2, (1, 1, 1)),
    (4, 1, (1, 1, 3, 3)),
    (4, 4, (1, 3, 5, 13)),
    (5, 2, (1, 1, 5, 5, 17)),
    (5, 4, (1, 1, 5, 5, 5)),
    (5, 7, (1, 1, 7, 11, 19)),
    (5, 11, (1, 1, 5, 1, 1)),
    (5, 13, (1, 1, 1, 3, 11)),
    (5, 14, (1, 3, 5, 5, 31)),
    (6, 1, (1, 3, 3, 9, 7, 49)),
    (6, 13, (1, 1, 1, 15, 21, 21)),
    (6, 16, (1, 3, 1, 13, 27, 49)),
    (6, 19, (1, 1, 1, 15, 7, 5)),
    (6, 22, (1, 3, 1, 15, 13, 25)),
    (6, 25, (1, 1, 5, 5, 19, 61)),
    (7, 1, (1, 3, 7, 11, 23, 15, 103)),
    (7, 4, (1, 3, 7, 13, 13, 15, 69)),
)
SOBOL_DIMENSIONS = 1 + len(_POLYNOMIALS)


class SequenceSampler(Sampler):
    """Draws the n-th point of a scrambled Sobol sequence for trial n: random, but without gaps.

    In a finite space no point is drawn twice, and it ends when all are used.
    """

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._space = in_order(setting.space)
        self._dimensions = {each.name: at for at, each in enumerate(self._space)}
        finite = all(map(is_finite, setting.space))
        self._unused = shuffle(setting.space, setting.seed) if finite else None

    def ask(self, number: int) -> Params | None:
        """Take the trial's point of the sequence, or another one if it was used."""
        if self._unused is None:
            return self._point(number)
        for turn in range(_TRIES):
            params = self._point(number + turn * _APART)
            if not self._unused.is_used(params):
                self._unused.use(params)
                return params
        return self._unused.next()

    def tell(self, outcome: Outcome) -> None:
        """Pass over the point of a trial."""
        if self._unused is not None:
            self._unused.use(outcome.params)

    def resume(self, number: int, params: Params) -> None:
        """Pass over the point of a trial that runs."""
        del number
        if self._unused is not None:
            self._unused.use(params)

    def size(self) -> int | None:
        """How many points a finite space has."""
        return self._unused.points.size if self._unused is not None else None

    def _point(self, index: int) -> Params:
        seed = self.setting.seed
        return drawn(self._space, lambda name: coordinate(index, self._dimensions[name], seed))


def coordinate(index: int, dimension: int, seed: int) -> float:
    """One number of a point, between 0 and 1.

    Args:
        index: Which point, from 0.
        dimension: Which number of it, from 0.
        seed: Of the scrambling.
    """
    if dimension >= SOBOL_DIMENSIONS:
        return _halton(index, dimension - SOBOL_DIMENSIONS, seed)
    # The order of the points is scrambled, too, alike in all dimensions; blocks of 2^k stay.
    order = _owen(index & _ALL, bits(seed, "order"))
    value = 0
    for direction in _directions(dimension):
        if order & 1:
            value ^= direction
        order >>= 1
    value = _owen(value, bits(seed, dimension, "scrambling"))
    return (value + uniform(seed, index, dimension, "within")) / (1 << _BITS)


@lru_cache(maxsize=SOBOL_DIMENSIONS)
def _directions(dimension: int) -> tuple[int, ...]:
    """The direction numbers of a dimension, highest bit first."""
    if dimension == 0:
        return tuple(1 << (_BITS - 1 - at) for at in range(_BITS))
    degree, coefficients, first = _POLYNOMIALS[dimension - 1]
    found = [number << (_BITS - 1 - at) for at, number in enumerate(first)]
    for at in range(degree, _BITS):
        value = found[at - degree] ^ (found[at - degree] >> degree)
        for each in range(1, degree):
            if coefficients >> (degree - 1 - each) & 1:
                value ^= found[at - each]
        found.append(value)
    return tuple(found)


def _owen(value: int, seed: int) -> int:
    """Scramble nested halves: each bit is flipped or not, depending on the bits above it."""
    return _reversed(_permuted(_reversed(value), seed))


def _permuted(value: int, seed: int) -> int:
    """The permutation of Laine and Karras: each bit depends on those below it alone."""
    value = (value + seed) & _ALL
    for factor in (0x6C50B47C, 0xB82F1E52, 0xC7AFE638, 0x8D22F6E6):
        value ^= value * factor & _ALL
    return value


def _reversed(value: int) -> int:
    # By way of a text: 3 µs, where shifting bit by bit takes 13, and a draw does it twice for each
    # parameter.
    return int(f"{value:032b}"[::-1], 2)


def _halton(index: int, dimension: int, seed: int) -> float:
    """One number of a point of Halton's sequence, each digit permuted by a shuffle of its own."""
    base = _prime(dimension)
    value, scale, place = 0.0, 1.0, 0
    while scale > 2.0**-52:
        index, digit = divmod(index, base)
        scale /= base
        value += _digit(digit, base, seed, dimension, place) * scale
        place += 1
    # All digits the smallest, or the largest and rounded, would be 0 or 1.
    return min(max(value, 2.0**-53), 1 - 2.0**-53)


@lru_cache(maxsize=1 << 14)
def _digit(digit: int, base: int, *key: int) -> int:
    """A digit as its place's shuffle has it; most places of most points are the same."""
    return shuffled(digit, base, *key)


@lru_cache(maxsize=1024)
def _prime(at: int) -> int:
    """The prime number that comes so-many-th."""
    primes = (each for each in count(2) if all(each % by for by in range(2, isqrt(each) + 1)))
    return next(islice(primes, at, None))
