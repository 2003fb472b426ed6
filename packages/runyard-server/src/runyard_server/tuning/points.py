"""The points of a space that has finitely many: how many, the n-th, and which one a trial was.

Points are in the order of nested loops over the parameters, the last fastest; below a choice that
decides which others are there, each value has as many points as its branch.
"""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from runyard.protocol.sweeps import CHOICE, FIXED, NUMBER, ParameterSpec
from runyard_server.tuning.base import Params
from runyard_server.tuning.spaces import (
    bounds_of,
    choices_of,
    deciders,
    in_order,
    is_active,
    key_of,
    multiple,
    multiples_of,
)


def is_finite(parameter: ParameterSpec) -> bool:
    """Whether a parameter has finitely many values that can be counted."""
    if parameter.kind == NUMBER:
        return parameter.whole or parameter.q is not None or parameter.low == parameter.high
    return parameter.kind in {CHOICE, FIXED}


def space_size(space: Sequence[ParameterSpec]) -> int | None:
    """How many different points a space has; None if they cannot be counted."""
    return Points(space).size if all(map(is_finite, space)) else None


class Values:
    """The values of a finite parameter, by position."""

    def __init__(self, parameter: ParameterSpec) -> None:
        self.parameter = parameter
        self._counted = parameter.kind == NUMBER and (parameter.whole or parameter.q is not None)
        self._multiples = multiples_of(parameter) if self._counted else range(0)
        self._choices = [] if self._counted else _single(parameter)
        self._places = {key_of(value): at for at, value in enumerate(self._choices)}

    def __len__(self) -> int:
        return len(self._multiples) if self._counted else len(self._choices)

    def __getitem__(self, position: int) -> Any:
        if self._counted:
            return multiple(self._multiples[position], self.parameter)
        return self._choices[position]

    def find(self, value: Any) -> int | None:
        """Where a value is; None if the parameter never has it."""
        if not self._counted:
            return self._places.get(key_of(value))
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        try:
            count = round(value / (self.parameter.q or 1))
        except (OverflowError, ValueError):
            return None
        if count not in self._multiples:
            return None
        position = count - self._multiples.start
        found: float = self[position]
        # What a user types as 0.3 and what a client works out as 3 * 0.1 are one value.
        return position if abs(found - value) <= 1e-9 * max(1.0, abs(found)) else None

    def weights(self) -> list[float]:
        """How likely each value is, all together 1."""
        if len(self) == 1:
            return [1.0]
        if not self._counted:
            # What a choice names twice is one point, but twice as likely.
            counts = Counter(map(key_of, self.parameter.choices))
            return [counts[key_of(each)] / counts.total() for each in self._choices]
        return _shares(self.parameter, self._multiples)

    def even(self) -> bool:
        """Whether all values are equally likely."""
        parameter = self.parameter
        if self._counted:
            return len(self) == 1 or (parameter.q is None and not parameter.log)
        return len(self) in {1, len(parameter.choices)}


