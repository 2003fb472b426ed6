"""Samplers and policies of a sweep, as objects: a name with checked options.

    Sweep(…, sampler=tpe(startup=10), policy=asha(max_steps=81))

A name alone does as well: `sampler="tpe"`. Policies compare trials at the *step* that a value was
logged or reported with; `interval` is every how-many-th step they look, `delay` how many first ones
they let pass.
"""

from __future__ import annotations

from typing import Any, Dict, Optional

from runyard.protocol.sweeps import PolicySpec, SamplerSpec
from runyard.sdk.exceptions import UserErrorException


def sampler_of(given: Any) -> SamplerSpec:
    """Read a sampler: its name, or what a function here returned.

    Raises:
        UserErrorException: It is neither.
    """
    if isinstance(given, SamplerSpec):
        return given
    if isinstance(given, str):
        return SamplerSpec(given)
    raise UserErrorException(
        f"sampler is {given!r}; give a name such as 'random' or 'tpe', or runyard.tpe(…)"
    )


def policy_of(given: Any) -> PolicySpec:
    """Read a policy: None, its name, or what a function here returned.

    Raises:
        UserErrorException: It is neither.
    """
    if given is None:
        return PolicySpec()
    if isinstance(given, PolicySpec):
        return given
    if isinstance(given, str):
        return PolicySpec(given, by_step=True)
    raise UserErrorException(
        f"policy is {given!r}; give None, a name such as 'median', or runyard.asha(…)"
    )


def sampler(name: str, **options: Any) -> SamplerSpec:
    """A sampler by name, with its options; also one that another package brings.

    Args:
        name: `random`, `grid`, `qmc`, `tpe`, `cmaes`, `gp`, `nsga2`, `nsga3` …
        options: What the sampler takes.
    """
    return SamplerSpec(name, dict(options))


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
    for what, value, least in (("interval", interval, 1), ("delay", delay, 0)):
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise UserErrorException(
                f"{name}: {what} is {value!r}; it must be a whole number of {least} or more"
            )
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
    """
    options = {"slack_factor": slack_factor, "slack_amount": slack_amount}
    return policy("bandit", interval, delay, **options)


def median(interval: int = 1, delay: int = 0) -> PolicySpec:
    """Stop what is worse at its best than the median of the others' averages so far.

    Args:
        interval: It looks at steps that are multiples of this.
        delay: It looks at no step before this one.
    """
    return policy("median", interval, delay)


def asha(max_steps: int, factor: int = 3, min_steps: int = 1, stop_only: bool = True) -> PolicySpec:
    """Asynchronous successive halving: at each rung only the best part of the trials goes on.

    Args:
        max_steps: The step at which a trial has had all its budget.
        factor: One in `factor` goes on from a rung to the next.
        min_steps: The first rung; the next ones are `factor` times as far each.
        stop_only: Stop for good. False: trials pause and may go on from their checkpoint later.
    """
    return policy(
        "asha", max_steps=max_steps, factor=factor, min_steps=min_steps, stop_only=stop_only
    )


def hyperband(max_steps: int, factor: int = 3, min_steps: int = 1) -> PolicySpec:
    """Successive halving with several first rungs at once, for when early steps tell little.

    Args:
        max_steps: The step at which a trial has had all its budget.
        factor: One in `factor` goes on from a rung to the next.
        min_steps: The first rung of the bracket that begins lowest.
    """
    return policy("hyperband", max_steps=max_steps, factor=factor, min_steps=min_steps)


def pbt(interval: int) -> PolicySpec:
    """Population-based training: bad members go on from the checkpoints of good ones.

    Args:
        interval: After so many steps members are compared.
    """
    return policy("pbt", interval)


def _given(options: Dict[str, Any]) -> Dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}
