"""Pipelines: submitted with all their steps, and told as they stand.

A request writes intent: the pipeline run, a step run for each node, the graph. `pipeline_turns`
makes it true. A pipeline is a run, so whatever is asked of runs can be asked of it.
"""

import json
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Any

import msgspec

from runyard.protocol import events as kinds
from runyard.protocol import runs as states
from runyard.protocol.data import UPLOAD
from runyard.protocol.errors import NotFound, RunyardError, WrongState
from runyard.protocol.pipelines import (
    PIPELINE_RUN,
    SETTLED,
    STEP_RUN,
    WAITING,
    NodeSpec,
    PipelinePlan,
    PipelineRecord,
    PipelineSpec,
    StepRecord,
    SubmitPipeline,
)
from runyard.protocol.runs import RunSpec, SubmitRun
from runyard_server.core import names, specs
from runyard_server.core.clock import iso, iso_or_none
from runyard_server.core.events import EventDraft
from runyard_server.core.lookups import run_row
from runyard_server.core.notices import work_topic
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.execution import inherited_environment, mpi, new_runs, run_folders
from runyard_server.execution.new_runs import Named, new_row
from runyard_server.operations import (
    days,
    parameters,
    pipeline_ends,
    pipeline_graphs,
    pipeline_plans,
    pipeline_specs,
    submission,
    sweep_checks,
)
from runyard_server.operations.experiments import checked as experiment_name
from runyard_server.operations.experiments import ensured
from runyard_server.operations.submission_lookups import Lookups
from runyard_server.pipelines import graph
from runyard_server.store import pipelines as rows
from runyard_server.store import runs
from runyard_server.store.pipelines import NodeRow, PipelineRow
from runyard_server.store.runs import RunRow
from runyard_server.store.subjects import PIPELINE, Subject

_SPEC = msgspec.json.Decoder(PipelineSpec)
Also = Callable[[Work, RunRow], None]
"""What is written with a submission, or refuses it, in its own transaction."""
# A step is about two dozen rows, and whoever else writes waits for a transaction.
_TOGETHER = 100


@dataclass(frozen=True, slots=True)
class _Asked:
    """A pipeline that nothing stands against.

    Args:
        order: Its nodes, each after all that it needs.
        values: The values of its parameters.
        nodes: The nodes with these values in them.
        ids: What the runs of its steps would be called.
        made: What they would make.
        warnings: What each is to warn of.
    """

    order: list[str]
    values: dict[str, Any]
    nodes: dict[str, NodeSpec]
    ids: dict[str, str]
    made: pipeline_specs.Made
    warnings: dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class _Step:
    """A step run about to be written down."""

    number: int
    run: RunRow
    spec: RunSpec
    named: Named
    news: list[EventDraft]


def submit(
    system: System,
    workspace: str,
    body: SubmitPipeline,
    remarks: Sequence[str] = (),
    also: Also | None = None,
) -> PipelineRecord:
    """Submit a pipeline: check every step, write all of them as NotStarted, wake the scheduler.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        body: What is asked for.
        remarks: What the run is to warn of.
        also: What is written with it.

    Raises:
        RunyardError: What stands against it, with the step's name; nothing was written.
    """
    asked = _asked(system, workspace, body)
    nodes, run = asked.nodes, _pipeline_run(workspace, body)
    numbers = {each.id: number for number, each in enumerate(body.spec.nodes)}
    found = []
    for each in asked.order:
        step = _step(run, nodes[each], asked.ids[each], asked.made, numbers[each])
        named = replace(step.named, tags=dict(body.step_tags))
        found.append(replace(step, named=named, news=_warned(asked.warnings[each])))
    spec = replace(body.spec, nodes=[nodes[each.id] for each in body.spec.nodes])
    row = PipelineRow(
        run_key=0,
        active=True,
        spec=msgspec.json.encode(spec).decode(),
        parameters=asked.values,
        continue_on_failure=body.continue_on_failure,
        regenerate=body.regenerate,
    )
    writing = _Writing(system, body, run, row, spec, also)
    folder = system.home.run(run.id)
    try:
        if any(node.inherits for node in nodes.values()):
            # It keeps what the steps inherit, and goes with the pipeline's end.
            inherited_environment.keep_inherited(folder, body.inherited)
        return writing.write(found, _warned(remarks))
    # Also when the service is being stopped: a folder without its run would stay for ever.
    except BaseException:
        run_folders.discard(folder)
        raise


def plan(system: System, workspace: str, body: SubmitPipeline) -> PipelinePlan:
    """What a pipeline would reuse if it were submitted now, and why not the rest.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        body: What would be asked for.

    Raises:
        RunyardError: What stands against it, with the step's name.
    """
    asked = _asked(system, workspace, body)
    pairs = pipeline_specs.pairs(body.spec)
    planner = pipeline_plans.Planner(system, workspace, pairs, regenerate=body.regenerate)
    return planner.plan([asked.nodes[each] for each in asked.order])


