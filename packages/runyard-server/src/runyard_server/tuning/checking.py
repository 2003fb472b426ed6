"""Refuses spaces, objectives and limits that no sampler can serve, by the parameter's name."""

import math
from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import Any

from runyard.protocol.errors import InvalidRequest
from runyard.protocol.suggestions import nearest
from runyard.protocol.sweeps import (
    CHOICE,
    FIXED,
    MAXIMIZE,
    MINIMIZE,
    NORMAL,
    NUMBER,
    Objective,
    ParameterSpec,
)
from runyard_server.tuning.spaces import argument_of, bounds_of, choices_of, in_order, same

KINDS = (CHOICE, NUMBER, NORMAL, FIXED)
MOST_PARAMETERS = 1000
_LONGEST_NAME = 255
_NAME_SHOWN = 80
_NAMED = 10
_NONE = object()
_DEEPEST = 20
_LONGEST_CHAIN = 50
_LARGEST_EXPONENT = math.log(1e308)
# `chance` has 52 bits, and so far from the middle no normal number is drawn.
_FARTHEST = 8.3
# From here on floats are no longer all whole numbers, so multiples could not be counted.
_EXACT = float(1 << 53)


def refused(name: str, problem: str) -> InvalidRequest:
    """The error that a parameter is not right.

    Args:
        name: The parameter's name.
        problem: What is wrong with it, and what to do.
    """
    return InvalidRequest(f"parameter {name!r}: {problem}", {"parameter": name})


def check_space(space: Sequence[ParameterSpec]) -> None:
    """Refuse a space in which something cannot be drawn, or two things cannot be told apart.

    Args:
        space: The parameters, in their order.

    Raises:
        InvalidRequest: The first thing that is wrong; the message names the parameter.
    """
    if not space:
        raise InvalidRequest("the space is empty: give at least one parameter to try values of")
    if len(space) > MOST_PARAMETERS:
        raise InvalidRequest(
            f"the space has {len(space)} parameters and {MOST_PARAMETERS} are the most: leave "
            "those out that need not be tried"
        )
    named: dict[str, ParameterSpec] = {}
    for parameter in space:
        _check_name(parameter)
        if parameter.name in named:
            raise refused(parameter.name, "it is in the space twice; give it once")
        named[parameter.name] = parameter
        _check_values(parameter)
    for parameter in space:
        _check_when(parameter, named)
    _check_circles(named)
    _check_arguments(space)


def check_objectives(objectives: Sequence[Objective]) -> None:
    """Refuse no objective, one without a name or twice, and a goal that is neither of the two.

    Args:
        objectives: What is to be large or small.

    Raises:
        InvalidRequest: Something is wrong with one; the message names it.
    """
    if not objectives:
        raise InvalidRequest("the sweep has no objective: name the metric that decides")
    seen: set[str] = set()
    for each in objectives:
        if not each.name:
            raise InvalidRequest("an objective has no name: name the metric as scripts log it")
        if each.name in seen:
            raise InvalidRequest(f"the objective {each.name!r} is given twice; give it once")
        if each.goal not in {MAXIMIZE, MINIMIZE}:
            raise InvalidRequest(
                f"the goal of {each.name!r} is {each.goal!r}; it must be 'maximize' or 'minimize'"
            )
        seen.add(each.name)


