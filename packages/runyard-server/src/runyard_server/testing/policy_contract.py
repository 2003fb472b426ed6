"""What every early termination policy must do, as tests.

Derive a class from `PolicyContract`, say which policy it is, and pytest runs the rest:

    class TestMyPolicy(PolicyContract):
        def make_policy(self, setting, interval, delay): return MyPolicy(setting, interval, delay)
"""

import math
import time
from collections.abc import Iterator

from runyard.protocol.sweeps import MAXIMIZE, MINIMIZE, Objective, ParameterSpec
from runyard_server.tuning.base import Policy, Setting, Verdict
from runyard_server.tuning.chance import bits, uniform

SPACE = (ParameterSpec("lr", "number", low=0.0, high=1.0),)


def setting_for(goal: str = MINIMIZE, seed: int = 7) -> Setting:
    """What a policy is made for in these tests."""
    return Setting(SPACE, [Objective("loss", goal)], seed=seed, parallel=4)


def values_of(trials: int, steps: int, seed: int = 0) -> Iterator[tuple[int, int, float]]:
    """Curves of trials, some at once: which trial, at which position, the value.

    Args:
        trials: How many trials.
        steps: How many values each has.
        seed: Of the values.
    """
    turn = 0
    running = dict.fromkeys(range(min(4, trials)), 0)
    following = len(running)
    while running:
        turn += 1
        trial = sorted(running)[bits(seed, turn) % len(running)]
        running[trial] += 1
        value = 1 / running[trial] + uniform(seed, trial) + uniform(seed, turn) / 10
        yield trial, running[trial], value if turn % 100 else math.nan
        if running[trial] == steps:
            del running[trial]
            if following < trials:
                running[following] = 0
                following += 1


class PolicyContract:
    """The contract."""

    steps = 20

    def make_policy(self, setting: Setting, interval: int = 1, delay: int = 0) -> Policy:
        """Make the policy.

        Args:
            setting: What it is made for.
            interval: A trial is looked at at its multiples.
            delay: No trial is looked at before.
        """
        raise NotImplementedError

    def verdicts(self, policy: Policy, seed: int = 0, *, early: bool = True) -> list[Verdict]:
        """What a policy says of the curves of these tests, whose trials it may end.

        Args:
            policy: The policy, which was told nothing yet.
            seed: Of the curves.
            early: Whether trials end with their verdict.
        """
        found: list[Verdict] = []
        gone: set[int] = set()
        for trial, position, value in values_of(40, self.steps, seed):
            if early and trial in gone:
                continue
            if position == 1:
                policy.started(trial, {"lr": 0.5})
            verdict = policy.report(trial, position, value)
            if verdict is not None:
                found.append(verdict)
                gone.add(trial)
            if position == self.steps and trial not in gone:
                policy.ended(trial)
        return found

    def test_same_values_give_the_same_verdicts(self) -> None:
        """A service that was killed comes to the verdicts that stand already."""
        for goal in (MAXIMIZE, MINIMIZE):
            one, other = (self.make_policy(setting_for(goal)) for _ in range(2))
            assert self.verdicts(one) == self.verdicts(other)

    def test_a_trial_stops_once(self) -> None:
        """A trial has one verdict, also if it goes on logging while it is being stopped."""
        stopped = [each.trial for each in self.verdicts(self.policy(), early=False)]
        assert len(stopped) == len(set(stopped))

    def test_verdicts_say_why(self) -> None:
        """People read which trial stops where, and the reason."""
        for verdict in self.verdicts(self.policy()):
            assert verdict.reason
            assert 1 <= verdict.position <= self.steps

    def test_no_trial_stops_before_the_delay(self) -> None:
        """`delay_evaluation` holds for every policy."""
        delay = self.steps // 2
        policy = self.make_policy(setting_for(), 1, delay)
        assert all(each.position >= delay for each in self.verdicts(policy))

    def test_values_that_are_no_numbers_are_taken(self) -> None:
        """NaN and infinities, and a sweep of nothing else, break nothing."""
        policy = self.policy()
        for trial in range(4):
            policy.started(trial, {"lr": 0.5})
        values = (math.nan, math.inf, -math.inf, math.nan)
        verdicts = [
            policy.report(trial, position, value)
            for position in range(1, 5)
            for trial, value in enumerate(values)
        ]
        assert all(verdict is None or verdict.reason for verdict in verdicts)

    def test_learned_trials_are_not_judged(self) -> None:
        """Trials of other sweeps are compared with, but there is nothing to stop."""
        policy = self.policy()
        for trial in range(-10, 0):
            for position in range(1, self.steps + 1):
                assert policy.report(trial, position, -trial * 1.0) is None

    def test_a_repeated_position_is_passed_over(self) -> None:
        """What is delivered twice counts once."""
        one, other = self.policy(), self.policy()
        found = [
            [policy.report(trial, position, value) for _ in range(times)][:1]
            for policy, times in ((one, 1), (other, 2))
            for trial, position, value in values_of(12, self.steps)
        ]
        half = len(found) // 2
        assert found[:half] == found[half:]

    def test_trial_2_000_costs_what_trial_100_does(self) -> None:
        """The cost of a value does not grow with the number of trials."""
        policy = self.policy()
        few = min(self._cost(policy, first) for first in (100, 150, 200))
        self._cost(policy, 250, 1_750)
        many = min(self._cost(policy, first) for first in (2_000, 2_050, 2_100))
        assert many < 3 * few + 1e-3, f"{few * 1e3:.2f} ms became {many * 1e3:.2f} ms"

    def policy(self) -> Policy:
        """A policy as most tests have it."""
        return self.make_policy(setting_for())

    def _cost(self, policy: Policy, first: int, trials: int = 50) -> float:
        """CPU seconds that the values of so many trials take."""
        begin = time.process_time()
        for trial in range(first, first + trials):
            policy.started(trial, {"lr": 0.5})
            for position in range(1, self.steps + 1):
                policy.report(trial, position, uniform(trial, position))
            policy.ended(trial)
        return time.process_time() - begin
