"""Run folders on this machine: removed once a run has ended and all it left is delivered.

What a run leaves is in the history by then; the folder (working copy, spool, private files) is
scratch. A folder from which something could not be delivered stays, without what is private in it,
and the setting `keep_run_folders` keeps them all.
"""

import logging
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from runyard.protocol.timeouts import FOLDERS_CLOSE_SECONDS
from runyard_server.core.system import System
from runyard_server.execution import active_runs, run_containers, run_folders
from runyard_server.scheduler.pool import Pool
from runyard_server.store.job_nodes import JobNodeRow
from runyard_server.store.runs import RunRow

_log = logging.getLogger(__name__)


class RunFolders:
    """The folders below `runs/` of the state folder.

    Args:
        system: The service's parts.
    """

    def __init__(self, system: System) -> None:
        self._system = system
        # What is older was there before this service: no submit works on it.
        self._begun = time.time()
        self._pool = Pool("folders", 1)

    def collect(self, row: RunRow) -> None:
        """Remove the folder of an ended run, none of whose processes lives, in the background."""
        self._submit(self._collect, row)

    def sweep(self, watch: Callable[[RunRow, JobNodeRow], None]) -> None:
        """Find what a process before left, in the background.

        Args:
            watch: Called with the launched nodes of each run that has ended: an agent may still
                live, and whoever sees it gone collects the folder.
        """
        self._submit(self._sweep, watch)

    def close(self) -> None:
        """Finish what was begun."""
        self._pool.close(FOLDERS_CLOSE_SECONDS)

    def _submit(self, work: Callable[..., None], *given: object) -> None:
        self._pool.submit(partial(work, *given))

    def _collect(self, row: RunRow) -> None:
        folder = self._system.home.run(row.id)
        if self._system.settings.keep_run_folders or not folder.is_dir():
            return
        if active_runs.is_delivered(self._system, row.key):
            run_folders.discard(folder)
        elif active_runs.has_ended(self._system, row.key):
            run_folders.keep_undelivered(folder)

    def _sweep(self, watch: Callable[[RunRow, JobNodeRow], None]) -> None:
        active = active_runs.active_ids(self._system)
        for folder in self._system.home.runs.iterdir():
            found = active_runs.launched_run(self._system, folder.name)
            if found is not None:
                row, nodes = found
                if not row.active:
                    self._look_after(row, nodes, watch)
            elif folder.name not in active and _is_left(folder, self._begun):
                run_folders.discard(folder)
        swept = run_containers.sweep(self._system)
        if swept:
            _log.info("removed %d containers of runs that have ended", swept)

    def _look_after(
        self,
        row: RunRow,
        nodes: Sequence[JobNodeRow],
        watch: Callable[[RunRow, JobNodeRow], None],
    ) -> None:
        launched = [node for node in nodes if node.handle is not None]
        for node in launched:
            watch(row, node)
        if not launched:
            self._collect(row)


def _is_left(folder: Path, begun: float) -> bool:
    """Whether a folder of no run was there before this service was: no submit works on it."""
    try:
        return folder.stat().st_mtime < begun and not run_folders.is_undelivered(folder)
    except FileNotFoundError:
        return False