class Points:
    """The points of a finite space, as numbers from 0."""

    def __init__(self, space: Sequence[ParameterSpec]) -> None:
        self._space = in_order(space)
        self._values = [Values(each) for each in self._space]
        self._deciders = set(deciders(space))
        self._needed = self._names_that_matter()
        self._counts: dict[tuple[Any, ...], int] = {}
        self.size = self._count(0, {})

    def __getitem__(self, index: int) -> Params:
        """The point of a number."""
        params: Params = {}
        for at, values in enumerate(self._values):
            name = values.parameter.name
            if is_active(values.parameter, params):
                position, index = self._branch(at, params, index)
                params[name] = values[position]
        return params

    def find(self, params: Params) -> int | None:
        """The number of the point that a trial was at; None if it is not one of them."""
        taken: Params = {}
        index = 0
        for at, values in enumerate(self._values):
            name = values.parameter.name
            if not is_active(values.parameter, taken):
                continue
            position = values.find(params[name]) if name in params else None
            if position is None:
                return None
            index += self._before(at, taken, position)
            taken[name] = values[position]
        return index

    def even(self) -> bool:
        """Whether all points are equally likely to be drawn."""
        return not self._deciders and all(each.even() for each in self._values)

    def weights(self) -> list[float]:
        """How likely each point is, in their order."""
        found: list[tuple[Params, float]] = [({}, 1.0)]
        for values in self._values:
            shares = values.weights()
            found = [each for before in found for each in _grown(*before, values, shares)]
        return [weight for _, weight in found]

    def _branch(self, at: int, taken: Params, index: int) -> tuple[int, int]:
        """Which value of a parameter a point has, and which point below it that is."""
        name = self._space[at].name
        if name not in self._deciders:
            return divmod(index, self._count(at + 1, taken))
        for position in range(len(self._values[at])):
            below = self._count(at + 1, {**taken, name: self._values[at][position]})
            if index < below:
                return position, index
            index -= below
        raise IndexError(index)

    def _before(self, at: int, taken: Params, position: int) -> int:
        """How many points come before those with a value of a parameter."""
        name = self._space[at].name
        if name not in self._deciders:
            return position * self._count(at + 1, taken)
        return sum(
            self._count(at + 1, {**taken, name: self._values[at][each]}) for each in range(position)
        )

    def _count(self, at: int, taken: Params) -> int:
        """How many points the parameters from one on have, after what was taken before."""
        if at == len(self._values):
            return 1
        key = self._key(at, taken)
        if key not in self._counts:
            self._count_anew(at, taken)
        return self._counts[key]

    def _key(self, at: int, taken: Params) -> tuple[Any, ...]:
        # A value may be None, so what is not there has a text that no value has.
        return at, *(repr(taken[name]) if name in taken else "" for name in self._needed[at])

    def _names_that_matter(self) -> list[list[str]]:
        """For each parameter, whose values decide about it and those after it.

        By all that was chosen before, twenty choices with two branches each had a million counts.
        """
        needed: list[list[str]] = [[]]
        for each in reversed(self._space):
            needed.append(sorted({*needed[-1], *each.when}))
        return needed[::-1]

    def _count_anew(self, at: int, taken: Params) -> None:
        """Count from one parameter on, and with it for those up to the next that decides.

        In a loop: a space may have a thousand parameters, more than calls may lie in each other.
        """
        end = at
        while end < len(self._values) and not self._decides(end, taken):
            end += 1
        count = 1
        if end < len(self._values):
            name, values = self._space[end].name, self._values[end]
            below = (self._count(end + 1, {**taken, name: values[n]}) for n in range(len(values)))
            count = self._counts[self._key(end, taken)] = sum(below)
        for place in range(end - 1, at - 1, -1):
            if is_active(self._space[place], taken):
                count *= len(self._values[place])
            self._counts[self._key(place, taken)] = count

    def _decides(self, at: int, taken: Params) -> bool:
        parameter = self._space[at]
        return parameter.name in self._deciders and is_active(parameter, taken)


def _single(parameter: ParameterSpec) -> list[Any]:
    if parameter.kind == NUMBER:
        return [parameter.low]
    return choices_of(parameter)


def _grown(
    taken: Params, weight: float, values: Values, shares: list[float]
) -> Iterator[tuple[Params, float]]:
    """What points that have begun become with one parameter more."""
    if not is_active(values.parameter, taken):
        yield taken, weight
        return
    for position, share in enumerate(shares):
        yield {**taken, values.parameter.name: values[position]}, weight * share


def _shares(parameter: ParameterSpec, multiples: range) -> list[float]:
    """How likely each multiple is: the part of the distribution that is rounded to it."""
    low, high = bounds_of(parameter)
    q = parameter.q or 1
    if parameter.q is None:
        low, high = low - 0.5, high + 0.5
    if low == high:
        return [1.0]
    parts = [
        (min(max((each - 0.5) * q, low), high), min(max((each + 0.5) * q, low), high))
        for each in multiples
    ]
    if parameter.log:
        # Not the logarithm of a quotient, which may be more than a float holds.
        whole = math.log(high) - math.log(low)
        return [(math.log(top) - math.log(bottom)) / whole for bottom, top in parts]
    return [(top - bottom) / (high - low) for bottom, top in parts]
