"""Stops trials whose best is worse than the others were on average."""

from array import array
from bisect import insort

from runyard_server.tuning.base import Setting
from runyard_server.tuning.policies.judging import Judge, Track, worse


class MedianPolicy(Judge):
    """Stops a trial whose best value so far is worse than the median of the others' means so far.

    Others are all trials that have reached the same position, also ended ones.
    """

    def __init__(self, setting: Setting, interval: int = 1, delay: int = 0) -> None:
        super().__init__(setting, interval, delay)
        # Eight bytes a value, where a list of floats takes four times as much.
        self._means: dict[int, array[float]] = {}

    def judge(self, track: Track) -> str | None:
        """Compare a trial's best with the means of the others at the same position."""
        # By interval, not by position: steps need not come one by one, so no other trial may have
        # been at exactly this one.
        others = self._means.setdefault(track.position // self.interval, array("d"))
        bound, count = _median(others), len(others)
        insort(others, track.mean)
        if bound is None or not worse(track.best, bound):
            return None
        return (
            f"median policy: at {track.position} its best {self.objective.name} is "
            f"{self.shown(track.best)}, worse than {self.shown(bound)}, the median of the means of "
            f"{count} other{'s' if count > 1 else ''}"
        )


def _median(ordered: "array[float]") -> float | None:
    if not ordered:
        return None
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return (ordered[middle - 1] + ordered[middle]) / 2
