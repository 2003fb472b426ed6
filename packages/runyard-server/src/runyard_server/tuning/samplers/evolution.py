"""CMA-ES: evolution of a normal distribution, generation by generation.

With the `cmaes` package itself, not through Optuna, which pickles the distribution into notes on
trials and lets a generation be whichever trials ended first: neither could be found again after a
restart. Here a generation is a run of consecutive trials, so the distribution is a function of
their results, and the next generation begins when all of one have ended.

The distribution is over the chances that parameters are drawn from (`spaces.draw`), from 0 to 1.
"""

import math
from bisect import bisect_left, insort
from typing import Any

import numpy as np
from cmaes import CMA

from runyard.protocol.errors import InvalidRequest
from runyard.protocol.sweeps import COMPLETED, MAXIMIZE, NORMAL, NUMBER, STOPPED, ParameterSpec
from runyard_server.tuning.base import Outcome, Params, Sampler, Setting
from runyard_server.tuning.chance import bits, uniform
from runyard_server.tuning.options import at_least
from runyard_server.tuning.spaces import chances_of, draw, in_order, is_active

_EDGE = 2.0**-52
# As in Optuna, a sixth of the range; and the usual size of a generation, 4 + 3 ln(n) (Hansen,
# 2016), but no fewer than eight, since only one generation's trials run at once.
_FIRST_SIGMA = 1 / 6
_FEWEST = 8
_LOOKS = 10


class EvolutionSampler(Sampler):
    """Draws numbers from a normal distribution that moves and turns to where trials are good.

    Choices and parameters of branches are drawn at random.

    Args:
        population: How many trials a generation has, and so how many can run at once.
    """

    def __init__(self, setting: Setting, *, population: int | None = None) -> None:
        super().__init__(setting)
        if len(setting.objectives) > 1:
            raise InvalidRequest(
                "the sampler 'cmaes' serves one objective; take 'nsga2' or 'tpe' for several"
            )
        self._space = in_order(setting.space)
        self._evolved = [each for each in self._space if _is_evolved(each)]
        if not self._evolved:
            raise InvalidRequest(
                "the sampler 'cmaes' needs a number that every trial has, with more than one "
                "value, and the space has none; take 'tpe'"
            )
        size = population or max(_FEWEST, 4 + int(3 * math.log(len(self._evolved))))
        self._population = at_least(2, size, "population of the sampler 'cmaes'")
        self._sign = -1.0 if setting.objectives[0].goal == MAXIMIZE else 1.0
        self._learned: dict[int, Outcome] = {}
        self._cma: Any = None
        # The trials of the generation that is being made, in order, and those that have ended.
        self._numbers: list[int] = []
        self._ended: dict[int, Outcome] = {}

    def ask(self, number: int) -> Params | None:
        """Draw from the distribution as the generations before have left it."""
        self._evolve()
        assert self._cma is not None
        # By number: the draw is the same however often the generations before were replayed.
        self._cma.reseed_rng(bits(self.setting.seed, number) % 2**32)
        point = dict(zip((each.name for each in self._evolved), self._cma.ask(), strict=True))
        params: Params = {}
        for parameter in self._space:
            if is_active(parameter, params):
                chance = point.get(parameter.name)
                params[parameter.name] = draw(
                    parameter,
                    uniform(self.setting.seed, number, parameter.name)
                    if chance is None
                    else min(max(float(chance), _EDGE), 1 - _EDGE),
                )
        self.resume(number, params)
        return params

    def tell(self, outcome: Outcome) -> None:
        """Keep a trial until its generation is complete."""
        if outcome.number < 0:
            self._learned[outcome.number] = outcome
            return
        self.resume(outcome.number, outcome.params)
        self._ended[outcome.number] = outcome

    def resume(self, number: int, params: Params) -> None:
        """Count a trial as one of its generation, whoever chose its parameters."""
        del params
        at = bisect_left(self._numbers, number)
        if at == len(self._numbers) or self._numbers[at] != number:
            insort(self._numbers, number)

    def wait(self) -> str | None:
        """Whether all of a generation are made, and some have not ended."""
        self._evolve()
        if len(self._numbers) < self._population:
            return None
        missing = sum(number not in self._ended for number in self._numbers)
        trials = "1 trial" if missing == 1 else f"{missing} trials"
        return (
            f"sampler asks for results of {trials} first: a generation of cmaes has "
            f"{self._population}"
        )

    @property
    def learns(self) -> bool:
        """What it draws depends on results."""
        return True

    def _evolve(self) -> None:
        """Learn from all generations that are complete.

        Not before something is asked for: after a restart trials that have ended are told first,
        and those that run, which may belong to an earlier generation, last.
        """
        if self._cma is None:
            self._begin(self._first_mean())
        while len(self._numbers) >= self._population:
            generation = self._numbers[: self._population]
            if not all(number in self._ended for number in generation):
                return
            self._learn([self._ended.pop(number) for number in generation])
            del self._numbers[: self._population]

    def _learn(self, generation: list[Outcome]) -> None:
        found = [self._loss(outcome) for outcome in generation]
        worst = max((loss for loss in found if loss is not None), default=None)
        if worst is None:
            return
        self._cma.tell(
            [
                # A generation is told whole, so one that failed counts as the worst of the others.
                (np.array(self._point(outcome)), worst if loss is None else loss)
                for outcome, loss in zip(generation, found, strict=True)
            ]
        )

        # Asking costs as much as a generation does.
        if self._cma.generation % _LOOKS == 0 and self._cma.should_stop():
            # It has come to a point, where numbers of its size end: another one from elsewhere.
            number = generation[-1].number
            self._begin([uniform(self.setting.seed, number, each.name) for each in self._evolved])

    def _begin(self, mean: list[float]) -> None:
        self._cma = CMA(
            mean=np.array(mean),
            sigma=_FIRST_SIGMA,
            bounds=np.array([[0.0, 1.0]] * len(self._evolved)),
            population_size=self._population,
        )

    def _first_mean(self) -> list[float]:
        """The best trial of the sweeps that are learned from; else the middle of the space."""
        losses = {number: self._loss(each) for number, each in self._learned.items()}
        known = [(loss, number) for number, loss in losses.items() if loss is not None]
        return self._point(self._learned[min(known)[1]]) if known else [0.5] * len(self._evolved)

    def _point(self, outcome: Outcome) -> list[float]:
        """Where a trial was; somewhere between the chances that all give its rounded value.

        Always at the same of them, a distribution would lose its width in that direction.
        """
        found = []
        for parameter in self._evolved:
            chances = chances_of(parameter, outcome.params.get(parameter.name)) or (0.5, 0.5)
            part = uniform(self.setting.seed, outcome.number, parameter.name, "within")
            found.append(chances[0] + part * (chances[1] - chances[0]))
        return found

    def _loss(self, outcome: Outcome) -> float | None:
        if outcome.values is None or outcome.state not in {COMPLETED, STOPPED}:
            return None
        return self._sign * outcome.values[0] if math.isfinite(outcome.values[0]) else None


def _is_evolved(parameter: ParameterSpec) -> bool:
    if parameter.when or parameter.kind not in {NUMBER, NORMAL}:
        return False
    return parameter.sigma > 0 if parameter.kind == NORMAL else parameter.low != parameter.high
