"""Pipelines: steps begin when all that they need has completed, and the end is noticed.

Turns are taken in threads, for they look at files; `operations/pipeline_turns` says what one does.
"""

from collections.abc import Iterable

from runyard.protocol.environments import EnvironmentDefinition, LockRecord
from runyard_server.core.system import System
from runyard_server.execution.sites import site_of
from runyard_server.execution.unfinished import unfinished_pipelines
from runyard_server.operations import environments
from runyard_server.scheduler.preparation import Locks
from runyard_server.scheduler.stepping import SteppingReconciler
from runyard_server.store.runs import RunRow
from runyard_server.store.subjects import PIPELINE, Subject


class PipelineReconciler(SteppingReconciler):
    """The pipelines of all workspaces.

    Args:
        system: The service's parts.
        locks: Knows which lock a definition has.
    """

    kind = PIPELINE

    def __init__(self, system: System, locks: Locks) -> None:
        super().__init__(system)
        self._locks = locks

    def subjects(self) -> Iterable[Subject]:
        """The pipelines that have not ended."""
        return unfinished_pipelines(self._system)

    def advance(self, subject: Subject) -> int | None:
        """Take the next steps of a pipeline."""
        from runyard_server.operations import pipeline_turns

        return pipeline_turns.advance(self._system, subject, self._lock)

    def _lock(
        self, step: RunRow, definition: EnvironmentDefinition
    ) -> tuple[LockRecord | None, bool]:
        """The lock that a definition has on a step's nodes, if it has one; and whether for GPUs."""
        gpu = site_of(self._system, step).backend.capabilities().gpus > 0
        digest = self._locks.definition_hash(definition, gpu=gpu)
        return environments.cached_lock(self._system, digest), gpu