def get(system: System, workspace: str, pipeline: str) -> PipelineRecord:
    """A pipeline run with its graph and how each step stands.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        pipeline: Id of the run.

    Raises:
        NotFound: There is no such run, or it is no pipeline.
    """

    def read(work: Work) -> PipelineRecord:
        run = run_row(work, workspace, pipeline)
        row = rows.find(work.connection, run.key)
        if row is None:
            raise NotFound(f"run {pipeline} is no pipeline: `runyard runs show {pipeline}`")
        return record(work, run, row)

    return system.read(read)


def spec_of(row: PipelineRow) -> PipelineSpec:
    """What was asked for, with the values of parameters in it."""
    return _decoded(row.spec)


@lru_cache(maxsize=4)
def _decoded(text: str) -> PipelineSpec:
    # Four fifths of a turn where there are thousands of steps, and it never changes.
    return _SPEC.decode(text)


def record(work: Work, run: RunRow, row: PipelineRow) -> PipelineRecord:
    """A pipeline run as clients see it.

    Args:
        work: The unit of work.
        run: Its run.
        row: Its row.
    """
    spec = spec_of(row)
    nodes = rows.nodes(work.connection, run.key)
    keys = {key for node in nodes for key in (node.step_key, node.reused_key) if key is not None}
    steps = {each.key: each for each in runs.find_many(work.connection, keys)}
    return _record(run, row, spec, _told(spec, nodes, steps))


def _record(
    run: RunRow, row: PipelineRow, spec: PipelineSpec, steps: list[StepRecord]
) -> PipelineRecord:
    return PipelineRecord(
        id=run.id,
        workspace=run.workspace,
        experiment=run.experiment,
        status=run.status,
        created_at=iso(run.created_at),
        name=run.name,
        ended_at=iso_or_none(run.ended_at),
        values=row.parameters,
        nodes=steps,
        edges=pipeline_specs.edges(spec),
    )


def _told(spec: PipelineSpec, nodes: list[NodeRow], steps: dict[int, RunRow]) -> list[StepRecord]:
    """Steps as clients see them, with their places in the picture."""
    places = graph.layout([each.id for each in spec.nodes], pipeline_specs.pairs(spec))
    waits = _waits(spec, nodes)
    return [
        _node(spec.nodes[node.number], _explained(node, waits, steps), steps, places)
        for node in nodes
        # Who has freed a single step run has taken it out of the picture.
        if node.step_key in steps
    ]


def _waits(spec: PipelineSpec, nodes: list[NodeRow]) -> dict[int, tuple[str, NodeRow, int]]:
    """For what each waiting node waits, by its number: a step's name, its row, how many in all.

    It follows from the graph, so nobody writes it down: thousands may wait for one.
    """
    rows_of = {spec.nodes[node.number].id: node for node in nodes}
    found: dict[int, tuple[str, NodeRow, int]] = {}
    for source, target in pipeline_specs.pairs(spec):
        before, after = rows_of.get(source), rows_of.get(target)
        if before is None or after is None or before.state == SETTLED or after.state != WAITING:
            continue
        name, first, many = found.get(after.number, (spec.nodes[before.number].name, before, 0))
        found[after.number] = (name, first, many + 1)
    return found


def _explained(
    node: NodeRow, waits: dict[int, tuple[str, NodeRow, int]], steps: dict[int, RunRow]
) -> NodeRow:
    if node.number not in waits:
        return node
    name, before, many = waits[node.number]
    status = steps[before.step_key].status if before.step_key in steps else "gone"
    more = f" and {many - 1} more" if many > 1 else ""
    return replace(node, reason=f"after {name} ({status}){more}")


def _node(
    spec: NodeSpec, node: NodeRow, steps: dict[int, RunRow], places: dict[str, tuple[int, int]]
) -> StepRecord:
    step, before = steps[node.step_key], steps.get(node.reused_key or 0)
    layer, place = places[spec.id]
    return StepRecord(
        id=spec.id,
        name=spec.name,
        kind=spec.kind,
        run=step.id,
        state=node.state,
        status=step.status,
        reason=node.reason if step.status == states.NOT_STARTED else step.reason or "",
        reuse=node.reuse,
        reused_run=None if before is None else before.id,
        reused_pipeline=None if before is None else before.parent,
        started_at=iso_or_none(step.started_at),
        ended_at=iso_or_none(step.ended_at),
        layer=layer,
        place=place,
        outputs=node.outputs or pipeline_specs.makes(spec, step.id),
    )