def value_of(parameter: ParameterSpec, value: Any) -> Any:
    """A value that is given by hand, as the parameter has it.

    Args:
        parameter: The parameter, of a checked space.
        value: What is given.

    Raises:
        InvalidRequest: The parameter cannot have it; the message names the parameter.
    """
    if parameter.kind in {CHOICE, FIXED}:
        values = choices_of(parameter)
        # The value as the space has it: what is given may be 1 for 1.0, and scripts get the text.
        found = next((each for each in values if same(each, value)), _NONE)
        if found is _NONE:
            some = ", ".join(repr(each)[:80] for each in values[:_NAMED])
            more = f" and {len(values) - _NAMED} more" if len(values) > _NAMED else ""
            raise refused(parameter.name, f"it cannot be {value!r}; it is one of {some}{more}")
        return found
    _number(parameter, "the value", value)
    if parameter.whole and value != round(value):
        raise refused(parameter.name, f"the value is {value!r}; it must be a whole number")
    if parameter.kind == NUMBER:
        low, high = bounds_of(parameter)
        # What is rounded may leave the bounds by half a step.
        spare = (parameter.q or 0) / 2
        if not low - spare <= value <= high + spare:
            raise refused(parameter.name, f"it cannot be {value!r}; it is from {low:g} to {high:g}")
    return int(value) if parameter.whole else float(value)


def _check_name(parameter: ParameterSpec) -> None:
    argument = argument_of(parameter)
    if not parameter.name or not argument:
        raise refused(parameter.name, "its name is empty; name it as the script's argument")
    for name in (parameter.name, argument):
        if len(name) > _LONGEST_NAME or not name.isprintable():
            raise refused(
                name[:_NAME_SHOWN],
                f"a name has at most {_LONGEST_NAME} characters, no line break and none that "
                "cannot be printed",
            )


def _check_values(parameter: ParameterSpec) -> None:
    name = parameter.name
    if parameter.kind not in KINDS:
        raise refused(name, f"its kind is {parameter.kind!r}; {_nearest(parameter.kind, KINDS)}")
    if parameter.kind in {CHOICE, FIXED}:
        _check_choices(parameter)
        return
    if parameter.q is not None:
        _check_q(parameter, parameter.q)
    if parameter.kind == NUMBER:
        _check_bounds(parameter)
    else:
        _check_normal(parameter)


def _check_choices(parameter: ParameterSpec) -> None:
    if not parameter.choices:
        raise refused(parameter.name, "there is nothing to choose from; give at least one value")
    for value in parameter.choices:
        if _is_deep(value, _DEEPEST):
            raise refused(
                parameter.name, f"a value has lists in lists more than {_DEEPEST} deep; flatten it"
            )
        if _has_no_number(value):
            raise refused(parameter.name, f"{value!r} cannot be chosen; leave NaN and inf out")


def _check_q(parameter: ParameterSpec, q: Any) -> None:
    _number(parameter, "q", q)
    if q <= 0:
        raise refused(parameter.name, f"q is {q!r}; values are rounded to its multiples: q > 0")
    if parameter.whole and q != round(q):
        raise refused(parameter.name, f"q is {q!r}; of whole numbers it must be one, too")


def _check_bounds(parameter: ParameterSpec) -> None:
    name, low, high = parameter.name, parameter.low, parameter.high
    for what, bound in (("lower bound", low), ("upper bound", high)):
        if bound is None:
            raise refused(name, f"it has no {what}; give it")
        _number(parameter, f"the {what}", bound)
        if parameter.whole and bound != round(bound):
            raise refused(name, f"the {what} is {bound!r}; of whole numbers it must be one, too")
    assert low is not None
    assert high is not None
    if low > high:
        raise refused(name, f"the lower bound {low!r} is above the upper bound {high!r}; swap them")
    if parameter.log and low <= 0:
        raise refused(name, f"the lower bound is {low!r}; logarithms need one above 0")
    _check_multiples(parameter, max(abs(low), abs(high)))


def _check_normal(parameter: ParameterSpec) -> None:
    name, mu, sigma = parameter.name, parameter.mu, parameter.sigma
    _number(parameter, "mu", mu)
    _number(parameter, "sigma", sigma)
    if sigma < 0:
        raise refused(name, f"sigma is {sigma!r}; a standard deviation is 0 or more")
    largest = abs(mu) + _FARTHEST * sigma
    if parameter.log and mu + _FARTHEST * sigma > _LARGEST_EXPONENT:
        raise refused(
            name,
            f"mu {mu!r} and sigma {sigma!r} are of the logarithm, and exp of what they "
            "give is more than a number can be; give smaller ones",
        )
    _check_multiples(parameter, math.exp(min(largest, 700)) if parameter.log else largest)


