"""Asynchronous successive halving: at each rung only the best part of the trials goes on.

Li et al., A System for Massively Parallel Hyperparameter Tuning (2020). Rungs are at
min_steps * factor^k below max_steps. A trial that reaches a rung goes on if it is among the best
1/factor of all that have reached it so far; nobody waits for the others. What was not good enough
ends, or is paused and goes on later, when so many worse ones have come that it belongs to the best.
"""

from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass, field

from runyard_server.tuning.base import Params, Setting, Successor
from runyard_server.tuning.options import at_least
from runyard_server.tuning.policies.judging import Judge, Track


@dataclass(slots=True)
class Rung:
    """The trials that have reached a number of steps: (turned best value, trial), in order."""

    steps: int
    reached: list[tuple[float, int]] = field(default_factory=list)
    paused: set[int] = field(default_factory=set)

    def enter(self, loss: float, trial: int, factor: int) -> bool:
        """Take a trial in; whether it is among the best.

        Args:
            loss: Its best value, turned.
            trial: Its number.
            factor: One of so many goes on; of fewer the best one.
        """
        # A list kept in order: to insert among ten thousand takes 8 µs.
        insort(self.reached, (loss, trial))
        # Equal ones are as good as the first of them.
        return loss <= self.reached[self.places(factor) - 1][0]

    def places(self, factor: int) -> int:
        """How many are the best."""
        return max(1, len(self.reached) // factor)


@dataclass(slots=True)
class Climb:
    """How far a trial has come: its ladder, the next rung on it, and whom it follows."""

    ladder: list[Rung]
    next: int = 0
    params: Params = field(default_factory=dict)
    before: "Climb | None" = None


class AshaPolicy(Judge):
    """Asynchronous successive halving.

    Args:
        max_steps: The steps of a whole trial; it must log its steps.
        min_steps: After so many steps a trial is looked at first.
        factor: One of so many goes on at each rung.
        stop_only: Whether a trial that is not good enough has ended. Else it is paused, and goes on
            from its checkpoint once it belongs to the best.
    """

    name = "asha"

    def __init__(
        self,
        setting: Setting,
        interval: int = 1,
        delay: int = 0,
        *,
        max_steps: int,
        min_steps: int = 1,
        factor: int = 3,
        stop_only: bool = True,
    ) -> None:
        super().__init__(setting, interval, delay)
        at_least(1, min_steps, f"min_steps of the {self.name} policy")
        at_least(min_steps, max_steps, f"max_steps of the {self.name} policy")
        self._factor = at_least(2, factor, f"factor of the {self.name} policy")
        self._stop_only = stop_only
        self._ladders = self.ladders(min_steps, max_steps)
        self._climbs: dict[int, Climb] = {}
        self._promotable: dict[int, Rung] = {}
        self._followed: set[int] = set()

    def ladders(self, min_steps: int, max_steps: int) -> list[list[Rung]]:
        """The ladders that trials are dealt to, each with its rungs from below.

        Args:
            min_steps: The first rung of the first.
            max_steps: The steps of a whole trial, where no rung is.
        """
        return [self.ladder(min_steps, max_steps)]

    def ladder(self, first: int, max_steps: int) -> list[Rung]:
        """The rungs of one ladder.

        Args:
            first: Steps of the lowest.
            max_steps: The steps of a whole trial, where no rung is.
        """
        rungs = []
        while first < max_steps:
            rungs.append(Rung(first))
            first *= self._factor
        return rungs

    def ladder_of(self, trial: int) -> list[Rung]:
        """The ladder that a trial climbs."""
        del trial
        return self._ladders[0]

    def started(self, trial: int, params: Params, from_trial: int | None = None) -> None:
        """Begin at the lowest rung, or where the trial stood whose checkpoint this one has.

        Args:
            trial: Its number.
            params: Its parameters.
            from_trial: The trial that it goes on from.
        """
        if from_trial is None:
            self._climb(trial).params = params
            return
        before = self._climb(from_trial)
        self._climbs[trial] = Climb(before.ladder, params=params, before=before)
        self._followed.add(from_trial)
        # Also after a restart, which tells of successors that had begun before.
        self._promotable.pop(from_trial, None)

    def judge(self, track: Track) -> str | None:
        """Compare a trial at each rung that it has reached since it was looked at."""
        climb = self._climb(track.trial)
        if climb.before is not None:
            climb.next = max(climb.next, climb.before.next)
        while climb.next < len(climb.ladder) and climb.ladder[climb.next].steps <= track.position:
            rung = climb.ladder[climb.next]
            climb.next += 1
            goes_on = rung.enter(track.best, track.trial, self._factor)
            # One with a verdict and one of another sweep are only there to be compared with.
            if not goes_on and not track.judged and track.trial >= 0:
                rung.paused.add(track.trial)
            self._promote(rung)
            if not goes_on:
                return self._reason(track, rung)
        return None

    def pauses(self, track: Track) -> bool:
        """Whether trials may go on later."""
        del track
        return not self._stop_only

    def successors(self) -> Sequence[Successor]:
        """The paused trials that belong to the best by now."""
        found = [
            Successor(self._climbs[trial].params, trial, self._promotion(trial, rung))
            for trial, rung in sorted(self._promotable.items())
        ]
        self._followed.update(self._promotable)
        self._promotable.clear()
        return found

    def _promote(self, rung: Rung) -> None:
        """Note the paused trial that a rung's best ones have grown to.

        One is looked at: with each trial that comes there is at most one place more.
        """
        _, trial = rung.reached[rung.places(self._factor) - 1]
        if not self._stop_only and trial in rung.paused and trial not in self._followed:
            self._promotable[trial] = rung

    def _promotion(self, trial: int, rung: Rung) -> str:
        return (
            f"{self.name} policy: trial {trial} is among the best {rung.places(self._factor)} of "
            f"{len(rung.reached)} at {rung.steps} steps by now"
        )

    def _climb(self, trial: int) -> Climb:
        climb = self._climbs.get(trial)
        if climb is None:
            climb = self._climbs[trial] = Climb(self.ladder_of(trial))
        return climb

    def _reason(self, track: Track, rung: Rung) -> str:
        places = rung.places(self._factor)
        bound = rung.reached[places - 1][0]
        return (
            f"{self.name} policy: at {track.position} its best {self.objective.name} is "
            f"{self.shown(track.best)}, and not among the best {places} of {len(rung.reached)} "
            f"at {rung.steps} steps, which begin at {self.shown(bound)}"
        )
