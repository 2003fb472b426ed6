"""`HyperDriveConfig`: what is swept, how, and how far; it can be submitted."""

from __future__ import annotations

import json
import math
import uuid
from copy import copy
from dataclasses import replace
from enum import Enum
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional, Sequence, Tuple

from runyard.client import callers
from runyard.protocol.sweeps import NO_POLICY, Objective, SweepSpec
from runyard.sdk.v1.estimators import MMLBaseEstimator
from runyard.sdk.v1.hyperdrive import resuming
from runyard.sdk.v1.hyperdrive.exceptions import (
    HyperDriveConfigException,
    HyperDriveScenarioNotSupportedException,
)
from runyard.sdk.v1.hyperdrive.policies import (
    EarlyTerminationPolicy,
    NoTerminationPolicy,
    policy_of,
)
from runyard.sdk.v1.hyperdrive.sampling import (
    BayesianParameterSampling,
    HyperParameterSampling,
    sampler_of,
)
from runyard.sdk.v1.scripts import ScriptRunConfig

if TYPE_CHECKING:
    from runyard.sdk.submission import Submission

# A week, which is v1's own limit.
MAX_DURATION_MINUTES = 10080


class PrimaryMetricGoal(Enum):
    """Whether the primary metric is to be large or small."""

    MAXIMIZE = "MAXIMIZE"
    MINIMIZE = "MINIMIZE"

    @staticmethod
    def from_str(goal: str) -> PrimaryMetricGoal:
        """Read a goal from its name in any case.

        Raises:
            HyperDriveConfigException: It is neither.
        """
        try:
            return PrimaryMetricGoal(str(goal).upper())
        except ValueError:
            raise HyperDriveConfigException(
                f"primary_metric_goal is {goal!r}; use PrimaryMetricGoal.MAXIMIZE or "
                "PrimaryMetricGoal.MINIMIZE"
            ) from None