def _asked(system: System, workspace: str, body: SubmitPipeline) -> _Asked:
    """What is asked for, with its parameters applied, once nothing stands against any step."""
    experiment_name(body.experiment)
    names.check_texts("tag", body.tags)
    names.check_texts("tag", body.step_tags)
    names.check_texts("property", body.properties)
    order = pipeline_specs.order(body.spec)
    values = pipeline_specs.values(body.spec.parameters, body.values)
    nodes = {each.id: pipeline_specs.applied(each, values) for each in body.spec.nodes}
    ids = {each: str(uuid.uuid4()) for each in order}
    made = {
        (node, each.name): each
        for node in order
        for each in pipeline_specs.makes(nodes[node], ids[node])
    }
    warnings, known = {}, Lookups(system, workspace)
    for each in order:
        nodes[each], warnings[each] = _checked(system, known, body, nodes[each], ids[each], made)
    return _Asked(order, values, nodes, ids, made, warnings)


def _checked(
    system: System,
    known: Lookups,
    body: SubmitPipeline,
    node: NodeSpec,
    run: str,
    made: pipeline_specs.Made,
) -> tuple[NodeSpec, list[str]]:
    """Check what a step runs; the node as it is kept, and warnings."""
    spec = pipeline_specs.run_spec(node, run, made)
    mine = {each.name for each in node.run.data}
    mine |= {each.name for each in node.inputs if each.reference is not None}
    # What a step before makes is not there yet, and nobody need be warned of that.
    data = [each if each.name in mine else replace(each, mode=UPLOAD) for each in spec.data]
    spec = replace(spec, experiment=body.experiment, data=data)
    try:
        checked = submission.check(system, known.workspace, spec, known)
        if node.sweep is not None:
            sweep_checks.check(replace(node.sweep, base=spec), node.sweep.parallel)
    except RunyardError as error:
        raise type(error)(f"step {node.name!r}: {error.message}", error.details) from None
    dated = days.of_row(known.row(), node.run.environment)
    own = replace(node.run, experiment=body.experiment, environment=dated)
    completed, _ = mpi.completed(own, checked.site.environments)
    return replace(node, run=completed), checked.warnings


def _pipeline_run(workspace: str, body: SubmitPipeline) -> RunRow:
    return new_row(
        workspace,
        str(uuid.uuid4()),
        body.experiment,
        status=states.RUNNING,
        target=states.INTERACTIVE_TARGET,
        run_type=PIPELINE_RUN,
        name=body.name,
        parent=body.parent,
        submitted_by=body.submitted_by,
        submitted_from=body.submitted_from,
        description=body.description,
    )


def _warned(texts: Sequence[str]) -> list[EventDraft]:
    return [EventDraft(kinds.WARNING, text) for text in texts]


def _step(parent: RunRow, node: NodeSpec, run: str, made: pipeline_specs.Made, at: int) -> _Step:
    spec = pipeline_specs.run_spec(node, run, made)
    row = new_row(
        parent.workspace,
        run,
        parent.experiment,
        status=states.NOT_STARTED,
        # A sweep runs in its trials: its step is nobody's job.
        target=spec.target if node.sweep is None else states.INTERACTIVE_TARGET,
        run_type=STEP_RUN,
        name=node.name,
        snapshot=spec.snapshot or None,
        node_count=spec.node_count,
        priority=spec.priority,
        parent=parent.id,
        submitted_by=parent.submitted_by,
        submitted_from=parent.submitted_from,
    )
    told = {
        "azureml.runsource": STEP_RUN,
        "ContentSnapshotId": spec.snapshot,
        "StepType": node.kind,
        "azureml.moduleid": pipeline_specs.module_id(node),
        "azureml.moduleName": node.name,
        "azureml.nodeid": node.id,
        "azureml.pipelinerunid": parent.id,
        "azureml.pipeline": parent.id,
    }
    params = parameters.of_submission(SubmitRun(_spelt(spec)))
    return _Step(at, row, spec, Named({}, told, params), [])


def _spelt(spec: RunSpec) -> RunSpec:
    """A spec whose arguments have the values of parameters in them, for lists of runs."""
    told = {f"${name}": value for name, value in spec.environment_variables.items()}
    return replace(
        spec,
        arguments=[told.get(each, each) for each in spec.arguments],
        command=[told.get(each, each) for each in spec.command],
    )


