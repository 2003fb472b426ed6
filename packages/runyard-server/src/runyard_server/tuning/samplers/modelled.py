"""What samplers of Optuna share: the trials that they see, their seeds, and no point twice.

Optuna's samplers read trials from a study and write into it. Here each draw gets a study of its own
with at most `history` trials (`History`, `Window`) and a sampler with a seed of its own, so a draw
is a function of the trials that have ended and of those that run, and costs the same at any number.
"""

import math
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any

from optuna.samplers import BaseSampler
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from runyard.protocol.sweeps import COMPLETED, MAXIMIZE, STOPPED
from runyard_server.tuning.base import Outcome, Params, Sampler, Setting
from runyard_server.tuning.chance import bits, uniform
from runyard_server.tuning.points import is_finite
from runyard_server.tuning.samplers.axes import Axis, axes_of, groups_of
from runyard_server.tuning.samplers.finite import shuffle
from runyard_server.tuning.samplers.history import Entry, History
from runyard_server.tuning.samplers.window import Window
from runyard_server.tuning.spaces import draw, in_order, is_active

_TRIES = 10
"""So often a point that was used is drawn again; a draw may take 10 ms."""


class ModelledSampler(Sampler):
    """A sampler that asks one of Optuna's.

    The first trials, parameters with one value, and what Optuna's sampler leaves open are drawn at
    random. In a finite space no point is drawn twice: where the model does not get away from the
    used ones the next of a shuffle is taken, and it ends when all are used.
    """

    def __init__(self, setting: Setting, *, startup: int) -> None:
        super().__init__(setting)
        self._startup = startup
        self._space = in_order(setting.space)
        self._axes = axes_of(self._space)
        self._groups = groups_of(self._axes)
        self._directions = [
            StudyDirection.MAXIMIZE if each.goal == MAXIMIZE else StudyDirection.MINIMIZE
            for each in setting.objectives
        ]
        self._history: History[FrozenTrial] = History(self.limit(), setting.objectives)
        self._pending: dict[int, FrozenTrial] = {}
        finite = all(map(is_finite, setting.space))
        self._unused = shuffle(setting.space, setting.seed) if finite else None

    @abstractmethod
    def model(self, seed: int) -> BaseSampler:
        """The sampler of Optuna for one draw."""

    def limit(self) -> int:
        """How many trials the model may look at."""
        return self.setting.history

    @property
    def learns(self) -> bool:
        """What it draws depends on results."""
        return True

    def size(self) -> int | None:
        """How many points a finite space has."""
        return self._unused.points.size if self._unused is not None else None

    def ask(self, number: int) -> Params | None:
        """Draw what the model expects most of."""
        params = self._ask(number)
        if params is not None:
            self.resume(number, params)
        return params

    def tell(self, outcome: Outcome) -> None:
        """Let the model learn from a trial; failed and canceled ones tell it nothing."""
        self._pending.pop(outcome.number, None)
        self._use(outcome.params)
        trial = self._trial(outcome.number, outcome.params)
        values = outcome.values
        if (
            not trial.params
            or values is None
            or outcome.state not in {COMPLETED, STOPPED}
            or not all(map(math.isfinite, values))
        ):
            return
        trial.values = list(values)
        trial.state = TrialState.COMPLETE
        key: tuple[float, ...] = (0, self._loss(values[0]))
        if outcome.state == STOPPED and outcome.steps:
            # Of stopped trials those are better that came farther.
            step, value = outcome.steps[-1]
            trial.state = TrialState.PRUNED
            trial.intermediate_values = {step: value}
            key = (1, -step, self._loss(value))
        self._history.add(Entry(key, outcome.number, values, trial))

    def resume(self, number: int, params: Params) -> None:
        """Count a trial that runs as one of no good, so that the next is drawn elsewhere."""
        self._use(params)
        self._pending[number] = self._trial(number, params)

    def _ask(self, number: int) -> Params | None:
        if self._history.count < self._startup:
            return self._unmodelled(number)
        if self._unused is None:
            return self._draw(number, 0)
        for turn in range(_TRIES):
            params = self._draw(number, turn)
            if not self._unused.is_used(params):
                return params
        return self._unused.next()

    def _unmodelled(self, number: int) -> Params | None:
        if self._unused is not None:
            return self._unused.next()
        params: Params = {}
        for parameter in self._space:
            if is_active(parameter, params):
                chance = uniform(self.setting.seed, number, parameter.name)
                params[parameter.name] = draw(parameter, chance)
        return params

    def _draw(self, number: int, turn: int) -> Params:
        """A point that the model likes.

        Args:
            number: Of the trial.
            turn: How many were drawn for it before.
        """
        key = (self.setting.seed, number, turn)
        seen = [*self._history.items(), *(self._pending[each] for each in sorted(self._pending))]
        drawn: dict[str, Any] = {}
        params: Params = {}
        for parameter in self._space:
            if not is_active(parameter, params):
                continue
            if parameter.name not in drawn:
                drawn |= self._relative(number, parameter.name, bits(*key) % 2**32, seen)
            params[parameter.name] = (
                drawn[parameter.name]
                if parameter.name in drawn
                else draw(parameter, uniform(*key, parameter.name))
            )
        return params

    def _relative(
        self, number: int, name: str, seed: int, seen: Sequence[FrozenTrial]
    ) -> dict[str, Any]:
        """What the model draws for a parameter, and for those that are always there with it.

        Args:
            number: Of the trial.
            name: Of the parameter.
            seed: Of the draw.
            seen: The trials to learn from.
        """
        group = next(
            (each for each in self._groups if name in (axis.parameter.name for axis in each)), None
        )
        if group is None:
            return {}
        names = {axis.parameter.name for axis in group}
        trials = [trial for trial in seen if names <= trial.params.keys()]
        study = Window(self._directions, trials).study()
        trial = _frozen(number, {})
        space = {axis.parameter.name: axis.distribution for axis in group}
        found = self.model(seed ^ len(group)).sample_relative(study, trial, space)
        by_name = {axis.parameter.name: axis for axis in group}
        return {each: by_name[each].outward(value) for each, value in found.items()}

    def _trial(self, number: int, params: Params) -> FrozenTrial:
        return _frozen(number, dict(_inward(self._axes, params)))

    def _use(self, params: Params) -> None:
        if self._unused is not None:
            self._unused.use(params)

    def _loss(self, value: float) -> float:
        return -value if self._directions[0] == StudyDirection.MAXIMIZE else value


def _inward(axes: Sequence[Axis], params: Params) -> Iterator[tuple[str, Any]]:
    """What a trial's parameters are for Optuna, as far as the space has them."""
    for axis in axes:
        name = axis.parameter.name
        if name in params and is_active(axis.parameter, params):
            value = axis.inward(params[name])
            if value is not None:
                yield name, value


def _frozen(number: int, params: dict[str, Any]) -> FrozenTrial:
    return FrozenTrial(
        number=number,
        state=TrialState.RUNNING,
        value=None,
        datetime_start=None,
        datetime_complete=None,
        params=params,
        distributions={},
        user_attrs={},
        system_attrs={},
        intermediate_values={},
        trial_id=number,
    )
