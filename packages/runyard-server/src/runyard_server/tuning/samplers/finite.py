"""Goes through the points of a finite space in an order, and gives none twice."""

import math
from collections.abc import Callable, Sequence

from runyard.protocol.sweeps import ParameterSpec
from runyard_server.tuning.base import Params
from runyard_server.tuning.chance import shuffled, uniform
from runyard_server.tuning.points import Points

_SORTED = 10_000
"""Up to so many points a shuffle is sorted, which takes 0.1 s once; of more it is computed."""


class Unused:
    """The points of a finite space that no trial had yet, the next of an order first.

    What was used is all that it knows, so an instance that is told the trials of a sweep goes on as
    the one before it would have.

    Args:
        points: Of the space.
        order: The index of the point that comes so-many-th.
    """

    def __init__(self, points: Points, order: Callable[[int], int]) -> None:
        self.points = points
        self._order = order
        self._at = 0
        self._used: set[int] = set()

    def use(self, params: Params) -> None:
        """Pass over the point of a trial, should it be one of the space."""
        index = self.points.find(params)
        if index is not None:
            self._used.add(index)

    def is_used(self, params: Params) -> bool:
        """Whether a trial was at this point."""
        return self.points.find(params) in self._used

    def next(self) -> Params | None:
        """The first point that is unused, which it is no more; None if there is none."""
        while self._at < self.points.size:
            index = self._order(self._at)
            self._at += 1
            if index not in self._used:
                self._used.add(index)
                return self.points[index]
        return None


def shuffle(space: Sequence[ParameterSpec], seed: int) -> Unused | None:
    """The points of a finite space as if drawn one after the other without replacement.

    Args:
        space: The parameters, each with finitely many values.
        seed: Of the sweep.

    Returns:
        The points, or None: there are too many that are not equally likely.
    """
    points = Points(space)
    if points.size <= _SORTED:
        return Unused(points, _sorted(points, seed).__getitem__)
    if points.even():
        return Unused(points, lambda at: shuffled(at, points.size, seed, "points"))
    return None


def _sorted(points: Points, seed: int) -> list[int]:
    """All points, the likelier the sooner: each waits as long as an event of its rate.

    The order in which independent exponential clocks ring is that of weighted draws without
    replacement (Efraimidis and Spirakis, 2006).
    """
    waits = [
        -math.log(uniform(seed, at, "point")) / weight if weight > 0 else math.inf
        for at, weight in enumerate(points.weights())
    ]
    return sorted(range(points.size), key=waits.__getitem__)
