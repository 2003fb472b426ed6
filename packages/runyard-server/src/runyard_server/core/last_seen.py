"""When each agent was heard of last: every beat, also those that are not worth a write.

Kept in memory alone. A service that was started again has heard of nobody, and gives everybody
time to be heard.
"""

import threading


class LastSeen:
    """Times of the last beats, in microseconds since 1970; may be used from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._times: dict[tuple[int, int], int] = {}

    def note(self, key: int, node: int, now: int) -> None:
        """Take note of a beat.

        Args:
            key: The run's key.
            node: The node's number.
            now: Microseconds since 1970.
        """
        with self._lock:
            self._times[key, node] = now

    def last(self, key: int, node: int) -> int:
        """Give the time of a node's last beat, 0 where none is known."""
        with self._lock:
            return self._times.get((key, node), 0)

    def forget(self, key: int) -> None:
        """Drop a run's times: it has ended."""
        with self._lock:
            for where in [where for where in self._times if where[0] == key]:
                del self._times[where]
