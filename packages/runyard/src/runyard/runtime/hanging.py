"""Processes that do not end although others have: the exit deadline of a run with several.

When the first process that decides has completed, the rest have some seconds left, if the run's
spec says how many. On one node its agent watches over that; over several nodes the service does,
which alone sees all, and its answer to a beat names those that hang.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, List, Optional, Sequence

if TYPE_CHECKING:
    from runyard.runtime.job import Job
    from runyard.runtime.managed_process import ManagedProcess


class ExitDeadline:
    """How long the processes of a node may outlast the first that has completed.

    Args:
        job: The job; with several nodes nothing is decided here.
    """

    def __init__(self, job: Job) -> None:
        seconds = job.launcher.get("exit_deadline_seconds")
        self._seconds: Optional[float] = seconds if job.nodes == 1 else None
        self._node = job.node_name

    def left(self, started: Sequence[ManagedProcess]) -> Optional[float]:
        """The seconds that are left, None while there is no deadline."""
        if self._seconds is None:
            return None
        from runyard.protocol import exit_deadline

        completed = [each.ended_at for each in _completed(started)]
        running = len(unended(started))
        return exit_deadline.left(completed, running, self._seconds, time.time())

    def reason(self, started: Sequence[ManagedProcess]) -> str:
        """Who hangs, "" while nobody does."""
        left = self.left(started)
        if left is None or left > 0:
            return ""
        from runyard.protocol import exit_deadline

        first = min(_completed(started), key=lambda each: each.ended_at)
        late = [_where(each.plan.name, self._node) for each in unended(started)]
        return exit_deadline.text(late, _where(first.plan.name, self._node), self._seconds or 0)


def unended(started: Sequence[ManagedProcess]) -> List[ManagedProcess]:
    """Those that decide and still run."""
    return [each for each in started if _counts(each) and each.ended() is None]


def _completed(started: Sequence[ManagedProcess]) -> List[ManagedProcess]:
    return [each for each in started if _counts(each) and each.ended() == 0]


def _counts(each: ManagedProcess) -> bool:
    """Whether it is one that decides, and not mpirun or its daemon, which only start those."""
    return each.plan.decisive and bool(each.plan.tasks)


def _where(name: str, node: str) -> str:
    return f"{name} on {node}" if node else name
