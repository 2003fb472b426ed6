"""A turn of a pipeline: what has ended is taken in, what can begin begins, and the end is noticed.

    begun, run completed    what it made is looked at and kept  -> settled
    begun, run failed       -> over, and what needs it is canceled
    waiting, run ended      somebody has ended it alone         -> over
    waiting, all before it  key of its inputs; an equal result? -> settled (reused)
    settled                 else the run is handed to the queue -> begun

Every step of a turn depends on how things are, and is written with a look at how they are in that
write: a turn may be repeated, come late, or end anywhere by a kill, and the next goes on from the
rows. Files are looked at between the writes.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from runyard.protocol import events as kinds
from runyard.protocol import runs as states
from runyard.protocol.environments import LockRecord
from runyard.protocol.errors import RunyardError, TemporaryError
from runyard.protocol.pipelines import (
    BEGUN,
    OVER,
    SETTLED,
    WAITING,
    NodeSpec,
    OutputRecord,
    PipelineSpec,
)
from runyard.protocol.runs import RunError
from runyard_server.core import specs
from runyard_server.core.clock import SECOND, iso
from runyard_server.core.events import EventDraft
from runyard_server.core.lifecycle import append_events, end, moved, wake_scheduler
from runyard_server.core.notices import run_topic
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.execution import canceling, dataset_versions, run_folders
from runyard_server.execution.inherited_environment import hand_down
from runyard_server.execution.sealing import seal
from runyard_server.operations import pipeline_data, pipeline_reuse, pipeline_specs, pipelines
from runyard_server.operations.pipeline_reuse import REUSE, Found, LockOf
from runyard_server.pipelines import graph
from runyard_server.store import environments, runs
from runyard_server.store import pipelines as rows
from runyard_server.store.pipelines import NodeRow, PipelineRow
from runyard_server.store.runs import RunRow
from runyard_server.store.subjects import Subject

# Between two looks at what nothing tells of: an equal step elsewhere, files that are being read.
_AGAIN = SECOND
_TAIL_LINES = 10


def advance(system: System, subject: Subject, lock_of: LockOf) -> int | None:
    """Take the next steps of a pipeline.

    Args:
        system: The service's parts.
        subject: The pipeline.
        lock_of: Gives locks.

    Returns:
        When to look again though nobody wakes it, in microseconds since 1970; None: never.
    """
    while True:
        turn = system.read(lambda work: _look(work, system, subject, lock_of))
        if turn is None:
            return None
        if not turn.take():
            return turn.due


def _look(work: Work, system: System, subject: Subject, lock_of: LockOf) -> "_Turn | None":
    run = runs.find(work.connection, subject.workspace, subject.id)
    row = None if run is None else rows.find(work.connection, run.key)
    if run is None or row is None or not row.active:
        return None
    nodes = rows.nodes(work.connection, run.key)
    steps = {
        each.key: each for each in runs.find_many(work.connection, [n.step_key for n in nodes])
    }
    return _Turn(system, lock_of, row, run, pipelines.spec_of(row), nodes, steps)


@dataclass
class _Turn:
    """One turn of one pipeline, with what was read for it."""

    system: System
    lock_of: LockOf
    row: PipelineRow
    run: RunRow
    spec: PipelineSpec
    nodes: list[NodeRow]
    steps: Mapping[int, RunRow]
    due: int | None = None
    changed: bool = False
    edges: list[graph.Edge] = field(default_factory=list)
    made: dict[tuple[str, str], OutputRecord] = field(default_factory=dict)

    def take(self) -> bool:
        """Do what there is to do; give whether to look anew."""
        self.edges = pipeline_specs.pairs(self.spec)
        if self.run.cancel_requested or not self.run.active:
            self._cancel_steps("the pipeline was canceled")
        else:
            self._take_in()
            self._leave_out()
            if not self.changed:
                self._begin()
        if not self.changed and all(node.state in (SETTLED, OVER) for node in self.nodes):
            self._end()
        return self.changed

    def _take_in(self) -> None:
        """Note what has ended."""
        for node in self._in_state(WAITING):
            step = self._step(node)
            # It was ended alone, and would be waited for without end.
            if step is not None and not step.active:
                self._write(partial(self._note_over, node))
        for node in self._in_state(BEGUN):
            step = self._step(node)
            if step is None or step.status in (states.FAILED, states.CANCELED):
                self._write(partial(self._note_over, node))
            elif step.status == states.COMPLETED:
                self._settle(node, step)
            elif self._spec(node).sweep is not None:
                self._follow_sweep(node, step)

    def _note_over(self, node: NodeRow, work: Work) -> bool:
        rows.change_node(work.connection, node, state=OVER)
        return True

    def _settle(self, node: NodeRow, step: RunRow) -> None:
        """Keep what a step that has completed has made, so that others may reuse it."""
        planned = pipeline_specs.makes(self._spec(node), step.id)
        try:
            made, warnings, unread = self._collect(planned)
        except TemporaryError as error:
            self._put_off(node, error)
            return
        except (RunyardError, OSError) as error:
            # The step has done its work; whatever reads this will meet the same fault, and tell it.
            told = getattr(error, "message", str(error))
            made, warnings, unread = [], [f"what the step made cannot be read: {told}"], ""
        if unread:
            self._come_again()
            self._tell(node, f"hashing output ({unread})")
            return
        lock = self._lock(node, step) if made or not planned else None

        def write(work: Work) -> bool:
            fresh = runs.by_key(work.connection, step.key)
            if fresh is None:
                return False
            told = [each for each in warnings if each not in fresh.warnings]
            if told:
                append_events(work, fresh, [EventDraft(kinds.WARNING, each) for each in told])
            rows.change_node(work.connection, node, state=SETTLED, outputs=made or planned)
            spec = self._spec(node)
            result = lock and pipeline_reuse.kept(spec, node, fresh, lock, made)
            if result:
                rows.keep_result(work.connection, result)
            return True

        self._write(write)

    def _collect(self, planned: list[OutputRecord]) -> tuple[list[OutputRecord], list[str], str]:
        """What a step has made, with digests; warnings; and how much is yet to be read."""
        workspace = self.run.workspace
        empty = [o for o in planned if pipeline_data.ensure_there(self.system, workspace, o)]
        made, unread = pipeline_data.collected(self.system, workspace, planned)
        warnings = [
            f"output {each.name!r} has no files: the script wrote nothing to its path"
            for each in empty
        ]
        return made, warnings, unread

    def _lock(self, node: NodeRow, step: RunRow) -> LockRecord | None:
        """What the environment of a step that has completed was made of."""
        digest = step.environment_lock or ""
        row = self.system.read(lambda work: environments.find_lock(work.connection, digest))
        if row is not None:
            return LockRecord(row.digest, row.python, row.requirements)
        # A sweep has it by its trials.
        return self.lock_of(step, self._spec(node).run.environment)[0]

    def _follow_sweep(self, node: NodeRow, step: RunRow) -> None:
        """Begin the sweep of a step, or end the step with it."""
        from runyard_server.operations import pipeline_sweeps

        if pipeline_sweeps.follow(self.system, self.run, step, self._spec(node)):
            self.changed = True
        # Nothing wakes a pipeline for the end of a sweep below one of its steps.
        self._come_again()

    def _leave_out(self) -> None:
        """Cancel what cannot begin any more, because of steps that have not completed."""
        over = [node for node in self.nodes if node.state == OVER]
        if not over:
            return
        names = {self.spec.nodes[node.number].id for node in over}
        lost = graph.below(names, self.edges)
        first = self.spec.nodes[over[0].number].name
        step = self._step(over[0])
        told = "is gone" if step is None else f"is {step.status}"
        canceled = []
        for node in self._in_state(WAITING):
            if self._spec(node).id in lost:
                why = f"it needs a step that has not completed: {first} {told}"
            elif not self.row.continue_on_failure:
                why = f"step {first} {told}, and nothing new begins after that"
            else:
                continue
            canceled.append((node, why))
        self._cancel(canceled)

    def _begin(self) -> None:
        """Begin what waits for nothing any more."""
        settled = {self.spec.nodes[n.number].id for n in self.nodes if n.state == SETTLED}
        self.made = self._made()
        before: dict[str, list[str]] = {}
        for source, target in self.edges:
            before.setdefault(target, []).append(source)
        for node in self._in_state(WAITING):
            if settled.issuperset(before.get(self._spec(node).id, ())):
                self._begin_one(node)

    def _begin_one(self, node: NodeRow) -> None:
        spec, step = self._spec(node), self._step(node)
        if step is None:
            self._write(partial(self._note_over, node))
            return
        try:
            found = pipeline_reuse.look(self.system, step, spec, self.made, self.lock_of)
        except TemporaryError as error:
            self._put_off(node, error)
            return
        except (RunyardError, OSError) as error:
            self._refuse(node, getattr(error, "message", str(error)))
            return
        if found.unread:
            self._come_again()
            self._tell(node, f"hashing input ({found.unread})")
            return
        if self.row.regenerate:
            found = replace(found, result=None, reason="runs: regenerate_outputs=True")
        if found.result is not None:
            self._reuse(node, found)
        else:
            self._start(node, spec, found)

    def _reuse(self, node: NodeRow, found: Found) -> None:
        result = found.result
        assert result is not None

        def write(work: Work) -> bool:
            step = runs.by_key(work.connection, node.step_key)
            first = runs.by_key(work.connection, result.run_key)
            if step is None or first is None or step.status != states.NOT_STARTED:
                return False
            told = f"reused from {first.id}"
            runs.set_properties(work.connection, step.key, pipeline_reuse.told(first))
            append_events(work, step, [EventDraft(kinds.STAGE, told, data={"reused": first.id})])
            end(work, runs.by_key(work.connection, step.key) or step, states.COMPLETED)
            rows.change_node(
                work.connection,
                node,
                state=SETTLED,
                digest=found.digest,
                reuse=told,
                reused_key=result.run_key,
                outputs=_named(result.outputs, self._spec(node)),
            )
            return True

        self._write(write)

    def _start(self, node: NodeRow, spec: NodeSpec, found: Found) -> None:
        """Hand a step to the queue, or begin its sweep."""
        if spec.sweep is None and spec.inherits:
            hand_down(self.system, self.run.id, self._id(node))

        def write(work: Work) -> bool:
            step = runs.by_key(work.connection, node.step_key)
            above = runs.by_key(work.connection, self.run.key)
            # Both may have been canceled since they were looked at.
            gone = step is None or above is None or above.cancel_requested
            if gone or step is None or step.status != states.NOT_STARTED:
                return False
            other = found.digest and rows.at_work(work.connection, step.workspace, found.digest)
            if other:
                self._come_again()
                reason = f"waiting for the same step of run {other}"
                rows.change_node(work.connection, node, reason=reason)
                return False
            given = _read(work, step.workspace, spec, self.made)
            rows.put_spec(
                work.connection,
                step.key,
                specs.text_of(pipeline_specs.run_spec(spec, step.id, given)),
            )
            begins = states.STARTING if spec.sweep is None else states.RUNNING
            runs.set_properties(work.connection, step.key, {REUSE: found.reason})
            news = [EventDraft(kinds.STAGE, found.reason, data={"reuse": "no"}), moved(begins)]
            wake_scheduler(work, append_events(work, step, news))
            rows.change_node(
                work.connection,
                node,
                state=BEGUN,
                digest=found.digest,
                reuse=found.reason,
                reason="",
                parts="" if found.parts is None else pipeline_reuse.text_of(found.parts),
            )
            return True

        self._write(write)

    def _refuse(self, node: NodeRow, why: str) -> None:
        """Fail a step whose inputs cannot be had."""

        def write(work: Work) -> bool:
            step = runs.by_key(work.connection, node.step_key)
            if step is not None:
                end(work, step, states.FAILED, RunError("UserError", why, iso(work.now)))
            return self._note_over(node, work)

        self._write(write)

    def _cancel_steps(self, reason: str) -> None:
        self._cancel([(node, reason) for node in self.nodes if node.state in (WAITING, BEGUN)])

    def _cancel(self, nodes: list[tuple[NodeRow, str]]) -> None:
        """Cancel steps; one with an agent is over once that has had its last word."""

        def write(work: Work) -> bool:
            # In one write: a pipeline may have thousands of steps.
            over = [self._cancel_one(work, node, reason) for node, reason in nodes]
            return any(over)

        if nodes:
            self._write(write)

    def _cancel_one(self, work: Work, node: NodeRow, reason: str) -> bool:
        step = runs.by_key(work.connection, node.step_key)
        if step is not None and step.active and not step.cancel_requested:
            canceling.cancel(work, step, reason)
            for below in canceling.jobs_below(work, step):
                canceling.cancel(work, below, reason)
            step = runs.by_key(work.connection, node.step_key)
        return (step is None or not step.active) and self._note_over(node, work)

    def _end(self) -> None:
        """End the pipeline's run as its steps have ended."""
        seal(self.system, self.run)

        def write(work: Work) -> bool:
            run = runs.by_key(work.connection, self.run.key)
            assert run is not None
            status, error = self._outcome(run, iso(work.now))
            rows.end(work.connection, run.key)
            end(work, run, status, error)
            work.announce(run_topic(run.workspace, run.id))
            return False

        # No step can begin any more, and a kill in between must not leave what they inherited.
        run_folders.discard(self.system.home.run(self.run.id))
        self.system.write(write)

    def _outcome(self, run: RunRow, now: str) -> tuple[str, RunError | None]:
        if run.cancel_requested:
            return states.CANCELED, None
        over = [node for node in self.nodes if node.state == OVER]
        failed = [n for n in over if (s := self._step(n)) is None or s.status == states.FAILED]
        if failed:
            return states.FAILED, self._error(failed, now)
        return (states.CANCELED, None) if over else (states.COMPLETED, None)

    def _error(self, failed: list[NodeRow], now: str) -> RunError:
        step = self._step(failed[0])
        name = self._spec(failed[0]).name
        if step is None or step.error is None:
            return RunError("UserError", f"step {name!r} is gone", now)
        more = f" (and {len(failed) - 1} more steps failed)" if len(failed) > 1 else ""
        text = f"step {name!r} failed: {step.error.message}{more}; its run is {step.id}"
        tail = "\n".join(step.error.log_tail.splitlines()[-_TAIL_LINES:])
        return RunError(step.error.code, text, now, log_tail=tail)

    def _tell(self, node: NodeRow, reason: str) -> None:
        """Write down what a step waits for, where that has changed."""
        if node.reason != reason:
            self.system.write(lambda work: rows.change_node(work.connection, node, reason=reason))

    def _made(self) -> dict[tuple[str, str], OutputRecord]:
        return {
            (self.spec.nodes[node.number].id, each.name): each
            for node in self.nodes
            if node.state == SETTLED
            for each in node.outputs
        }

    def _put_off(self, node: NodeRow, error: TemporaryError) -> None:
        # A store that is away for a moment: nothing of what is asked for is wrong.
        self._come_again()
        self._tell(node, f"tried again: {error.message}")

    def _come_again(self) -> None:
        self.due = self.system.clock.now_us() + _AGAIN

    def _in_state(self, state: str) -> list[NodeRow]:
        return [node for node in self.nodes if node.state == state]

    def _spec(self, node: NodeRow) -> NodeSpec:
        return self.spec.nodes[node.number]

    def _step(self, node: NodeRow) -> RunRow | None:
        return self.steps.get(node.step_key)

    def _id(self, node: NodeRow) -> str:
        step = self._step(node)
        return "" if step is None else step.id

    def _write(self, act: Callable[[Work], bool]) -> None:
        self.changed |= self.system.write(act)


def _named(outputs: list[OutputRecord], spec: NodeSpec) -> list[OutputRecord]:
    """What another run has made, under the names that outputs have here."""
    return [
        replace(each, name=mine.name, published_as=mine.published_as)
        for each, mine in zip(outputs, spec.outputs, strict=True)
    ]


def _read(
    work: Work, workspace: str, spec: NodeSpec, made: Mapping[tuple[str, str], OutputRecord]
) -> dict[tuple[str, str], OutputRecord]:
    """What a step reads, as datasets where it is to be read as one."""
    found = dict(made)
    for each in spec.inputs:
        place = made.get((each.node, each.output))
        if each.as_dataset and place is not None:
            definition = pipeline_specs.read_as(each, place)
            kept = dataset_versions.kept(work, workspace, definition)
            found[each.node, each.output] = replace(place, dataset=kept.id)
    return found