class HyperDriveConfig:
    """A sweep of one script over a space of parameters.

    Args:
        hyperparameter_sampling: RandomParameterSampling, GridParameterSampling or
            BayesianParameterSampling.
        primary_metric_name: The metric that the script logs, by exactly this name.
        primary_metric_goal: Whether it is to be large or small.
        max_total_runs: How many runs at most; fewer when the space has fewer points.
        max_concurrent_runs: How many at once; None: all.
        max_duration_minutes: After that what still runs is canceled; a week at most.
        policy: Stops runs that do badly; None stops none.
        estimator: What is run: an estimator …
        run_config: … or a ScriptRunConfig; exactly one of them.
        resume_from: Sweeps whose runs the sampler learns from, five at most.
        resume_child_runs: Runs that are made again first, with their outputs.
        pipeline: Not offered.
        debug_flag: Without effect.
        custom_run_id: The sweep's id.

    Raises:
        HyperDriveConfigException: Settings are missing, wrong or contradict each other.
        HyperDriveScenarioNotSupportedException: A policy with Bayesian sampling.
    """

    def __init__(
        self,
        hyperparameter_sampling: HyperParameterSampling,
        primary_metric_name: str,
        primary_metric_goal: PrimaryMetricGoal,
        max_total_runs: int,
        max_concurrent_runs: Optional[int] = None,
        max_duration_minutes: float = MAX_DURATION_MINUTES,
        policy: Optional[EarlyTerminationPolicy] = None,
        estimator: Any = None,
        run_config: Any = None,
        resume_from: Any = None,
        resume_child_runs: Any = None,
        pipeline: Any = None,
        debug_flag: Any = None,
        custom_run_id: Optional[str] = None,
    ) -> None:
        self._base: Any = _checked_base(estimator, run_config, pipeline)
        self._sampling, self._policy = _checked_parts(hyperparameter_sampling, policy)
        self._metric = _checked_metric(primary_metric_name)
        self._goal = _checked_goal(primary_metric_goal)
        self._max_total_runs = _checked_count("max_total_runs", max_total_runs)
        self._max_concurrent_runs = (
            _checked_count("max_concurrent_runs", max_concurrent_runs)
            if max_concurrent_runs
            else self._max_total_runs
        )
        self._max_duration_minutes = _checked_minutes(max_duration_minutes)
        self._resume = resuming.checked(
            resume_from, resume_child_runs, self._max_total_runs, self._resume_key()
        )
        self._custom_run_id: Optional[str] = custom_run_id
        self._debug_flag: Any = debug_flag
        self._sampling._advise(self._max_total_runs, self._max_concurrent_runs)

    @property
    def estimator(self) -> Any:
        """The estimator, None where a run configuration was given."""
        return self._base if isinstance(self._base, MMLBaseEstimator) else None

    @property
    def run_config(self) -> Any:
        """The settings of each run; None of a sweep that was fetched."""
        return getattr(self._base, "run_config", None)

    @property
    def source_directory(self) -> Optional[str]:
        """The folder that is sent with the runs; None of a sweep that was fetched."""
        found: Optional[str] = getattr(self._base, "source_directory", None)
        return found

    @classmethod
    def _of_tags(cls, tags: Mapping[str, Optional[str]]) -> HyperDriveConfig:
        """Rebuild what a sweep's tags tell of its configuration; what it runs they do not tell."""
        found = cls.__new__(cls)
        found._base = None
        found._sampling = sampler_of(json.loads(tags.get("generator_config") or "{}"))
        found._policy = policy_of(json.loads(tags.get("policy_config") or "{}"))
        metric = json.loads(tags.get("primary_metric_config") or "{}")
        found._metric = str(metric.get("name", ""))
        found._goal = PrimaryMetricGoal.from_str(metric.get("goal", "maximize"))
        found._max_total_runs = int(tags.get("max_total_jobs") or 0)
        found._max_concurrent_runs = int(tags.get("max_concurrent_jobs") or 0)
        minutes = tags.get("max_duration_minutes") or MAX_DURATION_MINUTES
        found._max_duration_minutes = _checked_minutes(float(minutes))
        found._resume = resuming.Resumed()
        found._custom_run_id = found._debug_flag = None
        return found

    def _primary_metric_config(self) -> Dict[str, str]:
        return {"name": self._metric, "goal": self._goal.value.lower()}

    def _resume_key(self) -> resuming.Wanted:
        bayesian = isinstance(self._sampling, BayesianParameterSampling)
        return resuming.Wanted(
            self._primary_metric_config(), self._sampling.to_json() if bayesian else None
        )

    def _submission(self, experiment: Any, **overrides: Any) -> Submission:
        names = [each.name.lstrip("-") for each in self._sampling._parameter_specs()]
        base, dropped = _without_swept(self._base, names)
        given: Submission = base._submission(experiment, **overrides)
        # v1's form of the id, which scripts look at.
        run_id = self._custom_run_id or f"HD_{uuid.uuid4()}"
        return replace(
            given,
            sweep=self._spec(experiment.name, dropped),
            run_id=run_id,
            tags={**given.tags, **self._tags()},
            properties={**given.properties, **self._properties()},
            run_config=self,
        )

    def _spec(self, experiment: str, dropped: List[str]) -> SweepSpec:
        return SweepSpec(
            experiment=experiment,
            space=self._sampling._parameter_specs(),
            objectives=[Objective(self._metric, self._goal.value.lower())],
            sampler=self._sampling._sampler_spec(),
            policy=self._policy._policy_spec(),
            max_trials=self._max_total_runs,
            parallel=self._max_concurrent_runs,
            max_duration_seconds=self._max_duration_minutes * 60.0,
            # v1 made all runs that were asked for, whatever became of those before.
            max_failures=0,
            seed=self._sampling._seed(),
            dropped=dropped,
            resume_from=self._resume.sweeps,
            resume_trials=self._resume.children,
            hyperdrive=True,
        )

    def _tags(self) -> Dict[str, Optional[str]]:
        """What v1's own methods and users read of a sweep."""
        # Nothing here reads it; v1 kept it on each sweep, so scripts may expect the tag.
        platform = {"ServiceAddress": "", "RunDefinition": {}}
        return {
            "generator_config": json.dumps(self._sampling.to_json()),
            "policy_config": json.dumps(self._policy.to_json()),
            "primary_metric_config": json.dumps(self._primary_metric_config()),
            "platform_config": json.dumps(platform),
            "max_total_jobs": str(self._max_total_runs),
            "max_concurrent_jobs": str(self._max_concurrent_runs),
            "max_duration_minutes": str(self._max_duration_minutes),
        }

    def _properties(self) -> Dict[str, str]:
        return {
            "primary_metric_config": json.dumps(self._primary_metric_config()),
            "resume_from": self._resume.as_property(),
            "runTemplate": "HyperDrive",
            "azureml.runsource": "hyperdrive",
            "platform": "AML",
        }

    def __repr__(self) -> str:
        return (
            f"HyperDriveConfig({self._sampling!r}, primary_metric_name={self._metric!r}, "
            f"primary_metric_goal={self._goal}, max_total_runs={self._max_total_runs})"
        )


class HyperDriveRunConfig(HyperDriveConfig):
    """The older name of HyperDriveConfig; its first argument is the estimator.

    Args:
        estimator: What is run.
        hyperparameter_sampling: As in HyperDriveConfig, like all that follow.
        primary_metric_name: The metric.
        primary_metric_goal: Whether it is to be large or small.
        max_total_runs: How many runs at most.
        max_concurrent_runs: How many at once.
        max_duration_minutes: After that what still runs is canceled.
        policy: Stops runs that do badly.
        newer: What HyperDriveConfig has taken since 2020.
    """

    def __init__(
        self,
        estimator: Any,
        hyperparameter_sampling: HyperParameterSampling,
        primary_metric_name: str,
        primary_metric_goal: PrimaryMetricGoal,
        max_total_runs: int,
        max_concurrent_runs: Optional[int] = None,
        max_duration_minutes: float = MAX_DURATION_MINUTES,
        policy: Optional[EarlyTerminationPolicy] = None,
        **newer: Any,
    ) -> None:
        callers.warn("HyperDriveRunConfig is the old name: use HyperDriveConfig(estimator=…)")
        super().__init__(
            hyperparameter_sampling,
            primary_metric_name,
            primary_metric_goal,
            max_total_runs,
            max_concurrent_runs,
            max_duration_minutes,
            policy,
            estimator,
            **newer,
        )


