"""`Sweep`: what is tried, how it is sampled, which result counts, and how far it goes.

    sweep = Sweep(
        space={"lr": loguniform(1e-4, 1e-1), "layers": integer(1, 4)},
        goal={"val_acc": "maximize"},
        max_trials=20,
        parallel=2,
    )
    run = experiment.submit(sweep.over(ScriptRunConfig("source", "train.py")))

Each trial is a run of the script, which gets its parameters as `--lr 0.003 --layers 2` and logs the
metric that the goal names. Everything that can be told from here is refused before anything is
sent, by the name of the parameter or argument.
"""

from __future__ import annotations

import os
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, NoReturn, Optional, Sequence, Union

from runyard.client import callers
from runyard.protocol.suggestions import suggest
from runyard.protocol.sweeps import (
    CHOICE,
    FIXED,
    MAXIMIZE,
    MINIMIZE,
    NO_POLICY,
    Objective,
    ParameterSpec,
    PolicySpec,
    SamplerSpec,
    SweepSpec,
)
from runyard.sdk import points, tuning
from runyard.sdk.exceptions import UserErrorException
from runyard.sdk.spaces import parameters_of, plain

if TYPE_CHECKING:
    from runyard.sdk.experiments import Experiment
    from runyard.sdk.run_base import RunBase
    from runyard.sdk.submission import Submission
    from runyard.sdk.trials import Trials

GOALS = (MAXIMIZE, MINIMIZE)
_LARGEST_SEED = 2**63