class _Writing:
    """Writes a pipeline down, so many steps at a time.

    Args:
        system: The service's parts.
        body: What was asked for.
        run: Its run.
        row: Its row.
        spec: What it does.
        also: What is written with it.
    """

    def __init__(
        self,
        system: System,
        body: SubmitPipeline,
        run: RunRow,
        row: PipelineRow,
        spec: PipelineSpec,
        also: Also | None,
    ) -> None:
        self._system = system
        self._body = body
        self._run = run
        self._row = row
        self._spec = spec
        self._also = also
        self._waits = [len(each) for each in pipeline_graphs.graph_of(spec).before]
        self._told: list[StepRecord] = []

    def write(self, steps: Sequence[_Step], news: Sequence[EventDraft]) -> PipelineRecord:
        """Write all of it down.

        Args:
            steps: Its steps.
            news: What its run begins with.
        """
        # Before anything is written: a picture of thousands takes seconds, in which others wait.
        # Rows have no keys yet, so numbers from 1 stand for them.
        fresh = [NodeRow(0, each.number, each.number + 1, WAITING) for each in steps]
        fresh.sort(key=lambda each: each.number)
        self._told = _told(self._spec, fresh, {each.number + 1: each.run for each in steps})
        parts = [steps[at : at + _TOGETHER] for at in range(0, len(steps), _TOGETHER)]
        self._row = replace(self._row, written=len(parts) == 1)
        if len(parts) == 1:
            return self._system.write(lambda work: self._all(work, parts[0], news))
        self._system.write(lambda work: self._first(work, parts[0], news))
        try:
            for part in parts[1:-1]:
                self._system.write(partial(self._part, part))
            return self._system.write(lambda work: self._last(work, parts[-1]))
        except Exception as error:
            self._give_up(f"its steps were not all written: {getattr(error, 'message', error)}")
            raise

    def _give_up(self, why: str) -> None:
        """End a pipeline that was refused in its midst."""
        # On a full disk this fails as well; then a turn ends it some minutes later.
        with suppress(Exception):
            self._system.write(lambda work: pipeline_ends.fail_unwritten(work, self._run.key, why))

    def _all(
        self, work: Work, steps: Sequence[_Step], news: Sequence[EventDraft]
    ) -> PipelineRecord:
        self._first(work, steps, news)
        return self._answer(work)

    def _first(self, work: Work, steps: Sequence[_Step], news: Sequence[EventDraft]) -> None:
        body, row = self._body, self._row
        run = replace(self._run, submitted_by=work.by(self._run.submitted_by))
        submission.check_new(work, run)
        experiment = ensured(work, run.workspace, run.experiment)
        told: dict[str, str] = {
            "azureml.runsource": PIPELINE_RUN,
            "runSource": body.source,
            "runType": body.source,
            "azureml.parameters": json.dumps(row.parameters),
            "azureml.continue_on_step_failure": str(row.continue_on_failure),
            "azureml.pipelineComponent": "pipelinerun",
        }
        shown = RunSpec(
            experiment=run.experiment, snapshot="", script="", target=states.INTERACTIVE_TARGET
        )
        named = Named(body.tags, {**told, **body.properties}, _shown(row.parameters))
        self._run = new_runs.add(work, run, experiment, specs.text_of(shown), named, news)
        self._row = replace(row, run_key=self._run.key)
        rows.add(work.connection, self._row, self._nodes(work, steps))
        work.concerns(self._run)

    def _part(self, steps: Sequence[_Step], work: Work) -> None:
        row = rows.standing(work.connection, self._run.key)
        if row is None or row.written:
            # A turn has ended it as one that nobody writes any more: no step of it would begin.
            raise WrongState(
                "the pipeline was ended before its steps were written; submit it again"
            )
        rows.add_nodes(work.connection, self._nodes(work, steps))

    def _last(self, work: Work, steps: Sequence[_Step]) -> PipelineRecord:
        self._part(steps, work)
        rows.complete(work.connection, self._run.key)
        return self._answer(work)

    def _nodes(self, work: Work, steps: Sequence[_Step]) -> list[NodeRow]:
        """Write the runs of steps; give their nodes."""
        run = self._run
        # Each adds one to the experiment's count, which the row as read does not know.
        experiment = ensured(work, run.workspace, run.experiment)
        nodes = []
        for step in steps:
            mine = replace(step.run, submitted_by=run.submitted_by)
            text = specs.text_of(step.spec)
            made = new_runs.add(work, mine, experiment, text, step.named, step.news)
            waits = self._waits[step.number]
            nodes.append(NodeRow(run.key, step.number, made.key, WAITING, missing=waits))
        return nodes

    def _answer(self, work: Work) -> PipelineRecord:
        if self._also is not None:
            # With the last part: what was killed before never begins, and whoever has noted it as
            # submitted would wait for it in vain.
            self._also(work, self._run)
        run = runs.by_key(work.connection, self._run.key) or self._run
        work.announce(work_topic(Subject(PIPELINE, run.workspace, run.id)))
        return work.answered(_record(run, self._row, self._spec, self._told))


def _shown(values: dict[str, Any]) -> dict[str, str]:
    """Parameters as a run's own are told: those that are plain values."""
    return {
        name: str(value) for name, value in values.items() if not isinstance(value, dict) and name
    }