def _checked_base(estimator: Any, run_config: Any, pipeline: Any) -> Any:
    given = [each for each in (estimator, run_config, pipeline) if each is not None]
    if len(given) != 1:
        raise HyperDriveConfigException(
            "give exactly one of estimator, run_config and pipeline, as in "
            f"HyperDriveConfig(…, run_config=ScriptRunConfig(…)); {len(given)} are given"
        )
    if pipeline is not None:
        raise HyperDriveConfigException(
            "pipelines cannot be swept: give run_config=ScriptRunConfig(…) or an estimator; a step "
            "of a pipeline can be a sweep: azureml.pipeline.steps.HyperDriveStep"
        )
    if estimator is not None and not isinstance(estimator, MMLBaseEstimator):
        raise HyperDriveConfigException(
            f"estimator must be an estimator such as TensorFlow(…), not {type(estimator).__name__}"
        )
    if run_config is not None and not isinstance(run_config, ScriptRunConfig):
        raise HyperDriveConfigException(
            f"run_config must be a ScriptRunConfig, not {type(run_config).__name__}: "
            "ScriptRunConfig(source_directory=…, script=…, run_config=…) makes one"
        )
    return given[0]


def _checked_parts(sampling: Any, policy: Any) -> Tuple[Any, EarlyTerminationPolicy]:
    if not isinstance(sampling, HyperParameterSampling):
        raise HyperDriveConfigException(
            "hyperparameter_sampling must be RandomParameterSampling, GridParameterSampling or "
            f"BayesianParameterSampling, not {type(sampling).__name__}"
        )
    chosen = NoTerminationPolicy() if policy is None else policy
    if not isinstance(chosen, EarlyTerminationPolicy):
        raise HyperDriveConfigException(
            "policy must be BanditPolicy, MedianStoppingPolicy, TruncationSelectionPolicy or "
            f"NoTerminationPolicy, not {type(policy).__name__}"
        )
    if chosen._policy_spec().name != NO_POLICY and isinstance(sampling, BayesianParameterSampling):
        raise HyperDriveScenarioNotSupportedException(
            f"{type(chosen).__name__} with BayesianParameterSampling is not supported: leave the "
            "policy out, or sample at random"
        )
    return sampling, chosen


def _checked_metric(name: Any) -> str:
    if not isinstance(name, str) or not name:
        raise HyperDriveConfigException(
            f"primary_metric_name is {name!r}; give the name under which the script logs it"
        )
    return name


def _checked_goal(goal: Any) -> PrimaryMetricGoal:
    return goal if isinstance(goal, PrimaryMetricGoal) else PrimaryMetricGoal.from_str(goal)


def _checked_count(name: str, value: Any) -> int:
    # Also whole numbers of NumPy.
    if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
        raise HyperDriveConfigException(f"{name} is {value!r}; it must be a whole number above 0")
    return int(value)


def _checked_minutes(value: Any) -> float:
    number = isinstance(value, Real) and not isinstance(value, bool)
    if not number or not 0 < value < math.inf:
        raise HyperDriveConfigException(
            f"max_duration_minutes is {value!r}; it must be a number above 0"
        )
    # The tag reads 10080, as v1 wrote it, not 10080.0.
    minutes = int(value) if int(value) == value else float(value)
    if minutes > MAX_DURATION_MINUTES:
        callers.warn(
            f"max_duration_minutes is {minutes}: a sweep takes {MAX_DURATION_MINUTES} (a week) at "
            "most, which it is set to"
        )
    return min(minutes, MAX_DURATION_MINUTES)


def _without_swept(base: Any, names: Sequence[str]) -> Tuple[Any, List[str]]:
    """Take an estimator's own arguments away that the sweep gives, too.

    A ScriptRunConfig keeps its arguments: they come first, so that argparse takes the swept ones.

    Returns:
        What is submitted, and the arguments that were taken away.
    """
    if not isinstance(base, MMLBaseEstimator):
        return base, []
    kept, dropped = _sorted_out(list(base.run_config.arguments or []), names)
    if not dropped:
        return base, []
    callers.warn(
        f"the estimator's arguments {', '.join(dropped)} are swept as well: the sweep's values "
        "are used"
    )
    found = copy(base)
    found._run_config = copy(base.run_config)
    found._run_config.arguments = kept
    return found, dropped


def _sorted_out(arguments: List[Any], names: Sequence[str]) -> Tuple[List[Any], List[str]]:
    kept: List[Any] = []
    dropped: List[str] = []
    skipping = False
    for each in arguments:
        is_name = isinstance(each, str) and each.startswith("-") and not _is_number(each)
        if is_name:
            name, sign, _ = each.lstrip("-").partition("=")
            skipping = name in names
            if skipping:
                dropped.append(each.partition("=")[0])
            if skipping and sign:
                # It has its value with it.
                skipping = False
                continue
        if not skipping:
            kept.append(each)
    return kept, dropped


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
