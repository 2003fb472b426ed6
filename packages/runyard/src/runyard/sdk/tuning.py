"""Samplers and policies of a sweep, as objects: a name with checked options.

    Sweep(…, sampler=tpe(startup=20), policy=asha(max_steps=81))

A name alone does as well where no option is needed: `sampler="tpe"`, `policy="median"`. Policies
compare trials at the *step* that a value was logged or reported with; `interval` is every
how-many-th step they look, `delay` how many first ones they let pass. What another package brings
is named by `sampler` and `policy`.
"""

from __future__ import annotations

import math
from typing import Any, Dict, Optional

from runyard.protocol.sweeps import NO_POLICY, PolicySpec, SamplerSpec
from runyard.sdk.exceptions import UserErrorException

GRID = "grid"
POPULATION = "pbt"
_HUNDRED = 100
# Policies that cannot work without being told more than their name, and how.
_NEEDS = {
    "bandit": "bandit(slack_factor=0.1)",
    "truncation": "truncation(percentage=20)",
    "threshold": "threshold(lower=0.5)",
    "patience": "patience(5)",
    "asha": "asha(max_steps=81)",
    "hyperband": "hyperband(max_steps=81)",
    POPULATION: "pbt(steps=10)",
}


def sampler_of(given: Any) -> SamplerSpec:
    """Read a sampler: its name, or what `sampler` or `tpe` returned.

    Raises:
        UserErrorException: It is neither.
    """
    if isinstance(given, SamplerSpec):
        return given
    if isinstance(given, str) and given:
        return SamplerSpec(given)
    raise UserErrorException(
        f"sampler is {_called(given)}; give a name such as 'random', or with options "
        "runyard.tpe(startup=20) or runyard.sampler(name, …)"
    )


def policy_of(given: Any) -> PolicySpec:
    """Read a policy: None, its name, or what a function here returned.

    Raises:
        UserErrorException: It is neither, or its name alone does not say enough.
    """
    if given is None:
        return PolicySpec()
    if isinstance(given, PolicySpec):
        return given
    # Told here, with how it is written: the service would name the option that is missing alone.
    if isinstance(given, str) and given in _NEEDS:
        raise UserErrorException(
            f"the policy {given!r} needs to be told more than its name, as in "
            f"runyard.{_NEEDS[given]}"
        )
    if isinstance(given, str) and given:
        # Policies of v1 count how often a trial has logged; these compare the steps it names.
        return PolicySpec(given, by_step=given != NO_POLICY)
    raise UserErrorException(
        f"policy is {_called(given)}; give None, a name such as 'median', or runyard.asha(…)"
    )


def sampler(name: str, **options: Any) -> SamplerSpec:
    """A sampler by name, with its options; also one that another package brings.

    Args:
        name: `random`, `grid`, `qmc`, `tpe`, `cmaes`, `gp`, `nsga2`, `nsga3` …
        options: What the sampler takes.
    """
    return SamplerSpec(name, _given(options))


def tpe(startup: Optional[int] = None, candidates: Optional[int] = None) -> SamplerSpec:
    """Tree-structured Parzen estimators: draws where good trials are likelier than bad ones.

    Args:
        startup: So many trials are drawn at random first; None: 10.
        candidates: How many points are compared for each trial; None: 24.

    Raises:
        UserErrorException: One is no whole number above 0.
    """
    for name, value in (("startup", startup), ("candidates", candidates)):
        if value is not None:
            _whole("tpe", name, value, 1)
    return sampler("tpe", startup=startup, candidates=candidates)


def policy(name: str, interval: int = 1, delay: int = 0, **options: Any) -> PolicySpec:
    """A policy by name, with its options; also one that another package brings.

    Args:
        name: `bandit`, `median`, `percentile` …
        interval: It looks at steps that are multiples of this.
        delay: It looks at no step before this one.
        options: What the policy takes.

    Raises:
        UserErrorException: interval or delay is no such whole number.
    """
    _whole(name, "interval", interval, 1)
    _whole(name, "delay", delay, 0)
    return PolicySpec(name, interval, delay, by_step=True, options=_given(options))


