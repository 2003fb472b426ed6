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

import errno
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

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
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.execution import canceling, dataset_versions
from runyard_server.execution.inherited_environment import hand_down
from runyard_server.operations import (
    pipeline_data,
    pipeline_ends,
    pipeline_graphs,
    pipeline_reuse,
    pipeline_specs,
)
from runyard_server.operations.pipeline_data import Marks, Reading
from runyard_server.operations.pipeline_graphs import Graph
from runyard_server.operations.pipeline_reuse import REUSE, Found, LockOf
from runyard_server.store import environments, parallel, runs
from runyard_server.store import pipelines as rows
from runyard_server.store.pipelines import NodeRow, StandingRow
from runyard_server.store.runs import RunRow
from runyard_server.store.subjects import Subject

# Between two looks at what nothing tells of: an equal step elsewhere, files that are being read.
_AGAIN = SECOND
# Of thousands that are ready, so many are read at a time.
_TOGETHER = 200
# Canceled in one write: each takes about two milliseconds, for which others wait to write.
_CANCELED = 50
# Between two looks whether the pipeline was canceled, while steps begin one after the other.
_LOOKS = 0.2
# After that nobody writes the rest of a pipeline's steps any more: its service was killed.
_WRITING = 300 * SECOND
_FIRST_REUSE = (
    "a step is reused for the first time in this workspace: equal files, arguments, packages and "
    "input bytes stand for an equal result; give allow_reuse=False (reuse=False of a native step) "
    "to steps that deploy, send or read the clock"
)
_NOTHING = Graph(PipelineSpec([]), [], [], [])
# What the same question would be answered tomorrow; a disk or a mount that fails may come back.
_FOR_EVER = (
    *(errno.EACCES, errno.EINVAL, errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.ENOENT),
    *(errno.ENOTDIR, errno.EPERM),
)


def advance(system: System, subject: Subject, lock_of: LockOf) -> int | None:
    """Take the next steps of a pipeline.

    Args:
        system: The service's parts.
        subject: The pipeline.
        lock_of: Gives locks.

    Returns:
        When to look again though nobody wakes it, in microseconds since 1970; None: never.
    """
    marks: Marks = {}
    while True:
        turn = system.read(lambda work: _look(work, system, subject, lock_of))
        if turn is None:
            return None
        # What a step has made was looked at a moment ago when the next one asks what it reads.
        turn.reading.marks = marks
        if not turn.take():
            return turn.due


def _look(work: Work, system: System, subject: Subject, lock_of: LockOf) -> "_Turn | None":
    run = runs.find(work.connection, subject.workspace, subject.id)
    row = None if run is None else rows.standing(work.connection, run.key)
    if run is None or row is None or not row.active:
        return None
    if not row.written:
        return _Turn(system, lock_of, row, run, _NOTHING)
    graph = pipeline_graphs.of(system, work, run.key)
    news = rows.with_news(work.connection, run.key)
    # Nothing tells of the end of a sweep below a step.
    sweeps = rows.numbered(work.connection, run.key, graph.sweeps)
    fresh = {each.number for each in news}
    sweeps = [each for each in sweeps if each.state == BEGUN and each.number not in fresh]
    keys = [each.step_key for each in (*news, *sweeps)]
    steps = {each.key: each for each in runs.find_many(work.connection, keys)}
    return _Turn(system, lock_of, row, run, graph, news, sweeps, steps)


