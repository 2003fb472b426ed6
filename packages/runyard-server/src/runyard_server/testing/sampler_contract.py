"""What every sampler must do, as tests.

Derive a class from `SamplerContract`, say which sampler it is, and pytest runs the rest:

    class TestMySampler(SamplerContract):
        def make_sampler(self, setting): return MySampler(setting)

Whoever cannot serve the space of these tests gives another one (`space`), whoever needs a certain
number of objectives says so (`objectives`).
"""

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from runyard.protocol.errors import InvalidRequest
from runyard.protocol.sweeps import (
    CHOICE,
    COMPLETED,
    FAILED,
    FIXED,
    NORMAL,
    NUMBER,
    STOPPED,
    Objective,
    ParameterSpec,
)
from runyard_server.tuning.base import Outcome, Params, Sampler, Setting
from runyard_server.tuning.chance import bits
from runyard_server.tuning.samplers.independent import RandomSampler
from runyard_server.tuning.spaces import in_order, is_active, same

CONDITIONAL = (
    ParameterSpec("lr", NUMBER, low=1e-4, high=1e-1, log=True),
    ParameterSpec("layers", NUMBER, low=1, high=4, whole=True),
    ParameterSpec("opt", CHOICE, choices=["sgd", "adam"]),
    ParameterSpec("opt.sgd.momentum", NUMBER, low=0.0, high=1.0, when={"opt": "sgd"}),
    ParameterSpec("noise", NORMAL, mu=0.0, sigma=1.0),
    ParameterSpec("drop", NUMBER, low=0.0, high=0.5, q=0.1),
    ParameterSpec("epochs", FIXED, choices=[3]),
)
_SLACK = 1e-9


@dataclass
class SweepPlay:
    """A sweep as the service plays it: some trials at once, which end in another order."""

    sampler: Sampler
    objectives: int = 1
    parallel: int = 3
    asked: dict[int, Params] = field(default_factory=dict)
    pending: dict[int, Params] = field(default_factory=dict)
    ended: dict[int, Outcome] = field(default_factory=dict)

    def step(self, number: int) -> bool:
        """Ask for a trial, after ending one if as many as may run do; False: none is left."""
        while len(self.pending) >= self.parallel or (self.pending and self.sampler.wait()):
            running = sorted(self.pending)
            self.end(running[bits(number, len(self.ended)) % len(running)])
        params = self.sampler.ask(number)
        if params is None:
            return False
        self.asked[number] = self.pending[number] = params
        return True

    def end(self, number: int) -> None:
        """End a trial with the values of its parameters, one in ten badly."""
        outcome = outcome_of(number, self.pending.pop(number), self.objectives)
        self.ended[number] = outcome
        self.sampler.tell(outcome)

    def restored(self, sampler: Sampler) -> "SweepPlay":
        """The same sweep after a restart, with another instance."""
        ended = [self.ended[number] for number in sorted(self.ended)]
        sampler.restore(dict(self.pending), ended)
        return replace(
            self,
            sampler=sampler,
            asked={},
            pending=dict(self.pending),
            ended=dict(self.ended),
        )


def outcome_of(number: int, params: Params, objectives: int = 1) -> Outcome:
    """How a trial of these tests ends: a bowl over its numbers; every tenth fails or is stopped.

    Args:
        number: Of the trial.
        params: Its parameters.
        objectives: How many values it has.
    """
    numbers = [float(each) for each in params.values() if isinstance(each, int | float)]
    values = tuple(sum((each - at) ** 2 for each in numbers) for at in range(objectives))
    state = {4: STOPPED, 9: FAILED}.get(number % 10, COMPLETED)
    return Outcome(number, params, None if state == FAILED else values, state)


