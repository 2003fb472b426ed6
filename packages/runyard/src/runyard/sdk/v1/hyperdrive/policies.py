"""Policies of early termination: which children are stopped because others do better.

An interval is one logging of the primary metric by the script. A policy looks at a child at each
multiple of `evaluation_interval`, from `delay_evaluation` on.
"""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import Any, ClassVar, Dict, Mapping, Optional, Type

from runyard.protocol.sweeps import NO_POLICY, PolicySpec
from runyard.sdk.v1.hyperdrive.exceptions import HyperDriveConfigException

_MOST_PERCENT = 99


class EarlyTerminationPolicy:
    """Base of the policies.

    Args:
        evaluation_interval: Every how-many-th logging a child is looked at, 1 or more.
        delay_evaluation: Loggings before the first look, 0 or more.

    Raises:
        HyperDriveConfigException: One of them is no such whole number.
    """

    _name: ClassVar[str] = ""
    _policy: ClassVar[str] = ""

    def __init__(self, evaluation_interval: int = 1, delay_evaluation: int = 0) -> None:
        self.evaluation_interval = _checked_whole("evaluation_interval", evaluation_interval, 1)
        self.delay_evaluation = _checked_whole("delay_evaluation", delay_evaluation, 0)

    def to_json(self) -> Dict[str, Any]:
        """Return the policy as v1 kept it: `name`, `properties`."""
        properties = {
            "evaluation_interval": self.evaluation_interval,
            "delay_evaluation": self.delay_evaluation,
        }
        return {"name": self._name, "properties": {**properties, **self._options()}}

    def _options(self) -> Dict[str, Any]:
        return {}

    def _engine_options(self) -> Dict[str, Any]:
        return self._options()

    def _policy_spec(self) -> PolicySpec:
        return PolicySpec(
            self._policy,
            self.evaluation_interval,
            self.delay_evaluation,
            options=self._engine_options(),
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.to_json()['properties']!r})"


class BanditPolicy(EarlyTerminationPolicy):
    """Stops what is worse than the best by more than a slack.

    Args:
        evaluation_interval: Every how-many-th logging a child is looked at.
        slack_factor: The slack as a part of the best: with 0.2 and a best of 0.8, 0.66 is stopped.
        slack_amount: The slack itself. One of the two is given.
        delay_evaluation: Loggings before the first look.

    Raises:
        HyperDriveConfigException: Neither or both are given, or one is not positive.
    """

    _name = "Bandit"
    _policy = "bandit"

    def __init__(
        self,
        evaluation_interval: int = 1,
        slack_factor: Optional[float] = None,
        slack_amount: Optional[float] = None,
        delay_evaluation: int = 0,
    ) -> None:
        super().__init__(evaluation_interval, delay_evaluation)
        if bool(slack_factor) and bool(slack_amount):
            raise HyperDriveConfigException(
                "BanditPolicy takes slack_factor or slack_amount, not both of them"
            )
        given = {"slack_factor": slack_factor, "slack_amount": slack_amount}
        # A zero beside the other one is v1's way to leave it out.
        given = {name: value for name, value in given.items() if value} or {
            name: value for name, value in given.items() if value is not None
        }
        if not given:
            raise HyperDriveConfigException(
                "BanditPolicy needs slack_factor or slack_amount, such as slack_factor=0.1"
            )
        slack = {name: _checked_slack(name, value) for name, value in given.items()}
        self.slack_factor = slack.get("slack_factor")
        self.slack_amount = slack.get("slack_amount")

    def _options(self) -> Dict[str, Any]:
        if self.slack_factor is not None:
            return {"slack_factor": self.slack_factor}
        return {"slack_amount": self.slack_amount}


class MedianStoppingPolicy(EarlyTerminationPolicy):
    """Stops what is worse at its best than the median of the others' averages so far.

    Args:
        evaluation_interval: Every how-many-th logging a child is looked at.
        delay_evaluation: Loggings before the first look.
    """

    _name = "MedianStopping"
    _policy = "median"


class TruncationSelectionPolicy(EarlyTerminationPolicy):
    """Stops the worst part of the children that have come as far.

    Args:
        truncation_percentage: How many percent, a whole number from 1 to 99.
        evaluation_interval: Every how-many-th logging a child is looked at.
        delay_evaluation: Loggings before the first look.

    Raises:
        HyperDriveConfigException: truncation_percentage is no such number.
    """

    _name = "TruncationSelection"
    _policy = "truncation"

    def __init__(
        self,
        truncation_percentage: int,
        evaluation_interval: int = 1,
        delay_evaluation: int = 0,
        exclude_finished_jobs: bool = False,
    ) -> None:
        super().__init__(evaluation_interval, delay_evaluation)
        percentage = _checked_whole("truncation_percentage", truncation_percentage, 1)
        if percentage > _MOST_PERCENT:
            raise HyperDriveConfigException(
                f"truncation_percentage is {truncation_percentage!r}; use 1 to {_MOST_PERCENT}"
            )
        self.truncation_percentage = percentage
        self.exclude_finished_jobs = exclude_finished_jobs

    def _options(self) -> Dict[str, Any]:
        found: Dict[str, Any] = {"truncation_percentage": self.truncation_percentage}
        if self.exclude_finished_jobs:
            found["exclude_finished_jobs"] = True
        return found

    def _engine_options(self) -> Dict[str, Any]:
        found: Dict[str, Any] = {"percentage": self.truncation_percentage}
        if self.exclude_finished_jobs:
            found["exclude_finished"] = True
        return found


class NoTerminationPolicy(EarlyTerminationPolicy):
    """Stops nothing."""

    # What v1 called it in the tags of a sweep.
    _name = "Default"
    _policy = NO_POLICY

    def __init__(self) -> None:
        super().__init__()


_KNOWN: Dict[str, Type[EarlyTerminationPolicy]] = {
    each._name: each for each in (BanditPolicy, MedianStoppingPolicy, TruncationSelectionPolicy)
}


def policy_of(kept: Mapping[str, Any]) -> EarlyTerminationPolicy:
    """Make the policy that `to_json` wrote; of an unknown one, the policy that stops nothing."""
    kind = _KNOWN.get(str(kept.get("name")))
    return NoTerminationPolicy() if kind is None else kind(**kept.get("properties", {}))


def _checked_whole(name: str, value: Any, least: int) -> int:
    # Numbers of NumPy are taken, and kept as Python's: JSON knows no others.
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        raise HyperDriveConfigException(
            f"{name} is {value!r}; it must be a whole number of {least} or more"
        )
    return int(value)


def _checked_slack(name: str, value: Any) -> float:
    number = not isinstance(value, bool) and isinstance(value, Real) and math.isfinite(value)
    if not number or value <= 0:
        raise HyperDriveConfigException(f"{name} is {value!r}; it must be a number above 0")
    return value if isinstance(value, int) else float(value)
