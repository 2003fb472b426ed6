"""How busy a deployment is: the share of the calls that could run at once."""

from collections import deque

# So far back looks the rule that scales (`execution.scaling`): less would follow each burst.
_WINDOW = 10.0
_STEP = 1.0


class Usage:
    """How busy one deployment was over the last ten seconds; times are `monotonic`."""

    __slots__ = ("_area", "_at", "_capacity", "_marks", "_next", "_room", "busy")

    def __init__(self) -> None:
        self.busy = 0
        self._capacity = 0
        # Seconds of calls that ran until `_at`, and of such that could have; and both of before.
        self._area = 0.0
        self._room = 0.0
        self._at = 0.0
        self._next = 0.0
        self._marks: deque[tuple[float, float, float]] = deque()

    def arranged(self, now: float, capacity: int, busy: int) -> None:
        """Workers came or went.

        Args:
            now: The time.
            capacity: How many calls can run at once from now on.
            busy: How many do.
        """
        self.moved(now, 0)
        self._capacity, self.busy = capacity, busy

    def moved(self, now: float, calls: int) -> None:
        """So many more calls run."""
        passed = now - self._at
        self._area += self.busy * passed
        self._room += self._capacity * passed
        self._at = now
        self.busy += calls
        if now >= self._next:
            self._next = now + _STEP
            self._mark(now)

    def utilization(self, now: float) -> float:
        """The share of what could have run over the last ten seconds."""
        self.moved(now, 0)
        self._mark(now)
        _, area, room = self._marks[0]
        return (self._area - area) / (self._room - room) if self._room > room else 0.0

    def _mark(self, now: float) -> None:
        marks = self._marks
        marks.append((now, self._area, self._room))
        while len(marks) > 1 and marks[1][0] <= now - _WINDOW:
            marks.popleft()