class SamplerContract:
    """The contract."""

    trials = 30
    flat_asks = 20

    def make_sampler(self, setting: Setting) -> Sampler:
        """Make the sampler."""
        raise NotImplementedError

    def space(self) -> Sequence[ParameterSpec]:
        """A space that it can serve."""
        return CONDITIONAL

    def objectives(self) -> Sequence[Objective]:
        """Objectives that it can serve."""
        return [Objective("loss")]

    def setting(self, seed: int = 7) -> Setting:
        """What it is made for in these tests."""
        return Setting(self.space(), self.objectives(), seed=seed, history=60, parallel=3)

    def play(self, seed: int = 7) -> SweepPlay:
        """A sweep with a sampler of its own, which has not begun."""
        return SweepPlay(self.make_sampler(self.setting(seed)), len(self.objectives()))

    def played(self, seed: int = 7) -> SweepPlay:
        """A sweep that has made all its trials."""
        play = self.play(seed)
        all(play.step(number) for number in range(self.trials))
        return play

    def test_draws_from_the_space(self) -> None:
        """Each trial has the parameters of its branch, with values that they can have."""
        for params in self.played().asked.values():
            active = [each for each in in_order(self.space()) if is_active(each, params)]
            assert set(params) == {each.name for each in active}
            for parameter in active:
                assert _is_value(parameter, params[parameter.name]), parameter.name

    def test_same_trials_after_restarts(self) -> None:
        """A sweep whose service was killed three times makes the trials that it had made else."""
        expected = self.played().asked
        play, asked = self.play(), dict[int, Params]()
        cuts = {1 + bits("cut", each) % (self.trials - 1) for each in range(3)}
        for number in range(self.trials):
            if number in cuts:
                asked |= play.asked
                play = play.restored(self.make_sampler(self.setting()))
            if not play.step(number):
                break
        assert asked | play.asked == expected

    def test_other_seeds_give_other_trials(self) -> None:
        """The seed decides."""
        assert self.played(seed=7).asked != self.played(seed=8).asked

    def test_learns_from_other_sweeps(self) -> None:
        """Trials with negative numbers, and of other parameters than it would draw, are taken."""
        play = self.play()
        play.sampler.tell(Outcome(-1, {"lr": 0.01, "unknown": "x"}, None, FAILED))
        values = (1.0,) * len(self.objectives())
        for number in range(-30, -1):
            play.sampler.tell(Outcome(number, {"lr": 0.01, "opt": "other"}, values, COMPLETED))
        assert all(play.step(number) for number in range(3))

    def test_takes_enqueued_trials_and_failed_ones(self) -> None:
        """Trials that it did not draw run among its own, and a sweep in which all fail goes on."""
        play = self.play()
        assert play.step(0)
        first = play.asked[0]
        play.sampler.resume(1, first)
        play.sampler.tell(Outcome(0, first, None, FAILED))
        play.sampler.tell(Outcome(1, first, None, FAILED))
        play.pending.clear()
        for number in range(2, 6):
            params = play.sampler.ask(number)
            assert params is not None
            play.sampler.tell(Outcome(number, params, None, FAILED))

    def test_trial_10_000_costs_what_trial_100_does(self) -> None:
        """The cost of a draw does not grow with the trials that were made before."""
        few, many = self._cost(100), self._cost(10_000)
        assert many < 3 * few + 1e-3, f"{few * 1e3:.2f} ms became {many * 1e3:.2f} ms"

    def test_refuses_a_space_by_name(self) -> None:
        """Whoever cannot serve a space of all kinds says which parameter it is."""
        try:
            self.make_sampler(replace(self.setting(), space=CONDITIONAL))
        except InvalidRequest as error:
            found = str(error)
        else:
            found = "parameter 'none': it serves them all"
        assert found.startswith("parameter '"), found

    def _cost(self, trials: int) -> float:
        """CPU seconds of a draw and of what is told of it, after so many trials."""
        play = self.play()
        points = list(_points(self.space(), 100))
        outcomes = [
            outcome_of(number, points[number % len(points)], len(self.objectives()))
            for number in range(trials)
        ]
        play.sampler.restore({}, outcomes)
        play.step(trials)
        costs = []
        for start in range(3):
            begin = time.process_time()
            for number in range(self.flat_asks):
                play.step(trials + 1 + start * self.flat_asks + number)
            costs.append((time.process_time() - begin) / self.flat_asks)
        return min(costs)


def _points(space: Sequence[ParameterSpec], count: int) -> Iterator[Params]:
    """So many points of a space, drawn at random."""
    sampler = RandomSampler(Setting(space, [Objective("loss")], seed=3))
    for number in range(count):
        params = sampler.ask(number)
        if params is None:
            return
        yield params


def _is_value(parameter: ParameterSpec, value: object) -> bool:
    if parameter.kind in {CHOICE, FIXED}:
        return any(same(value, each) for each in parameter.choices)
    if parameter.whole and not isinstance(value, int):
        return False
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return False
    if parameter.kind == NORMAL:
        return True
    assert parameter.low is not None
    assert parameter.high is not None
    room = (parameter.q or 0) / 2 + _SLACK
    return parameter.low - room <= value <= parameter.high + room
