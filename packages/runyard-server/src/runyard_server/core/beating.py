"""Which interactive runs have a process that beats for them, and when it was heard of last.

Kept in memory for the scheduler, which looks once a second; the database has the processes alone,
so that a service that was started again goes on watching and gives everybody time to be heard.
"""

import threading
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Beating:
    """The process of a run as it was told, and its last beat in microseconds since 1970."""

    process: str
    heard: int = 0


class BeatingRuns:
    """The runs that are watched; may be used from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._runs: dict[int, Beating] = {}

    def note(self, key: int, process: str, now: int = 0) -> bool:
        """Take note of a beat.

        Args:
            key: The run's key.
            process: The process that beats, "" where it is not known.
            now: Microseconds since 1970; 0 for a run of which only the process is known.

        Returns:
            Whether the run was watched with this process before.
        """
        with self._lock:
            before = self._runs.get(key)
            self._runs[key] = Beating(process, now)
            return before is not None and before.process == process

    def forget(self, key: int) -> None:
        """Watch a run no more: it has ended."""
        with self._lock:
            self._runs.pop(key, None)

    def clear(self) -> None:
        """Watch no run any more, as a service does that was started again."""
        with self._lock:
            self._runs.clear()

    def all(self) -> dict[int, Beating]:
        """All that are watched, by key."""
        with self._lock:
            # A copy: requests add to it while the loop goes through it.
            return dict(self._runs)
