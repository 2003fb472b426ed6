"""Points of a space that are given by hand: all parameters of a trial, and each one possible.

The service checks the same once more; here it is told before anything is sent.
"""

from __future__ import annotations

import math
from typing import Any, Dict, Iterable, List, Mapping, Sequence

from runyard.protocol.suggestions import suggest
from runyard.protocol.sweeps import CHOICE, FIXED, NORMAL, ParameterSpec
from runyard.sdk.exceptions import UserErrorException
from runyard.sdk.spaces import plain


def checked(space: Sequence[ParameterSpec], point: Any) -> Dict[str, Any]:
    """A point by the names of the space, with the values that all trials have.

    Args:
        space: The parameters.
        point: Its values, by a parameter's name or by what scripts get it as.

    Raises:
        UserErrorException: A parameter is unknown, one is missing, or a value is not possible.
    """
    if not isinstance(point, Mapping):
        raise UserErrorException(
            f"a point is a dict of all parameters, such as {{'lr': 0.1}}, not {point!r}"
        )
    given = {str(name).lstrip("-"): plain(value) for name, value in point.items()}
    found: Dict[str, Any] = {}
    used = set()
    for each in space:
        if any(found.get(other) != value for other, value in each.when.items()):
            continue
        name = next((name for name in (each.argument, each.name) if name in given), None)
        if name is None and each.kind != FIXED:
            raise UserErrorException(
                f"the point {dict(point)!r} has no value for {each.argument!r}; a point has all "
                f"parameters: {', '.join(_wanted(space, found))}"
            )
        found[each.name] = each.choices[0] if name is None else _fitting(each, given[name])
        used.add(name)
    _refuse_unknown(space, [name for name in given if name not in used], found)
    return found


def _refuse_unknown(
    space: Sequence[ParameterSpec], unknown: Iterable[str], found: Mapping[str, Any]
) -> None:
    for name in unknown:
        elsewhere = next((each for each in space if name in (each.argument, each.name)), None)
        if elsewhere is not None:
            when = " and ".join(f"{key} is {value!r}" for key, value in elsewhere.when.items())
            raise UserErrorException(
                f"the point has {name!r}, which is there only when {when}; leave it out"
            )
        near = suggest(name, _wanted(space, found), "").sentence
        raise UserErrorException(f"the point has {name!r}, which is no parameter; {near}")


def _wanted(space: Sequence[ParameterSpec], found: Mapping[str, Any]) -> List[str]:
    """What the parameters are called that a point may have, as far as it is known."""
    return [
        each.argument
        for each in space
        if all(found.get(other, value) == value for other, value in each.when.items())
    ]


def _fitting(parameter: ParameterSpec, value: Any) -> Any:
    if parameter.kind in (CHOICE, FIXED):
        for option in parameter.choices:
            # 1 and True are equal, and not the same argument of a script.
            if option == value and isinstance(option, bool) is isinstance(value, bool):
                return option
        raise UserErrorException(
            f"{parameter.argument!r} cannot be {value!r}; it is one of "
            f"{', '.join(map(repr, parameter.choices))}"
        )
    fits = not isinstance(value, bool) and isinstance(value, (int, float))
    if not fits or not math.isfinite(value):
        raise UserErrorException(f"{parameter.argument!r} is {value!r}; it must be a number")
    if parameter.whole and value != int(value):
        raise UserErrorException(f"{parameter.argument!r} is {value!r}; it must be a whole number")
    _check_bounds(parameter, value)
    return int(value) if parameter.whole else float(value)


def _check_bounds(parameter: ParameterSpec, value: float) -> None:
    low, high = parameter.low, parameter.high
    if parameter.kind == NORMAL or low is None or high is None:
        return
    # What is rounded may leave the bounds by half a step.
    spare = (parameter.q or 0.0) / 2
    if not low - spare <= value <= high + spare:
        raise UserErrorException(
            f"{parameter.argument!r} cannot be {value!r}; it is between {low:g} and {high:g}"
        )
