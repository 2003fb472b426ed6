"""Clocks that tests hold: one stands still until it is moved, one moves at each look.

And how long something may take on a machine that has other things to do, too.
"""

import os
import time

from runyard_server.core.clock import Clock

SECOND = 1_000_000
_SAMPLE_SECONDS = 0.03


class FakeClock(Clock):
    """The time as a test wants it.

    Args:
        now: Microseconds since 1970.
    """

    def __init__(self, now: int = 1_600_000_000 * SECOND) -> None:
        self.now = now

    def now_us(self) -> int:
        """The time in microseconds since 1970, UTC."""
        return self.now

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now += round(seconds * SECOND)


class TickingClock(Clock):
    """A clock that moves one second at each look, so that no two times are equal."""

    def __init__(self) -> None:
        self.now = 1_600_000_000 * SECOND

    def now_us(self) -> int:
        """The time in microseconds since 1970, UTC."""
        self.now += SECOND
        return self.now


def of_an_idle_machine(seconds: float) -> float:
    """How long that may take just now which takes at most so many seconds where nothing else runs.

    A limit says what a user sees. Tests run beside one another, so a plain one would tell of those.
    """
    load = os.getloadavg()[0] / (os.cpu_count() or 1)
    # The average knows nothing yet of what has begun a few seconds ago.
    begun, used = time.monotonic(), time.thread_time()
    while time.thread_time() - used < _SAMPLE_SECONDS:
        pass
    slower = max(1.0, load, (time.monotonic() - begun) / _SAMPLE_SECONDS)
    # Twice: several processes have to come to their turn one after the other.
    return seconds * (2 * slower - 1)
