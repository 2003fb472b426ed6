"""What a parameter may be: functions that return `[name, [arguments]]`, and draw nothing.

Bounds of the logarithmic ones are exponents: `loguniform(-6, -1)` is 0.0025 to 0.37.
"""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import Any, Dict, List, Optional

from runyard.protocol.sweeps import CHOICE, NORMAL, NUMBER, ParameterSpec
from runyard.sdk.v1.hyperdrive.exceptions import HyperDriveConfigException

Expression = List[Any]

_UNIFORM = ("uniform", "quniform", "loguniform", "qloguniform")
_NORMAL = ("normal", "qnormal", "lognormal", "qlognormal")


def choice(*options: Any) -> Expression:
    """One of several values, all equally likely.

    Args:
        options: The values, or one list or range of them.

    Raises:
        HyperDriveConfigException: There are none, or a list among others.
    """
    if not options:
        raise HyperDriveConfigException("choice() has no options: give values, a list or a range")
    lists = [each for each in options if isinstance(each, (list, range))]
    if lists and len(options) > 1:
        raise HyperDriveConfigException(
            f"choice takes either values or one list or range of them, not {lists[0]!r} beside "
            "others"
        )
    found = list(lists[0]) if lists else list(options)
    if not found:
        raise HyperDriveConfigException(f"choice({options[0]!r}) has no options: the list is empty")
    return ["choice", [[_plain(each) for each in found]]]


def randint(upper: int) -> Expression:
    """A whole number from 0 to `upper` - 1.

    Raises:
        HyperDriveConfigException: `upper` is not a positive whole number.
    """
    _check_numbers("randint", upper=upper)
    if int(upper) != upper or upper <= 0:
        raise HyperDriveConfigException(f"randint({upper!r}): upper must be a whole number above 0")
    return ["randint", [_plain(upper)]]


def uniform(min_value: float, max_value: float) -> Expression:
    """A number between two bounds.

    Args:
        min_value: The lower one.
        max_value: The upper one.

    Raises:
        HyperDriveConfigException: min_value is not below max_value.
    """
    _check_numbers("uniform", min_value=min_value, max_value=max_value)
    _check_order("uniform", min_value, max_value)
    return ["uniform", [_plain(min_value), _plain(max_value)]]


def quniform(min_value: float, max_value: float, q: float) -> Expression:
    """A number between two bounds, rounded to a multiple of `q`.

    Args:
        min_value: The lower bound.
        max_value: The upper one.
        q: The step.

    Raises:
        HyperDriveConfigException: min_value is not below max_value, or q is not positive.
    """
    _check_numbers("quniform", min_value=min_value, max_value=max_value, q=q)
    _check_order("quniform", min_value, max_value)
    _check_step("quniform", q)
    return ["quniform", [_plain(min_value), _plain(max_value), _plain(q)]]


def loguniform(min_value: float, max_value: float) -> Expression:
    """`exp` of a number between two bounds, which are exponents.

    Args:
        min_value: The lower exponent.
        max_value: The upper one.

    Raises:
        HyperDriveConfigException: min_value is above max_value, or exp of it is no number.
    """
    _check_numbers("loguniform", min_value=min_value, max_value=max_value)
    _check_exponents("loguniform", min_value, max_value)
    return ["loguniform", [_plain(min_value), _plain(max_value)]]


def qloguniform(min_value: float, max_value: float, q: float) -> Expression:
    """As loguniform, rounded to a multiple of `q`.

    Args:
        min_value: The lower exponent.
        max_value: The upper one.
        q: The step.

    Raises:
        HyperDriveConfigException: min_value is above max_value, or q is not positive.
    """
    _check_numbers("qloguniform", min_value=min_value, max_value=max_value, q=q)
    _check_exponents("qloguniform", min_value, max_value)
    _check_step("qloguniform", q)
    return ["qloguniform", [_plain(min_value), _plain(max_value), _plain(q)]]


def normal(mu: float, sigma: float) -> Expression:
    """A number that is normally distributed.

    Args:
        mu: The mean.
        sigma: The standard deviation.

    Raises:
        HyperDriveConfigException: sigma is negative.
    """
    _check_normal("normal", mu, sigma)
    return ["normal", [_plain(mu), _plain(sigma)]]


def qnormal(mu: float, sigma: float, q: float) -> Expression:
    """As normal, rounded to a multiple of `q`.

    Args:
        mu: The mean.
        sigma: The standard deviation.
        q: The step.

    Raises:
        HyperDriveConfigException: sigma is negative, or q is not positive.
    """
    _check_normal("qnormal", mu, sigma)
    _check_numbers("qnormal", q=q)
    _check_step("qnormal", q)
    return ["qnormal", [_plain(mu), _plain(sigma), _plain(q)]]


