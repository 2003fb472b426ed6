"""When each agent was heard of last: every beat, also those that are not worth a write.

Kept in memory alone. A service that was started again has heard of nobody, and gives everybody
time to be heard.
"""

import threading

from runyard_server.store.subjects import Subject


class LastSeen:
    """Times of the last beats, in microseconds since 1970; may be used from any thread.

    An agent is known by the subject that it works for and its number there: a node of a run.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._times: dict[Subject, dict[int, int]] = {}

    def note(self, subject: Subject, number: int, now: int) -> None:
        """Take note of a beat.

        Args:
            subject: What the agent works for.
            number: The agent's number there.
            now: Microseconds since 1970.
        """
        with self._lock:
            self._times.setdefault(subject, {})[number] = now

    def last(self, subject: Subject, number: int) -> int:
        """The time of an agent's last beat, 0 where none is known."""
        with self._lock:
            return self._times.get(subject, {}).get(number, 0)

    def clear(self) -> None:
        """Drop all times, as a service does that was started again."""
        with self._lock:
            self._times.clear()

    def forget(self, subject: Subject) -> None:
        """Drop the times of all agents of a subject: it has ended."""
        with self._lock:
            self._times.pop(subject, None)
