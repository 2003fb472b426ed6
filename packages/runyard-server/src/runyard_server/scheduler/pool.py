"""Threads for slow work, which never keep the service from ending.

Like an executor, with daemon threads: what is still under way a few seconds after `close` is left
to the end of the process. All of it can be taken up again by the next one.
"""

import logging
import queue
import threading
import time
from collections.abc import Callable

_log = logging.getLogger(__name__)


class Pool:
    """A few threads and the work that waits for them; threads are started as work comes.

    Args:
        name: Names the threads.
        size: How many there may be.
    """

    def __init__(self, name: str, size: int) -> None:
        self._name = name
        self._size = size
        self._waiting: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._guard = threading.Lock()
        self._threads: list[threading.Thread] = []
        # Works that no thread has begun, and threads that are at work on none.
        self._unbegun = 0
        self._free = 0
        self._closed = False

    def submit(self, work: Callable[[], None]) -> None:
        """Have `work` done soon; after `close` it is dropped."""
        with self._guard:
            if self._closed:
                return
            self._unbegun += 1
            self._waiting.put(work)
            # Not by the queue's size: a thread that has just taken a work out of it may not have
            # come to say so, and this one would wait for the end of that, however long it takes.
            if self._unbegun > self._free and len(self._threads) < self._size:
                self._free += 1
                name = f"{self._name}-{len(self._threads)}"
                thread = threading.Thread(target=self._serve, name=name, daemon=True)
                self._threads.append(thread)
                thread.start()

    def close(self, seconds: float) -> None:
        """Drop what waits, and give what is under way some time to end."""
        with self._guard:
            self._closed = True
            for _ in self._threads:
                self._waiting.put(None)
        end = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))

    def _serve(self) -> None:
        while True:
            work = self._waiting.get()
            if work is None:
                return
            with self._guard:
                self._unbegun -= 1
                self._free -= 1
            if not self._closed:
                self._do(work)
            with self._guard:
                self._free += 1

    def _do(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception:  # noqa: BLE001 - a fault in one work must not cost the thread
            _log.exception("work of %s failed", self._name)