def bandit(
    slack_factor: Optional[float] = None,
    slack_amount: Optional[float] = None,
    interval: int = 1,
    delay: int = 0,
) -> PolicySpec:
    """Stop what is worse than the best by more than a slack.

    Args:
        slack_factor: The slack as a part of the best value.
        slack_amount: The slack itself; one of the two is given.
        interval: It looks at steps that are multiples of this.
        delay: It looks at no step before this one.

    Raises:
        UserErrorException: Both or none are given, or the slack is not above 0.
    """
    if (slack_factor is None) is (slack_amount is None):
        raise UserErrorException(
            "bandit: give one of slack_factor and slack_amount, as in bandit(slack_factor=0.1); "
            f"slack_factor is {slack_factor!r} and slack_amount {slack_amount!r}"
        )
    for name, value in (("slack_factor", slack_factor), ("slack_amount", slack_amount)):
        if value is not None and _finite("bandit", name, value) <= 0:
            raise UserErrorException(f"bandit: {name} is {value!r}; it must be above 0")
    options = {"slack_factor": slack_factor, "slack_amount": slack_amount}
    return policy("bandit", interval, delay, **options)


def median(interval: int = 1, delay: int = 0) -> PolicySpec:
    """Stop what is worse at its best than the median of the others' averages so far.

    Args:
        interval: It looks at steps that are multiples of this.
        delay: It looks at no step before this one.
    """
    return policy("median", interval, delay)


def percentile(
    percentile: float = 50.0, min_trials: int = 5, interval: int = 1, delay: int = 0
) -> PolicySpec:
    """Let only the best part of the trials that came this far go on.

    Args:
        percentile: The part that goes on, in per cent.
        min_trials: As long as fewer have come this far none is stopped.
        interval: It looks at steps that are multiples of this.
        delay: It looks at no step before this one.

    Raises:
        UserErrorException: percentile is not between 0 and 100.
    """
    if not 0 < _finite("percentile", "percentile", percentile) < _HUNDRED:
        raise UserErrorException(
            f"percentile: percentile is {percentile!r}; it is the part of the trials that goes on, "
            "between 0 and 100"
        )
    _whole("percentile", "min_trials", min_trials, 1)
    options = {"percentile": float(percentile), "min_trials": min_trials}
    return policy("percentile", interval, delay, **options)


def truncation(percentage: int, interval: int = 1, delay: int = 0) -> PolicySpec:
    """Stop the worst of all that came this far, those that have ended counted.

    Args:
        percentage: How many per cent are stopped, from 1 to 99.
        interval: It looks at steps that are multiples of this.
        delay: It looks at no step before this one.

    Raises:
        UserErrorException: percentage is no such whole number.
    """
    _whole("truncation", "percentage", percentage, 1)
    if percentage >= _HUNDRED:
        raise UserErrorException(f"truncation: percentage is {percentage!r}; use 1 to 99")
    return policy("truncation", interval, delay, percentage=percentage)


def threshold(
    lower: Optional[float] = None,
    upper: Optional[float] = None,
    interval: int = 1,
    delay: int = 0,
) -> PolicySpec:
    """Stop what is outside of bounds, or no number any more.

    Args:
        lower: The least that is right.
        upper: The most that is right.
        interval: It looks at steps that are multiples of this.
        delay: It looks at no step before this one.

    Raises:
        UserErrorException: Neither is given, or lower is above upper.
    """
    if lower is None and upper is None:
        raise UserErrorException("threshold: give lower, upper, or both")
    low = -math.inf if lower is None else _finite("threshold", "lower", lower)
    high = math.inf if upper is None else _finite("threshold", "upper", upper)
    if low > high:
        raise UserErrorException(f"threshold: lower {lower!r} is above upper {upper!r}; swap them")
    return policy("threshold", interval, delay, lower=lower, upper=upper)


