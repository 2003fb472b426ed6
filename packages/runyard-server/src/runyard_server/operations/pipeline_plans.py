"""What a pipeline would do if it were submitted: the questions of a turn, asked ahead.

What a step reads is known where all that comes before it would be reused; what is beyond a step
that runs is open, for that may make the same bytes again. Nothing is written but digests of files
that were read for the first time, as for any other question about them.
"""

import time
from collections.abc import Sequence
from dataclasses import replace

from runyard.protocol import runs as states
from runyard.protocol.environments import EnvironmentDefinition, LockRecord
from runyard.protocol.errors import RunyardError
from runyard.protocol.pipelines import (
    FAILS,
    OPEN,
    REUSED,
    RUNS,
    NodeSpec,
    OutputRecord,
    PipelinePlan,
    PlannedStep,
)
from runyard_server.core.system import System
from runyard_server.execution.new_runs import new_row
from runyard_server.execution.sites import site_of
from runyard_server.operations import environments, pipeline_reuse
from runyard_server.operations.pipeline_data import Reading
from runyard_server.pipelines import graph
from runyard_server.store import runs
from runyard_server.store.pipelines import ResultRow
from runyard_server.store.runs import RunRow

# Somebody waits for the answer, and thousands of steps take their time.
_SECONDS = 10.0


class Planner:
    """Answers for the steps of one pipeline, each after all that it needs.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        edges: What comes before what.
        regenerate: Whether nothing is to be reused.
    """

    def __init__(
        self, system: System, workspace: str, edges: Sequence[graph.Edge], *, regenerate: bool
    ) -> None:
        self._system = system
        self._workspace = workspace
        self._regenerate = regenerate
        self._before: dict[str, list[str]] = {}
        for source, target in edges:
            self._before.setdefault(target, []).append(source)
        self._made: dict[tuple[str, str], OutputRecord] = {}
        self._found: dict[str, PlannedStep] = {}
        self._until = time.monotonic() + _SECONDS

    def plan(self, nodes: Sequence[NodeSpec]) -> PipelinePlan:
        """Answer for all steps.

        Args:
            nodes: The steps, each after all that it needs, with their parameters applied.
        """
        for node in nodes:
            self._found[node.id] = self._one(node)
        return PipelinePlan(list(self._found.values()))

    def _one(self, node: NodeSpec) -> PlannedStep:
        if self._regenerate:
            return _told(node, RUNS, "runs: regenerate_outputs=True")
        if not node.allow_reuse:
            return _told(node, RUNS, "runs: allow_reuse=False")
        before = [self._found[each] for each in self._before.get(node.id, ())]
        ahead = next((each for each in before if each.verdict != REUSED), None)
        if ahead is not None:
            return _told(node, OPEN, f"open: hangs on what {ahead.name} makes")
        if time.monotonic() > self._until:
            return _told(node, OPEN, f"open: not looked at within {_SECONDS:.0f} s")
        return self._looked_at(node)

    def _looked_at(self, node: NodeSpec) -> PlannedStep:
        run = node.run
        step = new_row(
            self._workspace, "", run.experiment, status=states.NOT_STARTED, target=run.target
        )
        reading = Reading(self._until)
        try:
            found = pipeline_reuse.look(
                self._system, step, node, self._made, self._lock_of, reading
            )
        except (RunyardError, OSError) as error:
            return _told(node, FAILS, f"fails: {getattr(error, 'message', str(error))}")
        if found.unread:
            return _told(node, OPEN, f"open: hashing input ({found.unread})")
        if found.result is None:
            return _told(node, RUNS, found.reason)
        return self._reused(node, found.result)

    def _reused(self, node: NodeSpec, result: ResultRow) -> PlannedStep:
        for mine, made in zip(node.outputs, result.outputs, strict=True):
            self._made[node.id, mine.name] = replace(made, name=mine.name)
        first = self._system.read(lambda work: runs.by_key(work.connection, result.run_key))
        name = None if first is None else first.id
        told = _told(node, REUSED, f"reused from {name or 'a run that is gone'}")
        return replace(told, reused_run=name)

    def _lock_of(
        self, step: RunRow, definition: EnvironmentDefinition
    ) -> tuple[LockRecord | None, bool]:
        gpu = site_of(self._system, step).backend.capabilities().gpus > 0
        return environments.lock_of(self._system, definition, gpu=gpu), gpu


def _told(node: NodeSpec, verdict: str, reason: str) -> PlannedStep:
    return PlannedStep(node.id, node.name, verdict, reason)
