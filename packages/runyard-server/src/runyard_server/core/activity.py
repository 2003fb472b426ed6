"""What the service's process is doing: open requests and streams, and since when it is idle.

The HTTP side counts, `service.status` tells, and the embedded service ends itself by it. It also
carries the way to ask the process to stop, which only the process itself knows.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Activity:
    """The counters of one process; every method may be called from any thread.

    Args:
        now: Seconds that never go backwards.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self.started_us = time.time_ns() // 1000
        self._now = now
        self._lock = threading.Lock()
        self._requests = 0
        self._streams = 0
        self._last = now()
        self._stop: Callable[[], None] | None = None

    @contextmanager
    def request(self) -> Iterator[None]:
        """Count a request while it is open."""
        with self._counted(1, 0):
            yield

    @contextmanager
    def stream(self) -> Iterator[None]:
        """Count a stream while somebody follows it."""
        with self._counted(0, 1):
            yield

    @property
    def streams(self) -> int:
        """How many streams are open."""
        return self._streams

    @property
    def busy(self) -> bool:
        """Whether a request or a stream is open."""
        return self._requests > 0 or self._streams > 0

    def touch(self) -> None:
        """Begin to count idle time anew."""
        self._last = self._now()

    def idle_seconds(self) -> float:
        """The seconds since the last request ended; 0 while one is open."""
        return 0.0 if self.busy else max(0.0, self._now() - self._last)

    def on_stop(self, stop: Callable[[], None]) -> None:
        """Set how the process is asked to stop."""
        self._stop = stop

    def stop(self) -> None:
        """Ask the process to stop; requests that are open are still answered."""
        if self._stop is not None:
            self._stop()

    @contextmanager
    def _counted(self, requests: int, streams: int) -> Iterator[None]:
        # `+=` is a read and a write: two threads at once would lose a count, and the service never
        # end.
        with self._lock:
            self._requests += requests
            self._streams += streams
        try:
            yield
        finally:
            with self._lock:
                self._requests -= requests
                self._streams -= streams
            self.touch()
