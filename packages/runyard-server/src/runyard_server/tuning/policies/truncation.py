"""Stops the worst part of all trials at each position."""

from array import array
from bisect import bisect_left, insort

from runyard.protocol.errors import InvalidRequest
from runyard_server.tuning.base import Setting
from runyard_server.tuning.policies.judging import Judge, Track

_HUNDRED = 100


class TruncationPolicy(Judge):
    """Stops a trial whose best value is among the worst of all that have reached the position.

    Ended trials count. Of N trials the worst floor(N * percentage / 100) stop; trials that are as
    good as each other are all among the worst, or none is.

    Args:
        percentage: How many of a hundred, from 1 to 99.
        exclude_finished: Count only trials that have not ended.
    """

    def __init__(
        self,
        setting: Setting,
        interval: int = 1,
        delay: int = 0,
        *,
        percentage: int,
        exclude_finished: bool = False,
    ) -> None:
        super().__init__(setting, interval, delay)
        if not 1 <= percentage < _HUNDRED:
            raise InvalidRequest(
                f"the percentage of the truncation policy is {percentage!r}; it must be a whole "
                "number from 1 to 99"
            )
        self._percentage = percentage
        self._exclude = exclude_finished
        self._bests: dict[int, array[float]] = {}
        # Where a trial that has not ended stands in these, if it will have to be taken out again.
        self._stands: dict[int, list[tuple[int, float]]] = {}

    def judge(self, track: Track) -> str | None:
        """Rank a trial's best among those of all at the same position."""
        place = track.position // self.interval
        bests = self._bests.setdefault(place, array("d"))
        insort(bests, track.best)
        if self._exclude:
            self._stands.setdefault(track.trial, []).append((place, track.best))
        cut = len(bests) * self._percentage // _HUNDRED
        # Counted from the first of its equals, so that all of them are among the worst or none is.
        if len(bests) - bisect_left(bests, track.best) > cut:
            return None
        return (
            f"truncation policy: at {track.position} its best {self.objective.name}, "
            f"{self.shown(track.best)}, is among the worst {cut} of {len(bests)} "
            f"({self._percentage} %)"
        )

    def ended(self, trial: int) -> None:
        """Take a trial's values out again, where only those count that go on.

        Args:
            trial: Its number.
        """
        super().ended(trial)
        for place, best in self._stands.pop(trial, []):
            bests = self._bests[place]
            del bests[bisect_left(bests, best)]
