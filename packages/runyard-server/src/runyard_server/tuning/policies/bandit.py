"""Stops trials that are too far behind the best of all."""

import math
from bisect import bisect_right
from collections.abc import Sequence

from runyard.protocol.errors import InvalidRequest
from runyard_server.tuning.base import Setting
from runyard_server.tuning.options import optional_positive
from runyard_server.tuning.policies.judging import Judge, Track, worse


class BanditPolicy(Judge):
    """Stops a trial whose best value is worse than the best of all so far, less a slack.

    With b the trial's best up to a position and B that of all trials up to the same position, it is
    stopped when, to maximize, b * (1 + slack_factor) < B or b < B - slack_amount; to minimize, when
    b > B * (1 + slack_factor) or b > B + slack_amount. Of a B on the wrong side of zero, where the
    factor would stop the best trial itself, the slack is slack_factor * |B|.

    Args:
        slack_factor: The slack as a part of the best value.
        slack_amount: The slack as an amount; exactly one of the two is given.
    """

    def __init__(
        self,
        setting: Setting,
        interval: int = 1,
        delay: int = 0,
        *,
        slack_factor: float | None = None,
        slack_amount: float | None = None,
    ) -> None:
        super().__init__(setting, interval, delay)
        self._factor = optional_positive(slack_factor, "slack_factor")
        self._amount = optional_positive(slack_amount, "slack_amount")
        if (self._factor is None) is (self._amount is None):
            raise InvalidRequest(
                "the bandit policy needs exactly one of slack_factor and slack_amount, above 0; "
                f"slack_factor is {slack_factor!r} and slack_amount {slack_amount!r}"
            )
        # Positions at which all trials' best grew better, and to what: the best of all up to any
        # position is the last of these before it.
        self._positions: list[int] = []
        self._losses: list[float] = []
        self._warned = False
        self._warnings: list[str] = []

    def learn(self, track: Track) -> None:
        """Keep the best of all up to each position."""
        at = bisect_right(self._positions, track.position)
        if at and self._losses[at - 1] <= track.best:
            return
        start = at - 1 if at and self._positions[at - 1] == track.position else at
        end = at
        # The best of all goes down in steps: those that the new one makes useless fall away. Each
        # is made and removed once, so a value costs a search.
        while end < len(self._losses) and self._losses[end] >= track.best:
            end += 1
        self._positions[start:end] = [track.position]
        self._losses[start:end] = [track.best]

    def judge(self, track: Track) -> str | None:
        """Compare a trial's best with the best of all up to the same position."""
        best = self._losses[bisect_right(self._positions, track.position) - 1]
        bound = self._bound(best)
        if not worse(track.best, bound):
            return None
        slack = "slack_amount" if self._amount else "slack_factor"
        return (
            f"bandit policy: at {track.position} its best {self.objective.name}, "
            f"{self.shown(track.best)}, is beyond the bound {self.shown(bound)}: the best of all "
            f"is {self.shown(best)}, {slack} {self._amount or self._factor:g}"
        )

    def warnings(self) -> Sequence[str]:
        """That the best value has the wrong sign for a factor, once."""
        found, self._warnings = self._warnings, []
        return found

    def _bound(self, best: float) -> float:
        """The worst turned value that may go on, where there is a best one."""
        if self._amount is not None or not math.isfinite(best):
            return best + (self._amount or 0.0)
        assert self._factor is not None
        if best * self.sign < 0:
            self._warn(best)
            return best + self._factor * abs(best)
        # To maximize v1 stops at b * (1 + f) < B, which is b < B / (1 + f), and losses are turned.
        return best / (1 + self._factor) if self.sign < 0 else best * (1 + self._factor)

    def _warn(self, best: float) -> None:
        if not self._warned:
            self._warned = True
            self._warnings.append(
                f"bandit policy: the best {self.objective.name} is {self.shown(best)}, below zero, "
                "where a slack_factor would stop the best trial itself; the slack is taken as that "
                "part of its size. A slack_amount says it plainly"
            )
