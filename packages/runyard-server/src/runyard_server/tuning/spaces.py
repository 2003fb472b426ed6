"""What a parameter of a space can be: its values, how one is drawn, which trials have it.

A value is drawn from a number between 0 and 1 by the inverse of the parameter's distribution, so
every sampler that has such numbers, drawn or from a sequence, draws alike.
"""

import math
from collections.abc import Callable, Hashable, Iterator, Sequence
from decimal import Decimal
from functools import lru_cache
from statistics import NormalDist
from typing import Any

from runyard.protocol.sweeps import CHOICE, FIXED, NORMAL, ParameterSpec
from runyard_server.tuning.base import Params

_STANDARD = NormalDist()


def argument_of(parameter: ParameterSpec) -> str:
    """What scripts and functions get a parameter as: without the dashes of an option."""
    return parameter.argument or parameter.name.lstrip("-")


def same(one: Any, other: Any) -> bool:
    """Whether two values are one: 1 and 1.0 are, 1 and True are not."""
    return isinstance(one, bool) is isinstance(other, bool) and bool(one == other)


def is_active(parameter: ParameterSpec, params: Params) -> bool:
    """Whether trials with these parameters have this one, too."""
    return all(
        name in params and same(params[name], value) for name, value in parameter.when.items()
    )


def in_order(space: Sequence[ParameterSpec]) -> list[ParameterSpec]:
    """The parameters in their order, but none before one that decides whether it is there."""
    left, placed, found = list(space), set[str](), list[ParameterSpec]()
    while left:
        # A circle has none that is ready: it is refused elsewhere, and here only has to end.
        ready = next((at for at, each in enumerate(left) if placed.issuperset(each.when)), 0)
        found.append(left.pop(ready))
        placed.add(found[-1].name)
    return found


def choices_of(parameter: ParameterSpec) -> list[Any]:
    """The different values of a choice, or the one of a fixed parameter."""
    if parameter.kind == FIXED:
        return parameter.choices[:1]
    found: dict[Hashable, Any] = {}
    for value in parameter.choices:
        found.setdefault(key_of(value), value)
    return list(found.values())


def key_of(value: Any) -> Hashable:
    """What values have in common that are the same, for tables: a choice may have thousands."""
    if isinstance(value, list | tuple):
        return (list, *map(key_of, value))
    if isinstance(value, dict):
        return (dict, frozenset((name, key_of(each)) for name, each in value.items()))
    return isinstance(value, bool), value


def draw(parameter: ParameterSpec, chance: float) -> Any:
    """A parameter's value.

    Args:
        parameter: The parameter, of a checked space.
        chance: Between 0 and 1, both excluded.

    Returns:
        The value below which that part of its distribution lies.
    """
    if parameter.kind == FIXED:
        return parameter.choices[0]
    if parameter.kind == CHOICE:
        # A chance close to 1, times thousands of choices, may be rounded up to their number.
        return parameter.choices[min(int(chance * len(parameter.choices)), _last(parameter))]
    if parameter.kind == NORMAL:
        return rounded(parameter, _normal(parameter, chance))
    return _between(parameter, chance)


def rounded(parameter: ParameterSpec, value: float) -> float:
    """A value as the parameter's `q` and `whole` have it."""
    if parameter.q is not None:
        return multiple(round(value / parameter.q), parameter)
    return round(value) if parameter.whole else value


def multiple(count: int, parameter: ParameterSpec) -> float:
    """So many times a parameter's `q`, as people write it: 0.3, not 0.30000000000000004."""
    q = parameter.q or 1.0
    if parameter.whole:
        return count * round(q)
    # The shorter text of the two is what a person would have written.
    plain, decimal = count * float(q), float(_decimal(q) * count)
    return plain if len(repr(plain)) <= len(repr(decimal)) else decimal


def bounds_of(parameter: ParameterSpec) -> tuple[float, float]:
    """The bounds of a number; of a checked space they are there."""
    assert parameter.low is not None
    assert parameter.high is not None
    return parameter.low, parameter.high


def multiples_of(parameter: ParameterSpec) -> range:
    """Of a number with finitely many values, which multiples of `q`, or of 1, these are."""
    low, high = bounds_of(parameter)
    q = parameter.q or 1
    return range(round(low / q), round(high / q) + 1)


def drawn(space: Sequence[ParameterSpec], chance: Callable[[str], float]) -> Params:
    """A point of a space.

    Args:
        space: The parameters, none before one that decides whether it is there.
        chance: Called with a parameter's name: a number between 0 and 1.
    """
    params: Params = {}
    for parameter in space:
        if is_active(parameter, params):
            params[parameter.name] = draw(parameter, chance(parameter.name))
    return params


def deciders(space: Sequence[ParameterSpec]) -> Iterator[str]:
    """The names that decide whether others are there."""
    for parameter in space:
        yield from parameter.when


def _last(parameter: ParameterSpec) -> int:
    return len(parameter.choices) - 1


def _normal(parameter: ParameterSpec, chance: float) -> float:
    value = parameter.mu + parameter.sigma * _STANDARD.inv_cdf(chance)
    return math.exp(value) if parameter.log else value


def _between(parameter: ParameterSpec, chance: float) -> float:
    low, high = bounds_of(parameter)
    if not parameter.whole or parameter.q is not None:
        return rounded(parameter, _within(low, high, chance, log=parameter.log))
    first, last = round(low), round(high)
    if parameter.log:
        return min(max(round(_within(low - 0.5, high + 0.5, chance, log=True)), first), last)
    return min(first + int(chance * (last - first + 1)), last)


def _within(low: float, high: float, chance: float, *, log: bool) -> float:
    if log:
        bottom, top = math.log(low), math.log(high)
        value = math.exp(bottom * (1 - chance) + top * chance)
    else:
        # Not low + chance * (high - low): the difference may be more than a float holds.
        value = low * (1 - chance) + high * chance
    return min(max(value, low), high)


@lru_cache(maxsize=256)
def _decimal(q: float) -> Decimal:
    return Decimal(repr(float(q)))


def chances_of(parameter: ParameterSpec, value: Any) -> tuple[float, float] | None:
    """Between which chances a number lies: where `draw` gives it.

    Args:
        parameter: A number or a normal one.
        value: What a trial has; None is returned for what is no number.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    half = (parameter.q or 1) / 2 if parameter.whole or parameter.q is not None else 0.0
    return _below(parameter, value - half), _below(parameter, value + half)


def _below(parameter: ParameterSpec, value: float) -> float:
    """The part of a parameter's distribution below a value."""
    if parameter.log and value <= 0:
        return 0.0
    if parameter.kind == NORMAL:
        number = math.log(value) if parameter.log else value
        return _STANDARD.cdf((number - parameter.mu) / parameter.sigma) if parameter.sigma else 0.5
    low, high = bounds_of(parameter)
    if parameter.whole and parameter.q is None:
        low, high = low - 0.5, high + 0.5
    if low == high:
        return 0.5
    if parameter.log:
        part = (math.log(value) - math.log(low)) / (math.log(high) - math.log(low))
    else:
        part = value / (high - low) - low / (high - low)
    return min(max(part, 0.0), 1.0)
