"""Stops trials that have not become better for a while."""

import math

from runyard.protocol.errors import InvalidRequest
from runyard_server.tuning.base import Setting
from runyard_server.tuning.options import at_least
from runyard_server.tuning.policies.judging import Judge, Track


class PatiencePolicy(Judge):
    """Stops a trial that has logged so many values without one that is better by enough.

    Args:
        patience: How many values may pass.
        min_delta: By how much a value must be better than the best to count.
    """

    def __init__(
        self,
        setting: Setting,
        interval: int = 1,
        delay: int = 0,
        *,
        patience: int,
        min_delta: float = 0.0,
    ) -> None:
        super().__init__(setting, interval, delay)
        self._patience = at_least(1, patience, "patience")
        if not math.isfinite(min_delta) or min_delta < 0:
            raise InvalidRequest(f"min_delta is {min_delta!r}; it must be 0 or more")
        self._min_delta = min_delta
        self._waits: dict[int, tuple[float, int]] = {}

    def learn(self, track: Track) -> None:
        """Count the values since the best that was better by enough."""
        best, waited = self._waits.get(track.trial, (math.inf, 0))
        better = track.last < best - self._min_delta
        self._waits[track.trial] = (track.last, 0) if better else (best, waited + 1)

    def judge(self, track: Track) -> str | None:
        """Stop a trial that has not become better for long."""
        best, waited = self._waits[track.trial]
        if waited < self._patience:
            return None
        enough = f" by more than {self._min_delta:g}" if self._min_delta else ""
        return (
            f"patience policy: at {track.position} its {self.objective.name} has not become better "
            f"than {self.shown(best)}{enough} for {waited} values"
        )