class Sweep:
    """Trials of one script or function with different parameters.

    Args:
        space: By parameter, what it is drawn from (`uniform`, `choice` …) or a value that all
            trials have.
        goal: By metric, `maximize` or `minimize`. Of several metrics no trial is the best: then
            the front is asked for, and no policy goes with them.
        sampler: How points are drawn: `random`, `grid`, `qmc`, `tpe` …, or `tpe(startup=20)`.
        policy: Stops trials that do badly: `median`, `asha(max_steps=81)` …; None stops none.
        max_trials: How many at most; None: until the space is used up or the sweep is canceled.
        parallel: How many at once, at most; None: as many as there may be.
        max_minutes: After that the sweep ends, and what still runs is canceled.
        max_failures: So many failed trials in a row from the start end it; None: never.
        seed: The same seed and results give the same trials; None: another one each time.

    Raises:
        UserErrorException: Something makes no sense; the message names it.
    """

    def __init__(
        self,
        space: Mapping[str, Any],
        goal: Mapping[str, str],
        sampler: Union[str, SamplerSpec] = "random",
        policy: Union[str, PolicySpec, None] = None,
        max_trials: Optional[int] = None,
        parallel: Optional[int] = None,
        max_minutes: Optional[float] = None,
        max_failures: Optional[int] = 10,
        seed: Optional[int] = None,
    ) -> None:
        self._space = parameters_of(space)
        self._objectives = _objectives_of(goal)
        self._sampler = tuning.sampler_of(sampler)
        self._policy = tuning.policy_of(policy)
        self._max_trials = counted("max_trials", max_trials)
        self._parallel = counted("parallel", parallel)
        self._seconds = seconds_of(max_minutes)
        self._max_failures = counted("max_failures", max_failures) or 0
        self._seed = _seed_of(seed)
        self._enqueued: List[Dict[str, Any]] = []
        self._learned: List[str] = []
        self._mapping: Dict[str, str] = {}
        self._check_together()

    def over(self, config: Any) -> SweptScript:
        """What `experiment.submit` takes to begin the sweep with runs of a script as trials.

        Args:
            config: A ScriptRunConfig or an estimator: what each trial runs. Its own arguments come
                before those of the sweep.

        Raises:
            UserErrorException: It is neither.
        """
        # A class has the method too, and a sweep has one that refuses, later than here.
        if isinstance(config, (type, Sweep)) or not callable(getattr(config, "_submission", None)):
            raise UserErrorException(
                f"a sweep goes over a ScriptRunConfig or an estimator, not {_kind(config)}; trials "
                "of a function are made in this process: for trial in sweep.open(experiment, name)"
            )
        return SweptScript(self, config)

    def open(self, experiment: Experiment, name: Optional[str] = None, workers: int = 1) -> Trials:
        """Begin trials of a function in this process, or go on with those of this name.

        Args:
            experiment: The experiment.
            name: The sweep's name: an open one of this name is gone on with, also by several
                processes at once. None begins a new one.
            workers: How many threads will make trials, at least.

        Returns:
            What is looped over: `for trial in sweep.open(experiment, "quick")`.

        Raises:
            UserErrorException: The service refuses it, or the open sweep of this name is another.
        """
        from runyard.sdk import trials

        return trials.open(experiment, self._spec(experiment.name, name or ""), name, workers)

    def enqueue(self, params: Mapping[str, Any]) -> Sweep:
        """Have a point tried before any that is sampled.

        Args:
            params: A value for every parameter.

        Returns:
            This sweep.

        Raises:
            UserErrorException: The point is not of the space; the message names the parameter.
        """
        found = points.checked(self._space, params)
        if self._max_trials is not None and len(self._enqueued) >= self._max_trials:
            raise UserErrorException(
                f"{len(self._enqueued)} points are to be tried already and max_trials is "
                f"{self._max_trials}; raise it"
            )
        self._enqueued.append(found)
        return self

    def learn_from(
        self, other: Union[RunBase, str], mapping: Optional[Mapping[str, str]] = None
    ) -> Sweep:
        """Have sampler and policy begin with the results of another sweep, which has ended.

        Args:
            other: The run of the other sweep, or its id.
            mapping: Of parameters that were called otherwise there: by the name there, the name
                here.

        Returns:
            This sweep.

        Raises:
            UserErrorException: It is no sweep, is given twice, or a name is no parameter here.
        """
        sweep = getattr(other, "id", other)
        if not isinstance(sweep, str) or not sweep:
            raise UserErrorException(
                f"learn_from takes the run of a sweep or its id, not {_kind(other)}"
            )
        if sweep in self._learned:
            raise UserErrorException(f"{sweep} is learned from already")
        for theirs, ours in (mapping or {}).items():
            self._check_mapped(theirs, ours)
        self._learned.append(sweep)
        self._mapping.update(mapping or {})
        return self

    def __repr__(self) -> str:
        goal = ", ".join(f"{each.name!r}: {each.goal!r}" for each in self._objectives)
        names = ", ".join(each.name for each in self._space)
        policy = "" if self._policy.name == NO_POLICY else f", policy={self._policy.name!r}"
        return f"Sweep(over {names}, goal={{{goal}}}, sampler={self._sampler.name!r}{policy})"

    def _submission(self, *_: Any, **__: Any) -> NoReturn:
        """Refuse: what trials run is missing."""
        raise UserErrorException(
            "a sweep is submitted with what its trials run, as in "
            "experiment.submit(sweep.over(ScriptRunConfig('source', 'train.py')))"
        )

    def _spec(self, experiment: str, name: str = "") -> SweepSpec:
        """What the service is asked for.

        Args:
            experiment: Name of the experiment.
            name: Name of the sweep; one that is opened again must have the same seed.
        """
        seed = self._seed
        if seed is None:
            # Each process that opens the sweep must ask for the same spec, and `hash` differs
            # between processes.
            seed = zlib.crc32(f"{experiment}/{name}".encode()) if name else _random_seed()
        return SweepSpec(
            experiment=experiment,
            space=list(self._space),
            objectives=list(self._objectives),
            sampler=self._sampler,
            policy=self._policy,
            max_trials=self._max_trials,
            parallel=self._parallel,
            max_duration_seconds=self._seconds,
            max_failures=self._max_failures,
            seed=seed,
            resume_from=list(self._learned),
            enqueued=list(self._enqueued),
            mapping=dict(self._mapping),
        )

    def _check_mapped(self, theirs: str, ours: str) -> None:
        known = [each.name for each in self._space]
        if ours not in known:
            near = suggest(str(ours), known, "").sentence
            raise UserErrorException(
                f"mapping names {ours!r} for {theirs!r}, which is no parameter here; {near}"
            )
        if self._mapping.get(theirs, ours) != ours:
            raise UserErrorException(
                f"{theirs!r} is {self._mapping[theirs]!r} here already, not {ours!r}"
            )

    def _check_together(self) -> None:
        policy = self._policy.name
        if policy != NO_POLICY and len(self._objectives) > 1:
            raise UserErrorException(
                f"the policy {policy!r} needs one goal and there are {len(self._objectives)}: of "
                "several none is first; leave the policy out"
            )
        population = self._policy.options.get("population")
        if policy == tuning.POPULATION and population is None and self._parallel is None:
            raise UserErrorException(
                "the policy 'pbt' needs to know how many members there are: give parallel, or "
                "pbt(population=…)"
            )
        if self._sampler.name == tuning.GRID:
            _check_grid(self._space)


