"""The samplers of v1: random, grid, Bayesian."""

from __future__ import annotations

from typing import Any, ClassVar, Dict, List, Mapping, Optional, Tuple

from runyard.client import callers
from runyard.protocol.sweeps import ParameterSpec, SamplerSpec
from runyard.sdk.v1.hyperdrive.exceptions import HyperDriveConfigException
from runyard.sdk.v1.hyperdrive.expressions import parameter_of, values_of

_MOST_STEPS = 100_000
# v1's advice, for the same reason: with fewer the sampler has hardly begun to learn.
_RUNS_PER_PARAMETER = 20
_MOST_AT_ONCE = 20


class HyperParameterSampling:
    """Base of the samplers.

    Args:
        parameter_space: Expressions by parameter; `name` and `--name` are the same one.
        properties: Kept; `{'seed': 7}` makes the sampler draw the same every time.

    Raises:
        HyperDriveConfigException: An expression cannot be sampled so; the message names it.
    """

    _name: ClassVar[str] = ""
    _sampler: ClassVar[str] = ""
    _kinds: ClassVar[Tuple[str, ...]] = ()

    def __init__(
        self,
        parameter_space: Mapping[str, Any],
        properties: Optional[Mapping[str, Any]] = None,
    ) -> None:
        self._space = _checked_space(parameter_space)
        self._properties = None if properties is None else dict(properties)
        self._parameters = [parameter_of(name, each) for name, each in self._space.items()]
        _check_names(self._parameters)
        for name, expression in self._space.items():
            self._check(name, expression)

    def to_json(self) -> Dict[str, Any]:
        """Return the sampler as v1 kept it: `name`, `parameter_space`, `properties` if given."""
        found: Dict[str, Any] = {"name": self._name, "parameter_space": dict(self._space)}
        if self._properties is not None:
            found["properties"] = dict(self._properties)
        return found

    @property
    def parameter_space(self) -> Dict[str, Any]:
        """The expressions by parameter."""
        return dict(self._space)

    def _parameter_specs(self) -> List[ParameterSpec]:
        return list(self._parameters)

    def _sampler_spec(self) -> SamplerSpec:
        return SamplerSpec(self._sampler)

    def _seed(self) -> int:
        return int((self._properties or {}).get("seed", 0))

    def _advise(self, max_total_runs: int, max_concurrent_runs: int) -> None:
        """Warn of settings with which the sampler does less than it could."""

    def _check(self, name: str, expression: Any) -> None:
        if self._kinds and expression[0] not in self._kinds:
            raise HyperDriveConfigException(
                f"parameter {name!r} is {expression[0]}(…): {type(self).__name__} takes only "
                f"{' and '.join(self._kinds)}"
            )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._space!r})"


class RandomParameterSampling(HyperParameterSampling):
    """Draws each parameter by itself; of choices alone no point comes twice.

    Args:
        parameter_space: Expressions by parameter.
        properties: `{'seed': 7}` makes it draw the same every time.
    """

    _name = "RANDOM"
    _sampler = "random"


class GridParameterSampling(HyperParameterSampling):
    """Goes through all combinations, the last parameter fastest.

    Args:
        parameter_space: Choices by parameter.
        properties: Kept.

    Raises:
        HyperDriveConfigException: A parameter is no choice, or its values are not numbers or texts.
    """

    _name = "GRID"
    _sampler = "grid"
    _kinds = ("choice",)

    def _check(self, name: str, expression: Any) -> None:
        super()._check(name, expression)
        _check_values(name, expression)


class BayesianParameterSampling(HyperParameterSampling):
    """Learns from the results, by a tree of Parzen estimators.

    Args:
        parameter_space: choice, uniform and quniform by parameter.
        properties: `{'seed': 7}` makes it draw the same for the same results.

    Raises:
        HyperDriveConfigException: A parameter is anything else, or has too many steps.
    """

    _name = "BayesianOptimization"
    _sampler = "tpe"
    # The engine could take more; v1 took these, and scripts are to mean the same on both.
    _kinds = ("choice", "uniform", "quniform")

    def _check(self, name: str, expression: Any) -> None:
        super()._check(name, expression)
        _check_values(name, expression)
        if expression[0] == "quniform":
            _check_steps(name, expression[1])

    def _advise(self, max_total_runs: int, max_concurrent_runs: int) -> None:
        wanted = _RUNS_PER_PARAMETER * len(self._space)
        if max_total_runs < wanted:
            callers.warn(
                f"max_total_runs is {max_total_runs}: Bayesian sampling of {len(self._space)} "
                f"parameter(s) does best with {wanted} runs or more"
            )
        if max_concurrent_runs > _MOST_AT_ONCE:
            callers.warn(
                f"max_concurrent_runs is {max_concurrent_runs}: with more than {_MOST_AT_ONCE} at "
                "once Bayesian sampling learns little from each"
            )


_KNOWN = {
    each._name: each
    for each in (RandomParameterSampling, GridParameterSampling, BayesianParameterSampling)
}


def sampler_of(kept: Mapping[str, Any]) -> HyperParameterSampling:
    """Make the sampler that `to_json` wrote.

    Raises:
        HyperDriveConfigException: It is none of v1's.
    """
    kind = _KNOWN.get(str(kept.get("name")))
    if kind is None:
        raise HyperDriveConfigException(f"{kept.get('name')!r} is no sampler of HyperDrive")
    return kind(kept.get("parameter_space") or {}, kept.get("properties"))


def _checked_space(space: Any) -> Dict[str, Any]:
    if not isinstance(space, Mapping):
        raise HyperDriveConfigException(
            "parameter_space must be a dict such as {'--lr': uniform(0.01, 0.1)}, not "
            f"{type(space).__name__}"
        )
    if not space:
        raise HyperDriveConfigException("parameter_space is empty: give at least one parameter")
    for name in space:
        if not isinstance(name, str) or not name.lstrip("-"):
            raise HyperDriveConfigException(
                f"parameter_space has the key {name!r}; keys are names of arguments, such as '--lr'"
            )
    return dict(space)


def _check_names(parameters: List[ParameterSpec]) -> None:
    seen: Dict[str, str] = {}
    for each in parameters:
        bare = each.name.lstrip("-")
        if bare in seen:
            raise HyperDriveConfigException(
                f"parameter_space has {seen[bare]!r} and {each.name!r}, which are the same "
                f"argument --{bare}"
            )
        seen[bare] = each.name


def _check_values(name: str, expression: Any) -> None:
    values = values_of(expression)
    if values is None:
        return
    for value in values:
        if isinstance(value, bool) or not isinstance(value, (int, float, str)):
            raise HyperDriveConfigException(
                f"parameter {name!r}: the choice {value!r} is no number and no text"
            )
    if 0 < sum(isinstance(value, str) for value in values) < len(values):
        raise HyperDriveConfigException(
            f"parameter {name!r}: choices are either all texts or all numbers, not {values!r}"
        )


def _check_steps(name: str, given: List[Any]) -> None:
    if not all(isinstance(value, int) for value in given):
        raise HyperDriveConfigException(
            f"parameter {name!r}: quniform{tuple(given)!r} must have whole numbers for Bayesian "
            "sampling"
        )
    low, high, q = given
    if (high - low) / q > _MOST_STEPS:
        raise HyperDriveConfigException(
            f"parameter {name!r}: quniform{tuple(given)!r} has more than {_MOST_STEPS} steps; use "
            "a larger q"
        )
