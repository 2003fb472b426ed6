"""Frees the trash and collects contents, in a thread of its own: either may take minutes.

When the last pass of the collector was is the age of a file, because most services end before they
are a day old.
"""

import logging
import time
from functools import partial
from pathlib import Path

from runyard_server.core.system import System
from runyard_server.execution import purging
from runyard_server.scheduler.pool import Pool
from runyard_server.store.trash import TrashRow

_log = logging.getLogger(__name__)
_DAY = 24 * 3600.0
_CLOSE_SECONDS = 5.0


class TrashWork:
    """What is freed and collected in the background.

    Args:
        system: The service's parts.
    """

    def __init__(self, system: System) -> None:
        self._system = system
        self._pool = Pool("trash", 1)
        # When contents of what was freed may go.
        self._again: float | None = None
        self._busy = False

    def free(self) -> None:
        """Free what is over, and finish what a service before has begun to move."""
        if not self._busy:
            purging.take_up_hidden(self._system)
        found = purging.due(self._system)
        if found and not self._busy:
            self._busy = True
            self._pool.submit(partial(self._free, found))

    def collect(self) -> None:
        """Make a pass if the last one is a day old, or something was freed a minute ago."""
        if self.is_waiting() or _age(self._stamp) >= _DAY:
            self._again = None
            self._stamp.touch()
            self._pool.submit(self._collect)

    def is_waiting(self) -> bool:
        """Whether contents of what was freed may go now."""
        return self._again is not None and self._again <= time.monotonic()

    def close(self) -> None:
        """Finish the step that is under way."""
        self._pool.close(_CLOSE_SECONDS)

    @property
    def _stamp(self) -> Path:
        return self._system.home.collected

    def _free(self, found: list[TrashRow]) -> None:
        # Needed where something was deleted: a start does without it.
        from runyard_server.operations import trash

        try:
            for entry in found:
                try:
                    trash.finish(self._system, entry.workspace, entry.key)
                    purging.purge_entry(self._system, entry)
                except Exception:  # noqa: BLE001 - what was deleted after it must not wait for it
                    _log.exception("%s %s of the trash is not freed", entry.kind, entry.subject)
        finally:
            self._busy = False
            self._again = time.monotonic() + purging.SHORTEST / 1_000_000 + 1.0

    def _collect(self) -> None:
        from runyard_server.execution import collecting

        done = collecting.collect(self._system)
        if done.removed:
            _log.info("%d contents were removed: %d bytes are free", done.removed, done.size)


def _age(path: Path) -> float:
    """Seconds since a file was touched; one that is not there is made now."""
    if not path.exists():
        path.touch(mode=0o600)
    return time.time() - path.stat().st_mtime
