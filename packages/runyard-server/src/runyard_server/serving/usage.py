"""How busy a deployment is, and what it has answered."""

from collections import deque

_WINDOW = 10.0
_STEP = 1.0


class Usage:
    """Counts of one deployment; times are the loop's."""

    def __init__(self) -> None:
        self.busy = 0
        self.requests = 0
        self.failures = 0
        self.last_request = 0.0
        self._capacity = 0
        # Busy seconds until `_at`, and the same at moments of the last ten seconds.
        self._area = 0.0
        self._room = 0.0
        self._at = 0.0
        self._marks: deque[tuple[float, float, float]] = deque()

    def arranged(self, now: float, capacity: int, busy: int) -> None:
        """Workers came or went.

        Args:
            now: The time.
            capacity: How many calls can run at once from now on.
            busy: How many do.
        """
        self._advance(now)
        self._capacity, self.busy = capacity, busy

    def began(self, now: float) -> None:
        """A call runs."""
        self._advance(now)
        self.busy += 1

    def ended(self, now: float) -> None:
        """A call runs no more."""
        self._advance(now)
        self.busy -= 1

    def utilization(self, now: float) -> float:
        """The share of what could have run over the last ten seconds."""
        self._advance(now)
        while len(self._marks) > 1 and self._marks[1][0] <= now - _WINDOW:
            self._marks.popleft()
        if not self._marks:
            return 0.0
        _, area, room = self._marks[0]
        return (self._area - area) / (self._room - room) if self._room > room else 0.0

    def _advance(self, now: float) -> None:
        passed = now - self._at
        self._area += self.busy * passed
        self._room += self._capacity * passed
        self._at = now
        if not self._marks or now - self._marks[-1][0] >= _STEP:
            self._marks.append((now, self._area, self._room))
            while len(self._marks) > 1 and self._marks[1][0] <= now - _WINDOW:
                self._marks.popleft()
