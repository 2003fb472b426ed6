"""Stops trials that are not in the best part of all at their position."""

from array import array
from bisect import insort

from runyard.protocol.errors import InvalidRequest
from runyard_server.tuning.base import Setting
from runyard_server.tuning.options import at_least
from runyard_server.tuning.policies.judging import Judge, Track, worse

_HUNDRED = 100.0


class PercentilePolicy(Judge):
    """Stops a trial whose best value is worse than a percentile of the others' best at a position.

    Args:
        percentile: Which part of a hundred goes on, the best; between 0 and 100.
        min_trials: So many others must have reached the position.
    """

    def __init__(
        self,
        setting: Setting,
        interval: int = 1,
        delay: int = 0,
        *,
        percentile: float = 50.0,
        min_trials: int = 5,
    ) -> None:
        super().__init__(setting, interval, delay)
        if not 0 < percentile < _HUNDRED:
            raise InvalidRequest(
                f"the percentile is {percentile!r}; it must be between 0 and 100, and is the part "
                "of the trials that goes on"
            )
        self._part = percentile / _HUNDRED
        self._min_trials = at_least(1, min_trials, "min_trials of the percentile policy")
        self._bests: dict[int, array[float]] = {}

    def judge(self, track: Track) -> str | None:
        """Compare a trial's best with those of the others at the same position."""
        # By interval, since steps need not come one by one.
        others = self._bests.setdefault(track.position // self.interval, array("d"))
        count = len(others)
        # Of a few others the bound is chance: without min_trials the second trial would depend on
        # the first alone.
        bound = quantile(others, self._part) if count >= self._min_trials else None
        insort(others, track.best)
        if bound is None or not worse(track.best, bound):
            return None
        return (
            f"percentile policy: at {track.position} its best {self.objective.name} is "
            f"{self.shown(track.best)}, worse than {self.shown(bound)}, to which the best "
            f"{self._part * _HUNDRED:g} % of {count} others came"
        )


def quantile(ordered: "array[float]", part: float) -> float:
    """The value below which a part of sorted values lies, between two of them where it must be.

    Args:
        ordered: At least one value.
        part: From 0 to 1.
    """
    at = part * (len(ordered) - 1)
    below = int(at)
    if at == below:
        return ordered[below]
    return ordered[below] + (at - below) * (ordered[below + 1] - ordered[below])