def lognormal(mu: float, sigma: float) -> Expression:
    """`exp` of a number that is normally distributed.

    Args:
        mu: The mean of the exponent.
        sigma: Its standard deviation.

    Raises:
        HyperDriveConfigException: sigma is negative.
    """
    _check_normal("lognormal", mu, sigma)
    return ["lognormal", [_plain(mu), _plain(sigma)]]


def qlognormal(mu: float, sigma: float, q: float) -> Expression:
    """As lognormal, rounded to a multiple of `q`.

    Args:
        mu: The mean of the exponent.
        sigma: Its standard deviation.
        q: The step.

    Raises:
        HyperDriveConfigException: sigma is negative, or q is not positive.
    """
    _check_normal("qlognormal", mu, sigma)
    _check_numbers("qlognormal", q=q)
    _check_step("qlognormal", q)
    return ["qlognormal", [_plain(mu), _plain(sigma), _plain(q)]]


def parameter_of(name: str, expression: Any) -> ParameterSpec:
    """Make the parameter that an expression describes; users may write the list by hand.

    Args:
        name: The parameter.
        expression: What the functions here return.

    Raises:
        HyperDriveConfigException: It is none; the message names the parameter.
    """
    maker, arguments = _taken_apart(name, expression)
    try:
        # Once more by its own function: what users wrote by hand is checked like the rest.
        kind, given = globals()[maker](*arguments)
    except (HyperDriveConfigException, TypeError) as error:
        raise HyperDriveConfigException(f"parameter {name!r}: {error}") from None
    if kind == "choice":
        return ParameterSpec(name, CHOICE, choices=list(given[0]))
    if kind == "randint":
        # `upper` itself is never drawn, and the engine's bounds both are.
        return ParameterSpec(name, NUMBER, low=0.0, high=float(given[0] - 1), whole=True)
    step = given[2] if len(given) > 2 else None  # noqa: PLR2004 - bounds, then the step
    # Whole bounds with a whole step give whole numbers: a script may read them by `type=int`.
    log, whole = "log" in kind, step is not None and all(isinstance(v, int) for v in given)
    if kind in _NORMAL:
        return ParameterSpec(
            name, NORMAL, mu=given[0], sigma=given[1], log=log, q=step, whole=whole
        )
    low, high = (math.exp(v) if log else float(v) for v in given[:2])
    return ParameterSpec(name, NUMBER, low=low, high=high, log=log, q=step, whole=whole)


def values_of(expression: Expression) -> Optional[List[Any]]:
    """The values of a choice, None for any other expression."""
    return list(expression[1][0]) if expression[0] == "choice" else None


def _taken_apart(name: str, expression: Any) -> Any:
    """Split an expression into the name of its function and the arguments."""
    known: Dict[str, Any] = {"choice": 1, "randint": 1, **dict.fromkeys((*_UNIFORM, *_NORMAL), 2)}
    fits = (
        isinstance(expression, (list, tuple))
        and len(expression) == 2  # noqa: PLR2004 - the name and the list of arguments
        and expression[0] in known
        and isinstance(expression[1], (list, tuple))
    )
    if not fits:
        raise HyperDriveConfigException(
            f"parameter {name!r} is {expression!r}, which is no parameter expression: use "
            f"{', '.join(known)} of azureml.train.hyperdrive, as in choice({expression!r})"
        )
    return expression[0], list(expression[1])


def _check_numbers(function: str, **given: Any) -> None:
    for name, value in given.items():
        number = isinstance(value, Real) and not isinstance(value, bool)
        if not number or not math.isfinite(value):
            raise HyperDriveConfigException(
                f"{function}: {name} is {value!r}; it must be a finite number"
            )


def _check_order(function: str, low: float, high: float) -> None:
    if low >= high:
        raise HyperDriveConfigException(
            f"{function}: min_value {low!r} must be below max_value {high!r}"
        )


def _check_exponents(function: str, low: float, high: float) -> None:
    if low > high:
        raise HyperDriveConfigException(
            f"{function}: min_value {low!r} must not be above max_value {high!r}"
        )
    try:
        smallest = math.exp(low)
        math.exp(high)
    except OverflowError:
        smallest = 0.0
    if smallest <= 0.0:
        raise HyperDriveConfigException(
            f"{function}: the bounds {low!r} and {high!r} are exponents of e, and exp of one of "
            f"them is no number; for values from 0.001 to 0.1 give {function}(-6.9, -2.3)"
        )


def _check_step(function: str, q: float) -> None:
    if q <= 0:
        raise HyperDriveConfigException(f"{function}: q is {q!r}; it must be above 0")


def _check_normal(function: str, mu: Any, sigma: Any) -> None:
    _check_numbers(function, mu=mu, sigma=sigma)
    if sigma < 0:
        raise HyperDriveConfigException(f"{function}: sigma is {sigma!r}; it must not be negative")


def _plain(value: Any) -> Any:
    """Numbers of NumPy are kept as Python's, for JSON."""
    if isinstance(value, (bool, int, float, str)) or value is None:
        return value
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return float(value)
    item = getattr(value, "item", None)
    return item() if callable(item) else value