@dataclass
class _Turn:
    """One turn of one pipeline, with what was read for it: what has happened, and no more."""

    system: System
    lock_of: LockOf
    row: StandingRow
    run: RunRow
    graph: Graph
    news: list[NodeRow] = field(default_factory=list)
    sweeps: list[NodeRow] = field(default_factory=list)
    steps: dict[int, RunRow] = field(default_factory=dict)
    due: int | None = None
    changed: bool = False
    # Of all steps together: between two turns it is seen that a pipeline was canceled.
    reading: Reading = field(default_factory=Reading)
    looked: float = field(default_factory=time.monotonic)

    def take(self) -> bool:
        """Do what there is to do; give whether to look anew."""
        if not self.row.written:
            self._await_writing()
            return self.changed
        if self.run.cancel_requested or not self.run.active:
            self._cancel_steps("the pipeline was canceled")
        else:
            self._take_in()
            self._leave_out()
            if not self.changed:
                self._begin()
        if not self.changed and not self._has_any(WAITING, BEGUN):
            pipeline_ends.finish(self.system, self.run, self.graph.spec)
            pipeline_graphs.forget(self.system, self.run.key)
        return self.changed

    def _await_writing(self) -> None:
        """Come again while steps are being written; who wrote them may have been killed."""
        now, until = self.system.clock.now_us(), self.run.created_at + _WRITING
        if now < until and self.run.active:
            self.due = min(until, now + _AGAIN)
            return
        # What there is of its steps is canceled by the next turn, as that of any that has ended.
        self._write(lambda work: pipeline_ends.fail_unwritten(work, self.run.key))

    def _take_in(self) -> None:
        """Note what has ended."""
        for node in (*self.news, *self.sweeps):
            step = self.steps.get(node.step_key)
            if node.state == WAITING:
                # It was ended alone, and would be waited for without end.
                self._write(partial(self._note_over, node))
            elif node.state != BEGUN:
                continue
            elif step is None or step.status in (states.FAILED, states.CANCELED):
                self._write(partial(self._note_over, node))
            elif step.status == states.COMPLETED:
                self._settle(node, step)
            elif self._spec(node).sweep is not None:
                self._follow_sweep(node, step)

    def _note_over(self, node: NodeRow, work: Work) -> bool:
        rows.change_node(work.connection, node, state=OVER, news=True)
        parallel.forget(work.connection, node.step_key)
        return True

    def _settle(self, node: NodeRow, step: RunRow) -> None:
        """Keep what a step that has completed has made, so that others may reuse it."""
        planned = pipeline_specs.makes(self._spec(node), step.id)
        try:
            made, warnings, unread = self._collect(planned)
        except (RunyardError, OSError) as error:
            told = getattr(error, "message", str(error))
            if _may_pass(error):
                self._put_off(node, told)
                return
            # The step has done its work; whatever reads this will meet the same fault, and tell it.
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
            now = rows.node(work.connection, node.run_key, node.number)
            # Of two processes that lead for a moment one has counted it.
            if now is None or now.state != BEGUN:
                return False
            told = [each for each in warnings if each not in fresh.warnings]
            if told:
                append_events(work, fresh, [EventDraft(kinds.WARNING, each) for each in told])
            # Its result has what it was made of.
            self._note_settled(work, node, outputs=made or planned, parts="")
            # Its results are joined, and lie where the step was to make them.
            parallel.forget(work.connection, step.key)
            spec = self._spec(node)
            result = lock and pipeline_reuse.kept(spec, node, fresh, lock, made)
            if result:
                rows.keep_result(work.connection, result)
            return True

        self._write(write)

    def _note_settled(self, work: Work, node: NodeRow, **values: Any) -> None:
        rows.change_node(work.connection, node, state=SETTLED, news=False, **values)
        rows.count_settled(work.connection, node.run_key, self.graph.after[node.number])

    def _collect(self, planned: list[OutputRecord]) -> tuple[list[OutputRecord], list[str], str]:
        """What a step has made, with digests; warnings; and how much is yet to be read."""
        workspace = self.run.workspace
        empty = [o for o in planned if pipeline_data.ensure_there(self.system, workspace, o)]
        made, unread = pipeline_data.collected(self.system, workspace, planned, self.reading)
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
        for node in self.news:
            if node.state == OVER:
                self._leave_out_after(node)

    def _leave_out_after(self, node: NodeRow) -> None:
        name, step = self._spec(node).name, self.steps.get(node.step_key)
        told = "is gone" if step is None else f"is {step.status}"
        needs = f"it needs a step that has not completed: {name} {told}"
        other = f"step {name} {told}, and nothing new begins after that"
        lost = self.graph.below(node.number)

        def read(work: Work) -> list[NodeRow]:
            if not self.row.continue_on_failure:
                return rows.in_state(work.connection, node.run_key, WAITING)
            found = rows.numbered(work.connection, node.run_key, sorted(lost))
            return [each for each in found if each.state == WAITING]

        def write(work: Work) -> bool:
            rows.change_node(work.connection, node, news=False)
            return True

        waiting = self.system.read(read)
        self._cancel([(each, needs if each.number in lost else other) for each in waiting])
        # Last: who is killed in between finds it again.
        self._write(write)

    def _begin(self) -> None:
        """Begin what waits for nothing any more."""
        most, above = self._places(), -1
        while most is None or most > 0:
            limit = _TOGETHER if most is None else min(most, _TOGETHER)
            found = self.system.read(partial(self._ready, above, limit))
            for node, made in found:
                if self._is_canceled():
                    self.changed = True
                    return
                if self._begin_one(node, made) and most is not None:
                    most -= 1
            if len(found) < limit:
                return
            above = found[-1][0].number

    def _places(self) -> int | None:
        """How many steps more may be under way; None: as many as there are."""
        most = self.graph.spec.max_parallel
        if most is None:
            return None
        key = self.run.key
        return most - self.system.read(lambda work: rows.count(work.connection, key, BEGUN))

    def _ready(
        self, above: int, limit: int, work: Work
    ) -> list[tuple[NodeRow, pipeline_specs.Made]]:
        """Nodes that wait for nothing, each with what those before it have made."""
        ready = rows.ready(work.connection, self.run.key, above, limit)
        keys = [each.step_key for each in ready]
        self.steps.update((each.key, each) for each in runs.find_many(work.connection, keys))
        wanted = {number for each in ready for number in self.graph.before[each.number]}
        before = rows.numbered(work.connection, self.run.key, sorted(wanted))
        made = pipeline_graphs.made_by(self.graph.spec, before)
        return [(each, made) for each in ready]

    def _is_canceled(self) -> bool:
        """Whether the pipeline was canceled since it was looked at, asked now and then."""
        if time.monotonic() - self.looked < _LOOKS:
            return False
        self.looked = time.monotonic()
        run = self.system.read(lambda work: runs.by_key(work.connection, self.run.key))
        return run is None or run.cancel_requested or not run.active

    def _begin_one(self, node: NodeRow, made: pipeline_specs.Made) -> bool:
        """Begin a step if that can be; whether it is under way now."""
        spec, step = self._spec(node), self.steps.get(node.step_key)
        if step is None:
            self._write(partial(self._note_over, node))
            return False
        found = self._looked(node, step, made)
        if found is None:
            return False
        if self.row.regenerate:
            found = replace(found, result=None, reason="runs: regenerate_outputs=True")
        if found.result is not None:
            self._reuse(node, found)
            return False
        return self._start(node, spec, found, made)

    def _looked(self, node: NodeRow, step: RunRow, made: pipeline_specs.Made) -> Found | None:
        """Whether an equal step has completed; None where it is to be asked later, or never."""
        spec, reading = self._spec(node), self.reading
        try:
            found = pipeline_reuse.look(self.system, step, spec, made, self.lock_of, reading)
        except (RunyardError, OSError) as error:
            told = getattr(error, "message", str(error))
            if _may_pass(error):
                self._put_off(node, told)
            else:
                self._refuse(node, told)
            return None
        if found.unread:
            self._come_again()
            self._tell(node, f"hashing input ({found.unread})")
            return None
        return found

    def _reuse(self, node: NodeRow, found: Found) -> None:
        result = found.result
        assert result is not None

        def write(work: Work) -> bool:
            step = runs.by_key(work.connection, node.step_key)
            first = runs.by_key(work.connection, result.run_key)
            if step is None or first is None or step.status != states.NOT_STARTED:
                return False
            told = f"reused from {first.id}"
            self._announce_reuse(work)
            runs.set_properties(work.connection, step.key, pipeline_reuse.told(first))
            append_events(work, step, [EventDraft(kinds.STAGE, told, data={"reused": first.id})])
            end(work, runs.by_key(work.connection, step.key) or step, states.COMPLETED)
            self._note_settled(
                work,
                node,
                digest=found.digest,
                reuse=told,
                reused_key=result.run_key,
                outputs=_named(result.outputs, self._spec(node)),
            )
            return True

        self._write(write)

    def _announce_reuse(self, work: Work) -> None:
        """Warn once in a workspace of what it relies on where steps are reused."""
        workspace, above = self.run.workspace, runs.by_key(work.connection, self.run.key)
        if above is not None and rows.is_first_reuse(work.connection, workspace, work.now):
            append_events(work, above, [EventDraft(kinds.WARNING, _FIRST_REUSE)])

    def _start(
        self, node: NodeRow, spec: NodeSpec, found: Found, made: pipeline_specs.Made
    ) -> bool:
        """Hand a step to the queue, or begin its sweep; whether it is under way."""
        if spec.sweep is None and spec.inherits:
            hand_down(self.system, self.run.id, self.steps[node.step_key].id)

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
            given = _reading(work, step.workspace, spec, made)
            rows.put_spec(
                work.connection,
                step.key,
                specs.text_of(pipeline_specs.run_spec(given, step.id, made)),
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

        return self._write(write)

    def _refuse(self, node: NodeRow, why: str) -> None:
        """Fail a step whose inputs cannot be had."""

        def write(work: Work) -> bool:
            step = runs.by_key(work.connection, node.step_key)
            if step is not None:
                end(work, step, states.FAILED, RunError("UserError", why, iso(work.now)))
            return self._note_over(node, work)

        self._write(write)

    def _cancel_steps(self, reason: str) -> None:
        """Cancel all that is left; one with an agent is over once that has had its last word."""

        def read(work: Work) -> list[NodeRow]:
            key = self.run.key
            return [
                n for state in (WAITING, BEGUN) for n in rows.in_state(work.connection, key, state)
            ]

        self._cancel([(node, reason) for node in self.system.read(read)])

    def _cancel(self, nodes: list[tuple[NodeRow, str]]) -> None:
        for at in range(0, len(nodes), _CANCELED):
            self._write(partial(self._cancel_some, nodes[at : at + _CANCELED]))

    def _cancel_some(self, nodes: list[tuple[NodeRow, str]], work: Work) -> bool:
        # Not each alone, for a commit waits for the disk, nor all: others write meanwhile.
        over = [self._cancel_one(work, node, reason) for node, reason in nodes]
        return any(over)

    def _cancel_one(self, work: Work, node: NodeRow, reason: str) -> bool:
        step = runs.by_key(work.connection, node.step_key)
        if step is not None and step.active and not step.cancel_requested:
            canceling.cancel(work, step, reason)
            for below in canceling.jobs_below(work, step):
                canceling.cancel(work, below, reason)
            step = runs.by_key(work.connection, node.step_key)
        if step is not None and step.active:
            return False
        # Nothing follows from it: what needs it is canceled for the same reason.
        rows.change_node(work.connection, node, state=OVER, news=False)
        parallel.forget(work.connection, node.step_key)
        return True

    def _tell(self, node: NodeRow, reason: str) -> None:
        """Write down what a step waits for, where that has changed."""
        if node.reason != reason:
            self.system.write(lambda work: rows.change_node(work.connection, node, reason=reason))

    def _put_off(self, node: NodeRow, why: str) -> None:
        # A store that is away for a moment: nothing of what is asked for is wrong.
        self._come_again()
        self._tell(node, f"tried again: {why}")

    def _come_again(self) -> None:
        self.due = self.system.clock.now_us() + _AGAIN

    def _has_any(self, *which: str) -> bool:
        return self.system.read(lambda work: rows.has_any(work.connection, self.run.key, which))

    def _spec(self, node: NodeRow) -> NodeSpec:
        return self.graph.spec.nodes[node.number]

    def _write(self, act: Callable[[Work], bool]) -> bool:
        done = self.system.write(act)
        self.changed |= done
        return done


def _may_pass(error: RunyardError | OSError) -> bool:
    """Whether the same question may be answered otherwise in a while."""
    if isinstance(error, OSError):
        return error.errno not in _FOR_EVER
    return isinstance(error, TemporaryError)


def _named(outputs: list[OutputRecord], spec: NodeSpec) -> list[OutputRecord]:
    """What another run has made, under the names that outputs have here."""
    return [
        replace(each, name=mine.name, published_as=mine.published_as)
        for each, mine in zip(outputs, spec.outputs, strict=True)
    ]


def _reading(work: Work, workspace: str, spec: NodeSpec, made: pipeline_specs.Made) -> NodeSpec:
    """A step whose inputs name their datasets: two may read one output, each in its own way."""
    inputs = []
    for each in spec.inputs:
        place = made.get((each.node, each.output))
        if each.as_dataset and place is not None:
            definition = pipeline_specs.read_as(each, place)
            kept = dataset_versions.kept(work, workspace, definition)
            each = replace(each, dataset=kept.id)  # noqa: PLW2901 - the same, with its dataset
        inputs.append(each)
    return replace(spec, inputs=inputs)