def patience(
    patience: int, min_delta: float = 0.0, interval: int = 1, delay: int = 0
) -> PolicySpec:
    """Stop what has not become better for a while.

    Args:
        patience: So many values in a row that are no better end a trial.
        min_delta: By how much a value must be better to count.
        interval: It looks at steps that are multiples of this.
        delay: It looks at no step before this one.

    Raises:
        UserErrorException: patience is no whole number above 0, or min_delta negative.
    """
    _whole("patience", "patience", patience, 1)
    if _finite("patience", "min_delta", min_delta) < 0:
        raise UserErrorException(f"patience: min_delta is {min_delta!r}; use 0 or more")
    options = {"patience": patience, "min_delta": float(min_delta)}
    return policy("patience", interval, delay, **options)


def asha(max_steps: int, factor: int = 3, min_steps: int = 1, stop_only: bool = True) -> PolicySpec:
    """Asynchronous successive halving: at each rung only the best part of the trials goes on.

    Args:
        max_steps: The step at which a trial has had all its budget.
        factor: One in `factor` goes on from a rung to the next.
        min_steps: The first rung; the next ones are `factor` times as far each.
        stop_only: Stop for good. False: trials pause and may go on from their checkpoint later.

    Raises:
        UserErrorException: One is too small.
    """
    return _halving("asha", max_steps, factor, min_steps, stop_only)


def hyperband(
    max_steps: int, factor: int = 3, min_steps: int = 1, stop_only: bool = True
) -> PolicySpec:
    """Successive halving with several first rungs at once, for when early steps tell little.

    Args:
        max_steps: The step at which a trial has had all its budget.
        factor: One in `factor` goes on from a rung to the next.
        min_steps: The first rung of the bracket that begins lowest.
        stop_only: Stop for good. False: trials pause and may go on from their checkpoint later.

    Raises:
        UserErrorException: One is too small.
    """
    return _halving("hyperband", max_steps, factor, min_steps, stop_only)


def pbt(
    steps: int, population: Optional[int] = None, max_steps: Optional[int] = None
) -> PolicySpec:
    """Population-based training: bad members go on from the checkpoints of good ones.

    Each generation of a member is a trial; a script gets the folder of the checkpoint that it goes
    on from by `--resume-from`.

    Args:
        steps: After so many steps members are compared.
        population: How many members there are; None: as many as the sweep has in parallel.
        max_steps: The step at which a member has had all its budget; None: as long as the sweep.

    Raises:
        UserErrorException: One is too small.
    """
    _whole(POPULATION, "steps", steps, 1)
    if population is not None:
        _whole(POPULATION, "population", population, 2)
    if max_steps is not None:
        _whole(POPULATION, "max_steps", max_steps, steps)
    return policy(POPULATION, steps=steps, population=population, max_steps=max_steps)


def _halving(name: str, max_steps: int, factor: int, min_steps: int, stop_only: bool) -> PolicySpec:
    _whole(name, "min_steps", min_steps, 1)
    _whole(name, "max_steps", max_steps, min_steps)
    _whole(name, "factor", factor, 2)
    options = {
        "max_steps": max_steps,
        "factor": factor,
        "min_steps": min_steps,
        "stop_only": bool(stop_only),
    }
    return policy(name, **options)


def _given(options: Dict[str, Any]) -> Dict[str, Any]:
    # Left out, an option has the engine's default, which is the newest service's to choose.
    return {name: value for name, value in options.items() if value is not None}


def _whole(where: str, name: str, value: Any, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise UserErrorException(
            f"{where}: {name} is {value!r}; it must be a whole number of {least} or more"
        )


def _finite(where: str, name: str, value: Any) -> float:
    fits = not isinstance(value, bool) and isinstance(value, (int, float))
    if not fits or not math.isfinite(value):
        raise UserErrorException(f"{where}: {name} is {value!r}; it must be a finite number")
    return float(value)


def _called(given: Any) -> str:
    """How a wrong object is named: a function was probably to be called."""
    if callable(given) and getattr(given, "__module__", "") == __name__:
        return f"the function {given.__name__} itself (call it: runyard.{given.__name__}(…))"
    return repr(given)
