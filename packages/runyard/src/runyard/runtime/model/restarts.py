"""When a worker that died is started again.

After 0.1, 1, 5, 15 and 60 seconds, from the first again once one has lived for a minute. Five
deaths in a row within a minute of their start, or two of `init()`, are called giving up: it is
still tried once a minute, since what was missing may come back.
"""

from __future__ import annotations

from typing import NamedTuple

PAUSES = (0.1, 1.0, 5.0, 15.0, 60.0)
LONG_ENOUGH = 60.0
MOST_DEATHS, MOST_INITS = 5, 2


class Verdict(NamedTuple):
    """What to do after a death, in seconds; see `frames.WorkerNews` for the rest."""

    pause: float
    giving_up: bool
    final: bool


class Restarts:
    """Counts deaths.

    Attributes:
        deaths: All of them.
    """

    def __init__(self) -> None:
        self.deaths = 0
        self._row = 0
        self._inits = 0

    def died(self, lived: float, in_init: bool) -> Verdict:
        """Take a death into account.

        Args:
            lived: Seconds from its start.
            in_init: Whether its `init()` raised or took too long.
        """
        self.deaths += 1
        self._row = self._row + 1 if lived < LONG_ENOUGH or in_init else 1
        self._inits = self._inits + 1 if in_init else 0
        final = self._inits >= MOST_INITS
        if final or self._row >= MOST_DEATHS:
            return Verdict(PAUSES[-1], giving_up=True, final=final)
        return Verdict(PAUSES[min(self._row, len(PAUSES)) - 1], giving_up=False, final=False)
