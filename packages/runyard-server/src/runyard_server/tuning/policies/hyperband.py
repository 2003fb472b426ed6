"""Hyperband: several ladders of successive halving, which begin to look sooner or later.

Li et al., Hyperband (2018), with asynchronous ladders. How soon bad trials can be told from good
ones is not known before, so a part of the trials has a later first rung.
"""

from collections.abc import Sequence

from runyard_server.tuning.chance import uniform
from runyard_server.tuning.policies.halving import AshaPolicy, Rung


class HyperbandPolicy(AshaPolicy):
    """Successive halving in brackets s = 0, 1, … whose first rungs are at min_steps * factor^s.

    A trial is dealt to a bracket by its number and the sweep's seed; each bracket gets the share of
    trials that Hyperband's equal budgets give it. The options are those of ASHA.
    """

    name = "hyperband"

    def ladders(self, min_steps: int, max_steps: int) -> list[list[Rung]]:
        """A ladder for each bracket.

        Args:
            min_steps: The first rung of bracket 0.
            max_steps: The steps of a whole trial; the last bracket's trials all make them.
        """
        found = []
        while min_steps <= max_steps:
            found.append(self.ladder(min_steps, max_steps))
            min_steps *= self._factor
        return found

    def ladder_of(self, trial: int) -> list[Rung]:
        """The ladder of the bracket that a trial is dealt to."""
        chance = uniform(self.setting.seed, trial, "bracket")
        for ladder, share in zip(self._ladders, self.shares(), strict=True):
            chance -= share
            if chance < 0:
                return ladder
        return self._ladders[-1]

    def shares(self) -> Sequence[float]:
        """Which part of all trials each bracket gets: ceil(n * factor^r / (r + 1)), r after it."""
        count = len(self._ladders)
        trials = [-(-count * self._factor**after // (after + 1)) for after in range(count)]
        return [each / sum(trials) for each in reversed(trials)]
