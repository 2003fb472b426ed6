"""What samplers of Optuna share: the trials that they see, their seeds, and no point twice.

Optuna's samplers read trials from a study and write into it. Here each draw gets a study of its own
with at most `history` trials (`History`, `Window`) and a sampler with a seed of its own, so a draw
is a function of the trials that have ended and of those that run, and costs the same at any number.
"""

import math
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

from optuna.samplers import BaseSampler
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from runyard.protocol.sweeps import COMPLETED, STOPPED
from runyard_server.tuning.base import Outcome, Params, Sampler, Setting
from runyard_server.tuning.chance import bits, uniform
from runyard_server.tuning.points import is_finite
from runyard_server.tuning.samplers.axes import Axis, axes_of, groups_of
from runyard_server.tuning.samplers.finite import shuffle
from runyard_server.tuning.samplers.history import Entry, History
from runyard_server.tuning.samplers.quiet import quiet
from runyard_server.tuning.samplers.seen import directions_of, seen_trial
from runyard_server.tuning.samplers.window import Window
from runyard_server.tuning.spaces import draw, drawn, in_order, is_active

_TRIES = 10
"""So often a point that was used is drawn again; a draw may take 10 ms."""

_NEW = 1 << 60
"""The number of the trial that is drawn, for Optuna: none that it may see has it."""


class ModelledSampler(Sampler):
    """A sampler that asks one of Optuna's.

    The first trials, parameters with one value, and what Optuna's sampler leaves open are drawn at
    random. In a finite space no point is drawn twice: where the model does not get away from the
    used ones the next of a shuffle is taken, and it ends when all are used.
    """

    fewest = 0
    """So many trials of a branch the model needs, and is shown no others; before it is random.

    0: it finds those of a branch itself, and tells good from bad by all trials.
    """

    def __init__(self, setting: Setting, *, startup: int) -> None:
        super().__init__(setting)
        self._startup = startup
        self._space = in_order(setting.space)
        self._axes = axes_of(self._space)
        self._groups = groups_of(self._axes)
        self._group_of = {
            axis.parameter.name: group for group, axes in self._groups.items() for axis in axes
        }
        self._directions = directions_of(setting.objectives)
        self._history: History[FrozenTrial] = History(self.limit(), setting.objectives)
        self._pending: dict[int, FrozenTrial] = {}
        self._new = seen_trial(_NEW, [], {})
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
        values = outcome.values
        if (
            values is None
            or outcome.state not in {COMPLETED, STOPPED}
            or not all(map(math.isfinite, values))
        ):
            return
        trial = seen_trial(outcome.number, self._axes, outcome.params, values)
        if trial.params:
            loss = -values[0] if self._directions[0] == StudyDirection.MAXIMIZE else values[0]
            self._history.add(Entry(loss, outcome.number, values, trial))

    def resume(self, number: int, params: Params) -> None:
        """Count a trial that runs as one of no good, so that the next is drawn elsewhere."""
        self._use(params)
        self._pending[number] = seen_trial(number, self._axes, params)

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
        return drawn(self._space, lambda name: uniform(self.setting.seed, number, name))

    def _draw(self, number: int, turn: int) -> Params:
        """A point that the model likes.

        Args:
            number: Of the trial.
            turn: How many were drawn for it before.
        """
        # By number, since who began to run first is not the same after a restart.
        seen = [*self._history.items(), *(self._pending[each] for each in sorted(self._pending))]
        key = (self.setting.seed, number, turn)
        found: dict[str, Any] = {}
        params: Params = {}
        for parameter in self._space:
            name = parameter.name
            if not is_active(parameter, params):
                continue
            group = self._group_of.get(name)
            if group is not None and group not in found:
                found[group] = self._relative(self._groups[group], bits(*key, group), seen)
            modelled = found.get(group or "", {})
            params[name] = (
                modelled[name] if name in modelled else draw(parameter, uniform(*key, name))
            )
        return params

    def _relative(
        self, group: Sequence[Axis], seed: int, seen: Sequence[FrozenTrial]
    ) -> dict[str, Any]:
        """What the model draws for the parameters that trials have together.

        Args:
            group: Their axes.
            seed: Of the draw.
            seen: The trials to learn from.
        """
        by_name = {axis.parameter.name: axis for axis in group}
        trials = list(seen)
        if self.fewest:
            trials = [trial for trial in seen if by_name.keys() <= trial.params.keys()]
            if sum(trial.state == TrialState.COMPLETE for trial in trials) < self.fewest:
                return {}
        study = Window(self._directions, trials).study()
        space = {name: axis.distribution for name, axis in by_name.items()}
        with quiet():
            # numpy takes seeds of 32 bits.
            found = self.model(seed % 2**32).sample_relative(study, self._new, space)
        return {name: by_name[name].outward(value) for name, value in found.items()}

    def _use(self, params: Params) -> None:
        if self._unused is not None:
            self._unused.use(params)
