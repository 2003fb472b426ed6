"""What policies share: trials' values, turned so that small is good, looked at when it is time."""

import math
from abc import abstractmethod
from dataclasses import dataclass

from runyard.protocol.sweeps import MAXIMIZE
from runyard_server.tuning.base import Policy, Setting, Verdict

_NEAR = 1e-12


@dataclass(slots=True)
class Track:
    """What is known of a trial by its values, turned so that small is good."""

    trial: int
    position: int = -1
    count: int = 0
    total: float = 0.0
    best: float = math.inf
    last: float = math.inf
    judged: bool = False

    def add(self, position: int, loss: float) -> None:
        """Take a value in.

        Args:
            position: Where it was logged, beyond the last one.
            loss: The value, turned so that small is good.
        """
        self.position = position
        self.count += 1
        self.total += loss
        self.best = min(self.best, loss)
        self.last = loss

    @property
    def mean(self) -> float:
        """Of all values."""
        return self.total / self.count


class Judge(Policy):
    """A policy that judges a trial by its values, at the positions that are due.

    A position is due when it is a multiple of the interval, or the first beyond one, for steps need
    not come one by one. Trials that are learned from, with negative numbers, are never judged.
    """

    def __init__(self, setting: Setting, interval: int = 1, delay: int = 0) -> None:
        super().__init__(setting, interval, delay)
        self.objective = setting.objectives[0]
        self.sign = -1.0 if self.objective.goal == MAXIMIZE else 1.0
        self._tracks: dict[int, Track] = {}

    def report(self, trial: int, position: int, value: float) -> Verdict | None:
        """Take a value of a trial in, and decide.

        Args:
            trial: Its number.
            position: The step, or how many values the trial has logged.
            value: What was logged.
        """
        track = self._tracks.get(trial)
        if track is None:
            track = self._tracks[trial] = Track(trial)
        if track.count and position <= track.position:
            return None
        before = track.position
        track.add(position, self.loss(value))
        self.learn(track)
        if not self._is_due(before, position):
            return None
        # Also trials that are judged no more are there for others to be compared with.
        reason = self.judge(track)
        if reason is None or track.judged or trial < 0:
            return None
        track.judged = True
        return Verdict(trial, position, reason, pause=self.pauses(track))

    def pauses(self, track: Track) -> bool:
        """Whether a trial that stops may go on later.

        Args:
            track: The trial that `judge` has just stopped.
        """
        del track
        return False

    def learn(self, track: Track) -> None:
        """Note a value of a trial, whether it is looked at now or not.

        Args:
            track: The trial, with its newest value.
        """
        del track

    @abstractmethod
    def judge(self, track: Track) -> str | None:
        """Note a trial that is looked at, and say why it should stop, or None.

        Args:
            track: The trial, with its newest value.
        """

    def loss(self, value: float) -> float:
        """A value turned so that small is good; what is not finite is worse than anything."""
        return value * self.sign if math.isfinite(value) else math.inf

    def shown(self, loss: float) -> str:
        """A turned value as it was logged, for people."""
        return f"{loss * self.sign:.6g}" if math.isfinite(loss) else "not a finite number"

    def _is_due(self, before: int, position: int) -> bool:
        passed = position // self.interval > max(before, 0) // self.interval
        return position >= self.delay and (passed or self.due(position))


def worse(loss: float, bound: float) -> bool:
    """Whether a turned value is beyond a bound, and not only by what floats lose on the way.

    0.8 - 0.1 is 0.7000000000000001: a trial with 0.7 is at that bound, and stays.

    Args:
        loss: The value.
        bound: The bound.
    """
    return loss > bound and not math.isclose(loss, bound, rel_tol=_NEAR)
