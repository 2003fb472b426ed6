"""Workers and parameter servers (TensorFlow), each told its part by TF_CONFIG."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runyard.runtime.launchers.tasks import CHIEF, EVALUATOR, SERVER, WORKER, TaskLauncher

if TYPE_CHECKING:
    from runyard.runtime.job import Job


class ParameterServerLauncher(TaskLauncher):
    """Parameter servers never end by themselves: they are stopped when the workers have ended.

    With a chief, as under TensorFlow 2's coordinator, the workers serve too, and it decides alone.
    """

    kinds = (CHIEF, WORKER, SERVER, EVALUATOR)

    def decides(self, job: Job, kind: str) -> bool:
        """See TaskLauncher."""
        return kind == (CHIEF if job.launcher.get("chief_count") else WORKER)
