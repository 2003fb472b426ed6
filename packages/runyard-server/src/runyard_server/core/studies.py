"""The sweeps that are at work in this process: what each has in memory, and who may touch it.

A study (sampler, policy, open trials) is made of the rows when a sweep first needs it. Whoever
changes a sweep holds its place until the change is on disk, so memory and rows never part; a
change that fails drops the study, and the next one makes it anew.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from runyard_server.store.subjects import Subject

IDLE_SECONDS = 300.0
_REMEMBERED = 100

Made = TypeVar("Made")


class Place:
    """Where the study of one sweep is kept; used by one thread at a time."""

    __slots__ = ("lock", "study", "used", "waiting")

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.study: Any = None
        self.waiting = 0
        self.used = 0.0


class Studies:
    """The studies of all sweeps; may be used from any thread."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._places: dict[Subject, Place] = {}
        self._made: dict[Subject, tuple[int, Any]] = {}

    @contextmanager
    def held(self, sweep: Subject) -> Iterator[Place]:
        """Have the place of a sweep to oneself; what fails meanwhile drops the study."""
        with self._guard:
            place = self._places.setdefault(sweep, Place())
            place.waiting += 1
        try:
            with place.lock:
                try:
                    yield place
                except BaseException:
                    # It may be ahead of the rows, so the next one reads these again.
                    place.study = None
                    raise
        finally:
            self._leave(sweep, place)

    def remembered(self, sweep: Subject, of: int, make: Callable[[], Made]) -> Made:
        """What was made of so many trials of a sweep; made anew when there are others.

        Args:
            sweep: The sweep.
            of: How many trials it depends on.
            make: Makes it.
        """
        with self._guard:
            known = self._made.get(sweep)
        if known is not None and known[0] == of:
            found: Made = known[1]
            return found
        made = make()
        with self._guard:
            self._made[sweep] = (of, made)
            while len(self._made) > _REMEMBERED:
                del self._made[next(iter(self._made))]
        return made

    def drop_idle(self, seconds: float = IDLE_SECONDS) -> None:
        """Forget the studies that nobody has touched for some time."""
        before = time.monotonic() - seconds
        with self._guard:
            for sweep, place in list(self._places.items()):
                if place.waiting == 0 and place.used < before:
                    del self._places[sweep]

    def _leave(self, sweep: Subject, place: Place) -> None:
        with self._guard:
            place.waiting -= 1
            place.used = time.monotonic()
            if place.waiting == 0 and place.study is None:
                self._places.pop(sweep, None)
