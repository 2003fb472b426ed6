"""Equal workers (TensorFlow's MultiWorkerMirroredStrategy), told of each other by TF_CONFIG."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runyard.runtime.launchers.tasks import CHIEF, EVALUATOR, WORKER, TaskLauncher

if TYPE_CHECKING:
    from runyard.runtime.job import Job


class MultiWorkerLauncher(TaskLauncher):
    """All workers, and the chief if there is one, work to the end; an evaluator is stopped then."""

    kinds = (CHIEF, WORKER, EVALUATOR)

    def decides(self, job: Job, kind: str) -> bool:
        """See TaskLauncher."""
        del job
        return kind != EVALUATOR
