"""Stops trials whose values leave given bounds."""

import math

from runyard.protocol.errors import InvalidRequest
from runyard_server.tuning.base import Setting
from runyard_server.tuning.policies.judging import Judge, Track


class ThresholdPolicy(Judge):
    """Stops a trial whose value is below a lower or above an upper bound, or no finite number.

    Args:
        lower: The least value that goes on.
        upper: The largest value that goes on; at least one of the two is given.
    """

    def __init__(
        self,
        setting: Setting,
        interval: int = 1,
        delay: int = 0,
        *,
        lower: float | None = None,
        upper: float | None = None,
    ) -> None:
        super().__init__(setting, interval, delay)
        if lower is None and upper is None:
            raise InvalidRequest("the threshold policy needs lower, upper, or both")
        for name, bound in (("lower", lower), ("upper", upper)):
            if bound is not None and not math.isfinite(bound):
                raise InvalidRequest(f"{name} of the threshold policy is {bound!r}; give a number")
        self._lower = -math.inf if lower is None else lower
        self._upper = math.inf if upper is None else upper
        if self._lower > self._upper:
            raise InvalidRequest(
                f"lower of the threshold policy, {lower!r}, is above upper, {upper!r}; swap them"
            )

    def judge(self, track: Track) -> str | None:
        """Compare a trial's newest value with the bounds."""
        value = track.last * self.sign
        start = f"threshold policy: at {track.position} its {self.objective.name} is "
        if not math.isfinite(value):
            return start + "not a finite number"
        if value < self._lower:
            return f"{start}{value:.6g}, below {self._lower:g}"
        if value > self._upper:
            return f"{start}{value:.6g}, above {self._upper:g}"
        return None
