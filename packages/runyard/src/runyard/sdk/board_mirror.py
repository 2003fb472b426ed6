"""A folder that follows the logs of runs, for TensorBoard to read.

`<root>/<run id>/…` has what the run has below `logs/`. Files grow here as they grow there: what is
new is asked for, from the last byte on. A run that has no event files gets one from its metrics.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, List, Optional, Sequence

from runyard.client.event_files import MARK
from runyard.protocol.errors import RunyardError
from runyard.sdk.event_export import MetricsExport
from runyard.sdk.run_base import TERMINAL

if TYPE_CHECKING:
    from pathlib import Path

    from runyard.protocol.files import FileRecord

LOGS = "logs/"
LOOK_SECONDS = 2.0
# Metrics are read as a whole: those of a large run less often.
METRICS_SHARE = 10
_BLOCK = 1 << 20


class Mirror:
    """Follows runs until all have ended, or it is stopped.

    Args:
        runs: The runs.
        root: The folder.
    """

    def __init__(self, runs: Sequence[Any], root: Path) -> None:
        self._follows = [_Follow(run, root / run.id) for run in runs]
        self._stopped = threading.Event()
        self._thread: Optional[threading.Thread] = None

    def start(self) -> None:
        """Bring what is there, and go on in a thread."""
        left = _advanced(self._follows)
        if left:
            self._thread = threading.Thread(
                target=self._go_on, args=(left,), name="mirror", daemon=True
            )
            self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()
        for each in self._follows:
            each.close()

    def _go_on(self, left: List[_Follow]) -> None:
        while left and not self._stopped.wait(LOOK_SECONDS):
            left = _advanced(left)


def _advanced(follows: List[_Follow]) -> List[_Follow]:
    """Advance each; return those that go on."""
    return [each for each in follows if each.advance()]


class _Follow:
    """One run's folder.

    Args:
        run: The run.
        folder: Its folder.
    """

    def __init__(self, run: Any, folder: Path) -> None:
        self._run = run
        self._folder = folder
        self._metrics: Optional[MetricsExport] = None
        self._next = 0.0
        folder.mkdir(parents=True, exist_ok=True)

    def advance(self) -> bool:
        """Bring what is new; say whether more may come."""
        service = self._run.service
        try:
            # First the state: what is brought after a run's end is all of it.
            ended = service.runs.get(self._run.id).status in TERMINAL
            found = list(service.files.list(self._run.id, LOGS))
            for record in found:
                self._bring(record)
            if not any(MARK in record.path for record in found):
                self._write_metrics(ended)
        except (OSError, RunyardError):
            # The service is away, or a file has just been replaced: the next look tells.
            return True
        return not ended

    def close(self) -> None:
        if self._metrics is not None:
            self._metrics.close()

    def _bring(self, record: FileRecord) -> None:
        parts = record.path[len(LOGS) :].split("/")
        place = self._folder.joinpath(*parts)
        have = place.stat().st_size if place.exists() else 0
        if have == record.size and (have or place.exists()):
            return
        begin = have if have < record.size else 0
        place.parent.mkdir(parents=True, exist_ok=True)
        source = self._run.service.files.open(self._run.id, record.path, begin)
        with source as stream, place.open("ab" if begin else "wb") as file:
            for block in iter(lambda: stream.read(_BLOCK), b""):
                file.write(block)

    def _write_metrics(self, ended: bool) -> None:
        begun = time.monotonic()
        if begun < self._next and not ended:
            return
        if self._metrics is None:
            self._metrics = MetricsExport(self._folder)
        self._metrics.add(self._run.service.metrics.list(self._run.id))
        self._next = time.monotonic() + METRICS_SHARE * (time.monotonic() - begun)