def _check_multiples(parameter: ParameterSpec, largest: float) -> None:
    q = parameter.q
    if q is not None and largest / q >= _EXACT:
        raise refused(parameter.name, f"q is {q!r}, too small to count up to {largest:g}")


def _check_when(parameter: ParameterSpec, named: dict[str, ParameterSpec]) -> None:
    for other, value in parameter.when.items():
        if other not in named:
            raise refused(
                parameter.name,
                f"it is there only when {other!r} is {value!r}, but the space has no such "
                f"parameter; {_nearest(other, named)}",
            )
        decider = named[other]
        if decider.kind not in {CHOICE, FIXED}:
            raise refused(
                parameter.name, f"it depends on {other!r}, which is no choice; only one decides"
            )
        values = choices_of(decider)
        if not any(same(value, each) for each in values):
            listed = ", ".join(map(repr, values))
            raise refused(
                parameter.name,
                f"it is there only when {other!r} is {value!r}, which is never chosen; "
                f"there are {listed}",
            )


def _check_circles(named: dict[str, ParameterSpec]) -> None:
    depth: dict[str, int] = {}
    for each in in_order(list(named.values())):
        if not depth.keys() >= each.when.keys():
            raise refused(each.name, "whether it is there depends on itself; break the circle")
        depth[each.name] = 1 + max((depth[other] for other in each.when), default=0)
        if depth[each.name] > _LONGEST_CHAIN:
            raise refused(
                each.name,
                f"{depth[each.name] - 1} others decide one after the other whether it is there; "
                f"{_LONGEST_CHAIN - 1} are the most",
            )


def _check_arguments(space: Sequence[ParameterSpec]) -> None:
    conditions: dict[str, dict[str, Any]] = {}
    for parameter in in_order(space):
        # All that must be chosen for it to be there.
        found = conditions[parameter.name] = dict(parameter.when)
        for decider in parameter.when:
            found.update(conditions[decider])
    by_argument: dict[str, list[ParameterSpec]] = {}
    for parameter in space:
        by_argument.setdefault(argument_of(parameter), []).append(parameter)
    for argument, parameters in by_argument.items():
        for one, other in combinations(parameters, 2):
            # Branches may use one argument of the script, if no trial is ever given it twice.
            if not _apart(conditions[one.name], conditions[other.name]):
                raise refused(
                    other.name,
                    f"it reaches the script as {argument!r}, as {one.name!r} does; rename one",
                )


def _apart(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether no trial can have both."""
    return any(name in other and not same(value, other[name]) for name, value in one.items())


def _number(parameter: ParameterSpec, what: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise refused(parameter.name, f"{what} is {value!r}; it must be a number")
    try:
        finite = math.isfinite(value)
    # JSON has whole numbers of any length.
    except OverflowError:
        finite = False
    if not finite:
        raise refused(parameter.name, f"{what} is {value!r}; it must be a finite number")


def _has_no_number(value: Any) -> bool:
    if isinstance(value, float):
        return not math.isfinite(value)
    if isinstance(value, dict):
        return any(map(_has_no_number, value.values()))
    return isinstance(value, list | tuple) and any(map(_has_no_number, value))


def _is_deep(value: Any, levels: int) -> bool:
    """Whether lists and tables lie in each other deeper than so many levels."""
    if isinstance(value, dict):
        value = list(value.values())
    if not isinstance(value, list | tuple):
        return False
    return levels == 0 or any(_is_deep(each, levels - 1) for each in value)


def _nearest(wrong: str, known: Iterable[str]) -> str:
    names = list(known)
    near = nearest(wrong, names, 1)
    guess = f"did you mean {near[0]!r}? " if near else ""
    return f"{guess}there are {', '.join(map(repr, names))}"
