"""Clocks that tests hold: one stands still until it is moved, one moves at each look."""

from runyard_server.core.clock import Clock

SECOND = 1_000_000


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
