"""The parameters of a space as Optuna's distributions, and their values there and back."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from runyard.protocol.sweeps import CHOICE, FIXED, NORMAL, ParameterSpec
from runyard_server.tuning.points import Values
from runyard_server.tuning.spaces import bounds_of, draw, multiple, multiples_of

_STANDARD = NormalDist()
# A model likes to go to the very edge, where a normal distribution has no value.
_EDGE = 2.0**-53


@dataclass(frozen=True, slots=True)
class Axis:
    """A parameter as a sampler of Optuna sees it.

    Args:
        parameter: The parameter.
        distribution: What Optuna is told: choices by index, multiples of `q` by how many, normal
            ones by the part of their distribution that lies below.
        inward: A value as Optuna sees it; None if the parameter cannot have it.
        outward: The value that Optuna's stands for.
    """

    parameter: ParameterSpec
    distribution: BaseDistribution
    inward: Callable[[Any], float | None]
    outward: Callable[[Any], Any]


def axes_of(space: Sequence[ParameterSpec]) -> list[Axis]:
    """The axes of all parameters with more than one value."""
    return [axis for axis in map(_axis, space) if not axis.distribution.single()]


def groups_of(axes: Sequence[Axis]) -> dict[str, list[Axis]]:
    """The axes that trials have together: those that are always there, and those of each branch."""
    groups: dict[str, list[Axis]] = {}
    for axis in axes:
        groups.setdefault(repr(sorted(axis.parameter.when.items())), []).append(axis)
    return groups


def _axis(parameter: ParameterSpec) -> Axis:
    if parameter.kind in {CHOICE, FIXED}:
        values = Values(parameter)
        # By index: Optuna takes only plain values, and finds 1 where True was chosen.
        choices = CategoricalDistribution(tuple(range(len(values))))
        return Axis(parameter, choices, values.find, values.__getitem__)
    if parameter.kind == NORMAL:
        return _normal(parameter)
    if parameter.whole or parameter.q is not None:
        return _counted(parameter)
    low, high = bounds_of(parameter)
    plain = FloatDistribution(float(low), float(high), log=parameter.log)
    return Axis(parameter, plain, lambda value: _within(value, low, high), lambda value: value)


def _normal(parameter: ParameterSpec) -> Axis:
    def inward(value: Any) -> float | None:
        number = _within(value, -math.inf, math.inf)
        if number is None or (parameter.log and number <= 0):
            return None
        if parameter.log:
            number = math.log(number)
        return _STANDARD.cdf((number - parameter.mu) / parameter.sigma)

    def outward(chance: float) -> Any:
        return draw(parameter, min(max(chance, _EDGE), 1 - _EDGE))

    # Of no width it is one value, which `axes_of` leaves out.
    top = 1.0 if parameter.sigma > 0 else 0.0
    return Axis(parameter, FloatDistribution(0.0, top), inward, outward)


def _counted(parameter: ParameterSpec) -> Axis:
    values = Values(parameter)
    counts = multiples_of(parameter)
    log = parameter.log and counts[0] > 0

    def inward(value: Any) -> float | None:
        found = values.find(value)
        return None if found is None else counts[found]

    distribution = IntDistribution(counts[0], counts[-1], log=log)
    return Axis(parameter, distribution, inward, lambda count: multiple(count, parameter))


def _within(value: Any, low: float, high: float) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if low <= value <= high else None
