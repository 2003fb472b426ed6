"""A clock that stands still until a test moves it."""

from runyard_server.operations.clock import Clock

SECOND = 1_000_000


class FakeClock(Clock):
    """The time as a test wants it.

    Args:
        now: Microseconds since 1970.
    """

    def __init__(self, now: int = 1_600_000_000 * SECOND) -> None:
        self.now = now

    def now_us(self) -> int:
        """Give the time in microseconds since 1970, UTC."""
        return self.now

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now += round(seconds * SECOND)
