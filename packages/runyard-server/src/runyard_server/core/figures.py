"""What this process has counted since it began: requests, ends of runs, environments, delays.

Whoever watches the service reads them (`operations.watching`). They begin at zero with each
process, which is what counters of OpenMetrics may do; nothing here is ever read to decide anything.
"""

import threading
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence

# Seconds. Of requests: most take some milliseconds.
OF_REQUESTS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
# Of waits: between a free place and a long weekend.
OF_WAITS = (1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 14_400.0, 86_400.0)
OF_LAGS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 3600.0)
# How the environment of a run came about: it was there, or somebody waited for it to be made.
FOUND, BUILT = "found", "built"


class Histogram:
    """How often what was how large.

    Args:
        bounds: Upper bounds of the buckets, rising; what is above the last has one of its own.
    """

    __slots__ = ("bounds", "buckets", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = bounds
        self.buckets = [0] * (len(bounds) + 1)
        self.total = 0.0

    def add(self, value: float) -> None:
        """Count a value."""
        self.buckets[bisect_left(self.bounds, value)] += 1
        self.total += value


class Asked:
    """How one route was answered; used in the event loop alone, so without a lock."""

    __slots__ = ("codes", "taken")

    def __init__(self) -> None:
        self.codes: dict[int, int] = {}
        self.taken = Histogram(OF_REQUESTS)

    def answered(self, status: int, seconds: float | None) -> None:
        """Count an answer.

        Args:
            status: The HTTP status.
            seconds: What it took; None where the client had asked to wait for news.
        """
        self.codes[status] = self.codes.get(status, 0) + 1
        if seconds is not None:
            self.taken.add(seconds)


class Figures:
    """The counts of one process; every method may be called from any thread.

    Attributes:
        requests: How routes were answered, by their names; see `Asked`.
        ended: Runs that have ended, by workspace and status.
        waited: How long runs that have ended were in a queue.
        environments: How the environments of runs came about: FOUND or BUILT.
        lag: From when a job logged something until it was on disk here.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._turned: float | None = None
        self.requests: dict[str, Asked] = {}
        self.ended: Counter[tuple[str, str]] = Counter()
        self.waited = Histogram(OF_WAITS)
        self.environments: Counter[str] = Counter()
        self.lag = Histogram(OF_LAGS)

    def of(self, route: str) -> Asked:
        """The counts of a route."""
        return self.requests.setdefault(route, Asked())

    def run_ended(self, workspace: str, status: str, queued: float | None) -> None:
        """Count a run that has ended.

        Args:
            workspace: Its workspace.
            status: How it ended.
            queued: How many seconds it was in a queue; None where it never was.
        """
        with self._lock:
            self.ended[workspace, status] += 1
            if queued is not None:
                self.waited.add(queued)

    def environment(self, how: str, count: int = 1) -> None:
        """Count environments that runs have now: FOUND or BUILT."""
        with self._lock:
            self.environments[how] += count

    def arrived(self, seconds: float) -> None:
        """Count what came so many seconds after it had been logged."""
        with self._lock:
            # Clocks of two machines differ.
            self.lag.add(max(0.0, seconds))

    def turned(self) -> None:
        """Note that the scheduler's loop goes round."""
        self._turned = time.monotonic()

    def seconds_since_turn(self) -> float | None:
        """How long ago the scheduler's loop went round; None where it never has in this process."""
        return None if self._turned is None else time.monotonic() - self._turned
