"""What a parameter of a sweep may be; bounds are plain numbers.

    space = {
        "lr": loguniform(1e-4, 1e-1),
        "layers": integer(1, 4),
        "optimizer": choice({"sgd": {"momentum": uniform(0, 1)}, "adam": {}}),
        "epochs": 10,
    }

Branches of a choice have parameters of their own: `momentum` is there only in trials with `sgd`.
The sweep calls it `optimizer.sgd.momentum`, scripts and functions get `momentum`. What is no
expression is a value that all trials have; a list of values to choose from is `choice([…])`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any, Dict, Iterable, List, Mapping, Optional, Sequence

from runyard.protocol.sweeps import CHOICE, FIXED, NORMAL, NUMBER, ParameterSpec
from runyard.sdk.exceptions import UserErrorException

# So that the distance of two bounds is a number, too.
_LARGEST = 1e300


@dataclass(frozen=True)
class Expression:
    """What a parameter is drawn from; the functions of this module make it.

    Args:
        spec: All but its name.
        branches: Of a choice, the parameters of each of its values.
    """

    spec: ParameterSpec
    branches: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def __repr__(self) -> str:
        spec = self.spec
        if spec.kind == CHOICE:
            if self.branches:
                return f"choice({dict(self.branches)!r})"
            return f"choice({', '.join(map(repr, spec.choices))})"
        if spec.kind == NORMAL:
            return f"{'log' * spec.log}normal({spec.mu!r}, {spec.sigma!r})"
        bounds = [_written(spec, each) for each in (spec.low, spec.high)]
        more = ["log=True"] if spec.log and (spec.q or spec.whole) else []
        if spec.q:
            return f"quantized({', '.join([*bounds, _written(spec, spec.q), *more])})"
        name = "integer" if spec.whole else f"{'log' * spec.log}uniform"
        return f"{name}({', '.join([*bounds, *more])})"


def choice(*options: Any) -> Expression:
    """One of several values, all equally likely.

    Args:
        options: The values, or one list of them, or one dict of branches: by value, the parameters
            that only trials with this value have.

    Raises:
        UserErrorException: There are none, or one is neither number, text, truth value nor list.
    """
    if len(options) == 1 and isinstance(options[0], Mapping):
        return _branching(options[0])
    first = plain(options[0]) if len(options) == 1 else None
    found = list(first) if isinstance(first, (list, tuple, range)) else list(options)
    if not found:
        raise UserErrorException("choice() has no values; give some, as in choice('sgd', 'adam')")
    return Expression(ParameterSpec("", CHOICE, choices=[_option(each) for each in found]))


def uniform(low: float, high: float) -> Expression:
    """A number between two bounds.

    Args:
        low: The lower bound.
        high: The upper one.

    Raises:
        UserErrorException: They are not finite numbers, the lower first.
    """
    return _number("uniform", low, high)


def loguniform(low: float, high: float) -> Expression:
    """A number between two bounds, evenly in its logarithm: for rates and other magnitudes.

    Args:
        low: The lower bound, above 0; it is the number itself, not an exponent as v1 had it.
        high: The upper one.

    Raises:
        UserErrorException: They are not finite numbers above 0, the lower first.
    """
    return _number("loguniform", low, high, log=True)


def quantized(low: float, high: float, q: float, log: bool = False) -> Expression:
    """A number between two bounds, rounded to a multiple of `q`.

    Args:
        low: The lower bound.
        high: The upper one.
        q: The step. With whole steps and bounds the values are whole numbers.
        log: Evenly in the logarithm before it is rounded.

    Raises:
        UserErrorException: The bounds are wrong, or q is not above 0.
    """
    step = _number_of("quantized", "q", q)
    if step <= 0:
        raise UserErrorException(f"quantized: q is {q!r}; it must be above 0")
    made = _number("quantized", low, high, log=log)
    whole = all(isinstance(plain(each), int) for each in (low, high, q))
    return Expression(replace(made.spec, q=float(step), whole=whole))


def integer(low: int, high: int, log: bool = False) -> Expression:
    """A whole number between two bounds, both included.

    Args:
        low: The lower bound.
        high: The upper one.
        log: Evenly in the logarithm; the lower bound must then be above 0.

    Raises:
        UserErrorException: The bounds are no whole numbers, or in the wrong order.
    """
    made = _number("integer", low, high, log=log)
    if any(each != int(each) for each in (made.spec.low or 0.0, made.spec.high or 0.0)):
        raise UserErrorException(f"integer({low!r}, {high!r}): the bounds must be whole numbers")
    return Expression(replace(made.spec, whole=True))


def normal(mu: float, sigma: float) -> Expression:
    """A number that is normally distributed.

    Args:
        mu: The mean.
        sigma: The standard deviation.

    Raises:
        UserErrorException: They are no finite numbers, or sigma is negative.
    """
    return _normal("normal", mu, sigma)


def lognormal(mu: float, sigma: float) -> Expression:
    """`exp` of a number that is normally distributed.

    Args:
        mu: The mean of the exponent.
        sigma: Its standard deviation.

    Raises:
        UserErrorException: They are no finite numbers, or sigma is negative.
    """
    made = _normal("lognormal", mu, sigma)
    return Expression(replace(made.spec, log=True))


def parameters_of(space: Any) -> List[ParameterSpec]:
    """Flatten a space: a list of parameters, those of branches after what decides them.

    Raises:
        UserErrorException: It is no dict of expressions and values; the message names the key.
    """
    if not isinstance(space, Mapping) or not space:
        raise UserErrorException(
            "space must be a dict such as {'lr': runyard.loguniform(1e-4, 1e-1)}, not "
            f"{'an empty one' if isinstance(space, Mapping) else type(space).__name__}"
        )
    found = list(_flattened(space, "", {}))
    _check_arguments(found)
    return found


def _flattened(
    space: Mapping[str, Any], prefix: str, when: Dict[str, Any]
) -> Iterable[ParameterSpec]:
    for name, value in space.items():
        if not isinstance(name, str) or not name.strip("-"):
            raise UserErrorException(f"{name!r} cannot name a parameter; use texts such as 'lr'")
        made = value if isinstance(value, Expression) else _fixed(name, value)
        full = prefix + name
        yield replace(made.spec, name=full, argument=name.lstrip("-"), when=dict(when))
        for option, below in made.branches.items():
            yield from _flattened(below, f"{full}.{option}.", {**when, full: option})


def _check_arguments(parameters: Sequence[ParameterSpec]) -> None:
    """Refuse two parameters that a trial could have at once under one name."""
    for number, one in enumerate(parameters):
        for other in parameters[:number]:
            # Below different values of one choice they never meet in a trial.
            apart = any(other.when.get(key, value) != value for key, value in one.when.items())
            if one.argument == other.argument and not apart:
                raise UserErrorException(
                    f"the parameters {other.name!r} and {one.name!r} would both be given as "
                    f"{one.argument!r}; rename one"
                )


def _branching(branches: Mapping[Any, Any]) -> Expression:
    if not branches:
        raise UserErrorException("choice({}) has no branches; give some, as in {'sgd': {}}")
    for option, below in branches.items():
        if not isinstance(option, str) or not isinstance(below, Mapping):
            raise UserErrorException(
                f"the branch {option!r}: {below!r} of a choice must be a text with a dict of its "
                "parameters, as in {'sgd': {'momentum': runyard.uniform(0, 1)}, 'adam': {}}"
            )
    return Expression(ParameterSpec("", CHOICE, choices=list(branches)), dict(branches))


def _fixed(name: str, value: Any) -> Expression:
    found = plain(value)
    # Most often a choice is meant, and taken as it stands it would be tried once, as a whole.
    if isinstance(found, (list, tuple, set, frozenset, range)):
        raise UserErrorException(
            f"the parameter {name!r} is a {type(value).__name__}: to try its values write "
            f"runyard.choice({_short(found)}), to give all trials this one runyard.choice([[…]])"
        )
    if found is None or isinstance(found, (bool, int, float, str)):
        return Expression(ParameterSpec("", FIXED, choices=[_option(found, name)]))
    raise UserErrorException(
        f"the parameter {name!r} is {type(value).__name__}: use an expression such as "
        "runyard.uniform(0, 1), or a number or text that all trials have"
    )


def _option(value: Any, name: str = "") -> Any:
    """A value as JSON can carry it; refuses any other."""
    found = plain(value)
    if isinstance(found, (list, tuple)):
        return [_option(each, name) for each in found]
    known = found is None or isinstance(found, (bool, int, float, str))
    if known and not (isinstance(found, float) and not math.isfinite(found)):
        return found
    # Not-a-number and infinity are no JSON, and no job could make an object again from a text.
    where = f"the parameter {name!r}" if name else "choice()"
    raise UserErrorException(
        f"{where} has the value {value!r}, which cannot be sent: use finite numbers, texts, True, "
        "False, None and lists of them; name other things by a text and look them up in the script"
    )


def _short(values: Any) -> str:
    shown = [repr(each) for each in values][:3]
    return ", ".join([*shown, "…"] if len(values) > len(shown) else shown)


def _written(spec: ParameterSpec, value: Optional[float]) -> str:
    return repr(int(value) if spec.whole and value is not None else value)


def _number(function: str, low: Any, high: Any, log: bool = False) -> Expression:
    low, high = _number_of(function, "low", low), _number_of(function, "high", high)
    if low >= high:
        raise UserErrorException(f"{function}: low {low!r} must be below high {high!r}")
    if log and low <= 0:
        raise UserErrorException(
            f"{function}: low is {low!r}; evenly in the logarithm needs bounds above 0"
        )
    return Expression(ParameterSpec("", NUMBER, low=float(low), high=float(high), log=log))


def _normal(function: str, mu: Any, sigma: Any) -> Expression:
    mu, sigma = _number_of(function, "mu", mu), _number_of(function, "sigma", sigma)
    if sigma < 0:
        raise UserErrorException(f"{function}: sigma is {sigma!r}; it must not be negative")
    return Expression(ParameterSpec("", NORMAL, mu=float(mu), sigma=float(sigma)))


def _number_of(function: str, name: str, value: Any) -> Any:
    found = plain(value)
    fits = not isinstance(found, bool) and isinstance(found, (int, float))
    if not fits or not -_LARGEST < found < _LARGEST:
        raise UserErrorException(f"{function}: {name} is {value!r}; it must be a finite number")
    return found


def plain(value: Any) -> Any:
    """A number or an array of NumPy as Python's own, for JSON; anything else as it is."""
    tolist: Optional[Any] = getattr(value, "tolist", None)
    return tolist() if callable(tolist) else value
