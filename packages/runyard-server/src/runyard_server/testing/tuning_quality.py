"""How good a sampler is: the best that it finds of known functions, beside Optuna's own TPE.

Ours sees so many trials, Optuna's all, and both make as many with the same seeds. The regret is how
far the best trial is from the optimum. `benchmarks/tuning_quality.py` makes a table of it.
"""

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import optuna
from runyard.protocol.sweeps import CHOICE, COMPLETED, NUMBER, Objective, ParameterSpec
from runyard_server.tuning.base import Outcome, Params, Setting
from runyard_server.tuning.samplers.quiet import quiet
from runyard_server.tuning.samplers.tpe import TpeSampler
from runyard_server.tuning.spaces import bounds_of, in_order, is_active

_ONE_SIDED = 1.645


@dataclass(frozen=True)
class Problem:
    """A function to make small, where its optimum is known.

    Args:
        name: What it is called.
        space: Its parameters.
        function: Its value.
        optimum: Its smallest value.
    """

    name: str
    space: Sequence[ParameterSpec]
    function: Callable[[Params], float]
    optimum: float

    def regret(self, values: Sequence[float]) -> float:
        """How far the best of some values is from the optimum."""
        return max(min(values) - self.optimum, 1e-12)


def branin(params: Params) -> float:
    """Three equal valleys; 0.397887 at (pi, 2.275)."""
    x, y = params["x"], params["y"]
    bowl = y - 5.1 * x**2 / (4 * math.pi**2) + 5 * x / math.pi - 6
    return float(bowl**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10)


_WIDTHS = (
    (10, 3, 17, 3.5, 1.7, 8),
    (0.05, 10, 17, 0.1, 8, 14),
    (3, 3.5, 1.7, 10, 17, 8),
    (17, 8, 0.05, 10, 0.1, 14),
)
_CENTRES = (
    (0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886),
    (0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991),
    (0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650),
    (0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381),
)
_HEIGHTS = (1.0, 1.2, 3.0, 3.2)


def hartmann(params: Params) -> float:
    """Four hollows in six dimensions; -3.32237 in the deepest."""
    point = [params[f"x{at}"] for at in range(6)]
    return -sum(
        height
        * math.exp(-sum(w * (x - c) ** 2 for w, x, c in zip(width, point, centre, strict=True)))
        for height, width, centre in zip(_HEIGHTS, _WIDTHS, _CENTRES, strict=True)
    )


def _hollow(width: float, x: float, centre: float) -> float:
    return width * (x - centre) ** 2


def network(params: Params) -> float:
    """As a network may train: an optimiser, its own parameters, whole and logarithmic ones; 0.1."""
    sgd = params["opt"] == "sgd"
    best_rate = -1.0 if sgd else -3.0
    loss = 0.1 if sgd else 0.2
    loss += (math.log10(params["lr"]) - best_rate) ** 2 / 4
    loss += abs(params["layers"] - 3) / 5 + abs(math.log2(params["units"]) - 6) / 10
    if sgd:
        loss += (params["opt.sgd.momentum"] - 0.9) ** 2 * 4
    else:
        loss += (math.log10(1 - params["opt.adam.beta"]) + 2) ** 2 / 10
    return float(loss)


PROBLEMS = (
    Problem(
        "Branin",
        (
            ParameterSpec("x", NUMBER, low=-5.0, high=10.0),
            ParameterSpec("y", NUMBER, low=0.0, high=15.0),
        ),
        branin,
        0.397887,
    ),
    Problem(
        "Hartmann 6",
        [ParameterSpec(f"x{at}", NUMBER, low=0.0, high=1.0) for at in range(6)],
        hartmann,
        -3.32237,
    ),
    Problem(
        "a network, with branches",
        (
            ParameterSpec("opt", CHOICE, choices=["sgd", "adam"]),
            ParameterSpec("lr", NUMBER, low=1e-5, high=1.0, log=True),
            ParameterSpec("layers", NUMBER, low=1, high=6, whole=True),
            ParameterSpec("units", NUMBER, low=8, high=512, whole=True, log=True),
            ParameterSpec("opt.sgd.momentum", NUMBER, low=0.0, high=1.0, when={"opt": "sgd"}),
            ParameterSpec("opt.adam.beta", NUMBER, low=0.8, high=0.9999, when={"opt": "adam"}),
        ),
        network,
        0.1,
    ),
)


def by_ours(problem: Problem, trials: int, seed: int, history: int) -> list[float]:
    """The values that our TPE finds.

    Args:
        problem: What is to be small.
        trials: How many.
        seed: Of the sweep.
        history: How many trials it sees.
    """
    setting = Setting(problem.space, [Objective("loss")], seed=seed, history=history)
    sampler = TpeSampler(setting)
    values = []
    for number in range(trials):
        params = sampler.ask(number)
        assert params is not None
        values.append(problem.function(params))
        sampler.tell(Outcome(number, params, (values[-1],), COMPLETED))
    return values


def by_optuna(problem: Problem, trials: int, seed: int) -> list[float]:
    """The values that Optuna's TPE finds, with its own study and with all of its trials.

    Args:
        problem: What is to be small.
        trials: How many.
        seed: Of the sampler.
    """
    values = []
    with quiet():
        sampler = optuna.samplers.TPESampler(seed=seed, multivariate=True, group=True)
        study = optuna.create_study(sampler=sampler)
        for _ in range(trials):
            trial = study.ask()
            params: Params = {}
            for parameter in in_order(problem.space):
                if is_active(parameter, params):
                    params[parameter.name] = _suggested(trial, parameter)
            values.append(problem.function(params))
            study.tell(trial, values[-1])
    return values


def _suggested(trial: optuna.Trial, parameter: ParameterSpec) -> Any:
    name = parameter.name
    if parameter.kind == CHOICE:
        return trial.suggest_categorical(name, parameter.choices)
    low, high = bounds_of(parameter)
    if parameter.whole:
        return trial.suggest_int(name, round(low), round(high), log=parameter.log)
    return trial.suggest_float(name, low, high, log=parameter.log)


@dataclass(frozen=True)
class Comparison:
    """The regrets of both on one problem, seed by seed."""

    problem: Problem
    ours: Sequence[float]
    optunas: Sequence[float]

    @property
    def ratio(self) -> float:
        """How many times Optuna's regret ours is, as a geometric mean over the seeds."""
        return math.exp(statistics.fmean(self._logarithms()))

    @property
    def error(self) -> float:
        """By how much the ratio's logarithm may be wrong: its standard error."""
        return statistics.stdev(self._logarithms()) / math.sqrt(len(self.ours))

    @property
    def is_worse(self) -> bool:
        """Whether ours is worse by more than chance explains, at 95 of 100."""
        return math.log(self.ratio) > _ONE_SIDED * self.error

    def _logarithms(self) -> list[float]:
        return [
            math.log(mine / theirs) for mine, theirs in zip(self.ours, self.optunas, strict=True)
        ]


def compare(problem: Problem, trials: int, seeds: int, history: int) -> Comparison:
    """Compare both on one problem.

    Args:
        problem: What is to be small.
        trials: Of each sweep.
        seeds: How many sweeps each makes.
        history: How many trials ours sees.
    """
    return Comparison(
        problem,
        [problem.regret(by_ours(problem, trials, seed, history)) for seed in range(seeds)],
        [problem.regret(by_optuna(problem, trials, seed)) for seed in range(seeds)],
    )