class SweptScript:
    """A sweep whose trials are runs of a script: what `experiment.submit` takes.

    Args:
        sweep: The sweep.
        config: What each trial runs.
    """

    def __init__(self, sweep: Sweep, config: Any) -> None:
        self._sweep = sweep
        self._config = config

    def __repr__(self) -> str:
        return f"{self._sweep!r}.over({self._config!r})"

    def _submission(self, experiment: Any, **overrides: Any) -> Submission:
        given: Submission = self._config._submission(experiment, **overrides)
        if given.sweep is not None:
            raise UserErrorException(
                f"{self._config!r} is a sweep itself; a sweep goes over what one trial runs"
            )
        spec = self._sweep._spec(experiment.name)
        _tell_of_doubles(spec.space, given.spec.arguments)
        return replace(given, sweep=spec, run_config=self)


def _objectives_of(goal: Any) -> List[Objective]:
    if not isinstance(goal, Mapping) or not goal:
        raise UserErrorException(
            f"goal is {goal!r}; give the metric that decides and which way is better, as in "
            "goal={'val_acc': 'maximize'}"
        )
    found = []
    for name, way in goal.items():
        if not isinstance(name, str) or not name:
            raise UserErrorException(f"goal: {name!r} cannot name a metric; use texts")
        # v1's PrimaryMetricGoal has its name in upper case as value.
        wanted = str(getattr(way, "value", way)).lower()
        if wanted not in GOALS:
            raise UserErrorException(
                f"goal: {name!r} is to be {way!r}; it must be 'maximize' or 'minimize'"
            )
        found.append(Objective(name, wanted))
    return found


def _check_grid(space: Sequence[ParameterSpec]) -> None:
    for each in space:
        counted = each.low is not None and (each.whole or each.q)
        if each.kind not in (CHOICE, FIXED) and not counted:
            raise UserErrorException(
                f"the parameter {each.name!r} has endlessly many values, and a grid needs them "
                "counted: give runyard.choice(…), integer(…) or quantized(…), or another sampler"
            )


def counted(name: str, value: Any) -> Optional[int]:
    """A limit as a whole number; None: there is none.

    Args:
        name: The argument.
        value: What was given.

    Raises:
        UserErrorException: It is no whole number above 0.
    """
    if value is None:
        return None
    found = plain(value)
    if isinstance(found, bool) or not isinstance(found, int) or found < 1:
        raise UserErrorException(
            f"{name} is {value!r}; it must be a whole number above 0, or None for no limit"
        )
    return found


def seconds_of(minutes: Any) -> Optional[float]:
    """The argument `max_minutes` in seconds; None: there is no limit.

    Raises:
        UserErrorException: It is no number above 0.
    """
    if minutes is None:
        return None
    fits = not isinstance(minutes, bool) and isinstance(minutes, (int, float))
    if not fits or not 0 < minutes < float("inf"):
        raise UserErrorException(
            f"max_minutes is {minutes!r}; it must be a number above 0, or None for no limit"
        )
    return float(minutes) * 60.0


def _seed_of(seed: Any) -> Optional[int]:
    if seed is None:
        return None
    found = plain(seed)
    if isinstance(found, bool) or not isinstance(found, int) or not 0 <= found < _LARGEST_SEED:
        raise UserErrorException(f"seed is {seed!r}; it must be a whole number of 0 or more")
    return found


def _random_seed() -> int:
    return int.from_bytes(os.urandom(4), "big")


def _tell_of_doubles(space: Sequence[ParameterSpec], arguments: Sequence[str]) -> None:
    """Warn of arguments of the script's own that the sweep gives once more."""
    swept = {f"--{each.argument}" for each in space}
    doubles = sorted({word.partition("=")[0] for word in arguments} & swept)
    if doubles:
        callers.warn(
            f"{', '.join(doubles)} stand among the script's own arguments and are swept as well: "
            "the sweep's values come last, which argparse takes"
        )


def _kind(given: Any) -> str:
    return f"the class {given.__name__}" if isinstance(given, type) else type(given).__name__
