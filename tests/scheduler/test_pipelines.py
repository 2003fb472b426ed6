"""Pipelines: steps in their order, reused by content, left out after a failure, killed anywhere."""

import errno
import hashlib
import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from runyard.protocol.data import DataReference
from runyard.protocol.environments import EnvironmentDefinition
from runyard.protocol.errors import InvalidRequest, TemporaryError, WrongState
from runyard.protocol.files import FileEntry, RegisterFiles
from runyard.protocol.pipelines import (
    PATH,
    NodeInput,
    NodeOutput,
    NodeSpec,
    PipelineParameterSpec,
    PipelineRecord,
    PipelineSpec,
    SubmitPipeline,
)
from runyard.protocol.runs import TERMINAL, FailRun, RunSpec, StartRun
from runyard.protocol.snapshots import CreateSnapshot
from runyard.protocol.sweeps import MAXIMIZE, Objective, SweepSpec
from runyard.protocol.trash import AddTrash
from runyard_server.core.lookups import folder_of
from runyard_server.core.system import System
from runyard_server.execution.inherited_environment import inherited
from runyard_server.operations import (
    datasets,
    files,
    pipeline_turns,
    pipelines,
    runs,
    snapshots,
    trash,
)
from runyard_server.scheduler.pipelines import PipelineReconciler
from runyard_server.scheduler.reconciler import Reconciler
from runyard_server.store import pipelines as rows
from runyard_server.store.subjects import PIPELINE, Subject
from runyard_server.testing.parts import store_text
from runyard_server.testing.reconciler_contract import ReconcilerContract
from runyard_server.testing.sweeping import GRID, UNITS, Sweeping
from runyard_server.testing.yard import W, Yard, until

STORE = "workspaceblobstore"


class Piping:
    """A yard whose agents write what steps are to make."""

    def __init__(self, yard: Yard) -> None:
        self.yard = yard
        self.system = yard.system
        root = folder_of(self.system, W, STORE)
        assert root is not None
        self.root: Path = root

    def snapshot(self, text: str) -> str:
        data = text.encode()
        digest = hashlib.sha256(data).hexdigest()
        self.system.blobs.write(digest, io.BytesIO(data))
        entry = FileEntry("train.py", digest, len(data))
        return snapshots.create(self.system, W, body=CreateSnapshot([entry])).id

    def node(self, name: str, reads: str = "", text: str = "print(1)", **more: Any) -> NodeSpec:
        """A step that makes `<name>_data`; `reads` names the step whose data it reads."""
        run = RunSpec(
            "exp",
            self.snapshot(text),
            "train.py",
            arguments=["--to", f"$AZUREML_DATAREFERENCE_{name}_data"],
            environment=EnvironmentDefinition(),
        )
        inputs = [NodeInput(f"{reads}_data", reads, f"{reads}_data")] if reads else []
        return NodeSpec(
            name, name, "PythonScriptStep", run, inputs, [NodeOutput(f"{name}_data", STORE)], **more
        )

    def submit(self, *nodes: NodeSpec, **more: Any) -> str:
        parameters = more.pop("parameters", [])
        spec = PipelineSpec(list(nodes), parameters)
        return pipelines.submit(self.system, W, SubmitPipeline("exp", spec, **more)).id

    def get(self, pipeline: str) -> PipelineRecord:
        return pipelines.get(self.system, W, pipeline)

    def step(self, pipeline: str, name: str) -> str:
        return next(each.run for each in self.get(pipeline).nodes if each.name == name)

    def states(self, pipeline: str) -> dict[str, str]:
        return {each.name: each.status for each in self.get(pipeline).nodes}

    def reuse(self, pipeline: str) -> dict[str, str]:
        return {each.name: each.reuse for each in self.get(pipeline).nodes}

    def play(self, pipeline: str, name: str, text: str = "", outcome: str = "completed") -> None:
        """Have the agent of a step write a file, and end."""
        run = self.step(pipeline, name)
        self.yard.report(run)
        if text:
            for reference in runs.spec(self.system, W, run).data:
                if f"/{run}/" in reference.path:
                    place = self.root / reference.path
                    place.mkdir(parents=True, exist_ok=True)
                    (place / "made.txt").write_text(text)
        self.yard.finish(run, outcome)

    def play_all(self, pipeline: str, text: str = "made") -> PipelineRecord:
        """Play every step that begins until the pipeline has ended."""

        def ended() -> bool:
            record = self.get(pipeline)
            for each in record.nodes:
                # One that has ended stays among them; whoever has none yet comes in the next round.
                agent = self.yard.engine.agents.get(f"{each.run}/0/1/job")
                if agent is not None and agent.alive:
                    self.play(pipeline, each.name, f"{text} of {each.name}")
            return record.status in TERMINAL

        until(ended)
        return self.get(pipeline)


@pytest.fixture
def piping(yard: Yard) -> Iterator[Piping]:
    return Piping(yard)


def test_steps_come_in_their_order_and_read_what_was_made(piping: Piping) -> None:
    """A step begins when all before it have completed, and its data are where they were made."""
    pipeline = piping.submit(piping.node("a"), piping.node("b", "a"), piping.node("c", "b"))
    assert piping.states(pipeline)["c"] == "NotStarted"
    piping.play(pipeline, "a", "made by a")
    until(lambda: piping.states(pipeline)["b"] != "NotStarted")
    assert next(e for e in piping.get(pipeline).nodes if e.name == "c").reason.startswith("after b")
    first, second = piping.step(pipeline, "a"), piping.step(pipeline, "b")
    assert runs.spec(piping.system, W, second).data == [
        DataReference("a_data", STORE, f"azureml/{first}/a_data"),
        DataReference("b_data", STORE, f"azureml/{second}/b_data"),
    ]
    ended = piping.play_all(pipeline)
    assert (ended.status, set(piping.states(pipeline).values())) == ("Completed", {"Completed"})
    assert [(each.layer, each.place) for each in ended.nodes] == [(0, 0), (1, 0), (2, 0)]
    step = piping.yard.get(second)
    assert (step.parent, step.run_type, step.name) == (pipeline, "azureml.StepRun", "b")
    assert piping.yard.get(pipeline).properties["azureml.runsource"] == "azureml.PipelineRun"


def test_equal_steps_are_reused_until_bytes_differ(piping: Piping) -> None:
    """The second submit runs nothing; of a changed folder only the step that has it runs."""
    nodes = [piping.node("a"), piping.node("b", "a")]
    first = piping.submit(*nodes)
    assert piping.play_all(first).status == "Completed"
    again = piping.submit(*nodes)
    until(lambda: piping.get(again).status == "Completed")
    assert all(each.startswith("reused from") for each in piping.reuse(again).values())
    made = {e.name: e.outputs for e in piping.get(first).nodes}
    assert {e.name: e.outputs for e in piping.get(again).nodes} == made
    reused = piping.yard.get(piping.step(again, "a"))
    assert reused.properties["azureml.reusedrunid"] == piping.step(first, "a")
    third = piping.submit(piping.node("a", text="print(2)"), nodes[1])
    assert piping.play_all(third).status == "Completed"
    told = piping.reuse(third)
    assert told["a"] == "runs: source changed (train.py)"
    # What the changed step made has the same bytes, so what reads it need not run.
    assert told["b"].startswith("reused from")


def test_changed_results_are_not_used(piping: Piping) -> None:
    """What a step made and somebody changed since is made anew, and who asks is told why."""
    nodes = [piping.node("a"), piping.node("b", "a")]
    first = piping.submit(*nodes)
    piping.play_all(first)
    place = piping.root / f"azureml/{piping.step(first, 'a')}/a_data/made.txt"
    place.write_text("other, and longer")
    again = piping.submit(*nodes)
    piping.play_all(again)
    assert "not there any more" in piping.reuse(again)["a"]
    assert piping.reuse(again)["b"].startswith("reused from")
    fresh = piping.submit(*nodes, regenerate=True)
    piping.play_all(fresh)
    assert piping.reuse(fresh)["a"] == "runs: regenerate_outputs=True"


def test_results_of_a_deleted_pipeline_are_not_used(piping: Piping) -> None:
    """What is in the trash may be freed any day; what was made is made anew until it is back."""
    node = piping.node("a")
    first = piping.submit(node)
    piping.play_all(first)
    deleted = trash.add(piping.system, W, AddTrash("run", first))
    again = piping.submit(node)
    assert piping.play_all(again).status == "Completed"
    assert piping.reuse(again)["a"].startswith("runs: ")
    trash.add(piping.system, W, AddTrash("run", again))
    trash.restore(piping.system, W, deleted.id)
    third = piping.submit(node)
    until(lambda: piping.get(third).status == "Completed")
    assert piping.reuse(third)["a"] == f"reused from {piping.step(first, 'a')}"


@pytest.mark.parametrize("goes_on", [False, True])
def test_a_failed_step_leaves_out_what_needs_it(piping: Piping, goes_on: bool) -> None:
    """What runs goes on; without `continue_on_failure` nothing else begins after a failure."""
    nodes = [piping.node("bad"), piping.node("needs", "bad"), piping.node("other", text="2")]
    last = piping.node("last", "other", text="3")
    pipeline = piping.submit(*nodes, last, continue_on_failure=goes_on)
    piping.yard.handle(piping.step(pipeline, "other"))
    piping.play(pipeline, "bad", outcome="failed")
    until(lambda: piping.states(pipeline)["needs"] == "Canceled")
    ended = piping.play_all(pipeline)
    assert ended.status == "Failed"
    assert piping.states(pipeline)["other"] == "Completed"
    assert piping.states(pipeline)["last"] == ("Completed" if goes_on else "Canceled")
    error = piping.yard.get(pipeline).error
    assert error is not None
    assert "step 'bad' failed" in error.message
    assert "bad is Failed" in (piping.yard.get(piping.step(pipeline, "needs")).reason or "")


def test_a_cancel_ends_all_steps(piping: Piping) -> None:
    """What waits is canceled at once, what runs when its agent has had its last word."""
    pipeline = piping.submit(piping.node("a"), piping.node("b", "a"))
    step = piping.step(pipeline, "a")
    piping.yard.report(step)
    runs.cancel(piping.system, W, pipeline)
    until(lambda: piping.states(pipeline)["b"] == "Canceled")
    piping.yard.finish(step, "canceled")
    until(lambda: piping.get(pipeline).status == "Canceled")
    assert piping.states(pipeline) == {"a": "Canceled", "b": "Canceled"}


@pytest.mark.parametrize("inherits", [False, True])
def test_what_steps_inherit_is_kept_for_them_alone(piping: Piping, inherits: bool) -> None:
    """The client's environment may hold secrets: it lies nowhere when no step sees it."""
    node = replace(piping.node("a"), inherits=inherits)
    pipeline = piping.submit(node, inherited={"SECRET": "x"})
    assert inherited(piping.system, pipeline) == ({"SECRET": "x"} if inherits else {})
    piping.play_all(pipeline)
    assert inherited(piping.system, pipeline) == {}


def test_a_step_that_is_canceled_alone_is_not_waited_for(piping: Piping) -> None:
    """The pipeline ends with the others; before, it stayed Running without end."""
    pipeline = piping.submit(piping.node("a"), piping.node("b", "a"))
    # Begun before: once a step is canceled, no other begins.
    piping.yard.report(piping.step(pipeline, "a"))
    runs.cancel(piping.system, W, piping.step(pipeline, "b"))
    piping.play(pipeline, "a", "made by a")
    until(lambda: piping.get(pipeline).status == "Canceled")
    assert piping.states(pipeline) == {"a": "Completed", "b": "Canceled"}


def test_what_cannot_be_read_fails_who_reads_it(piping: Piping, tmp_path: Path) -> None:
    """A script may put a link where its results should be: no later step stands for what is there.

    Before, the digest of nothing was the input's, which equaled that of any other such step.
    """
    pipeline = piping.submit(piping.node("a"), piping.node("b", "a"))
    place = piping.root / f"azureml/{piping.step(pipeline, 'a')}/a_data"
    piping.yard.report(piping.step(pipeline, "a"))
    place.parent.mkdir(parents=True)
    place.symlink_to(tmp_path)
    piping.play(pipeline, "a")
    until(lambda: piping.get(pipeline).status == "Failed")
    assert piping.states(pipeline) == {"a": "Completed", "b": "Failed"}
    error = piping.yard.get(piping.step(pipeline, "b")).error
    assert error is not None
    assert "leads out of its folder" in error.message


@pytest.mark.parametrize(
    "error",
    [TemporaryError("the store does not answer"), OSError(errno.EIO, "the store does not answer")],
)
def test_what_is_away_for_a_moment_fails_no_step(piping: Piping, error: Exception) -> None:
    """A step waits for a store or a disk that does not answer, says so, and is asked for again."""
    piping.yard.scheduler.stop()
    pipeline = piping.submit(piping.node("a"))

    def away(*_: object) -> Any:
        raise error

    due = pipeline_turns.advance(piping.system, Subject(PIPELINE, W, pipeline), away)
    (node,) = piping.get(pipeline).nodes
    assert node.status == "NotStarted"
    assert node.reason.startswith("tried again: ")
    assert "the store does not answer" in node.reason
    assert due is not None


def test_so_many_steps_are_under_way_at_once(piping: Piping) -> None:
    """`max_parallel` holds back what is ready, until another ends; reused ones do not count."""
    nodes = [piping.node(name, text=f"print('{name}')") for name in "abc"]
    spec = PipelineSpec(nodes, max_parallel=1)
    pipeline = pipelines.submit(piping.system, W, SubmitPipeline("exp", spec)).id
    for name in "abc":
        until(lambda name=name: piping.states(pipeline)[name] != "NotStarted")  # type: ignore[misc]
        begun = [key for key, state in piping.states(pipeline).items() if state != "NotStarted"]
        assert begun == list("abc")[: len(begun)]
        assert begun[-1] == name
        piping.play(pipeline, name)
    until(lambda: piping.get(pipeline).status == "Completed")
    again = pipelines.submit(piping.system, W, SubmitPipeline("exp", spec)).id
    until(lambda: piping.get(again).status == "Completed")
    assert all(each.startswith("reused from") for each in piping.reuse(again).values())


def test_a_turn_reads_what_has_happened(piping: Piping, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of hundreds of steps a turn looks at those that have ended and at those that are ready."""
    piping.yard.scheduler.stop()
    nodes = [piping.node("a"), *_many(piping.node("b", "a"), 40)]
    spec = PipelineSpec(nodes[::-1])
    answer = pipelines.submit(piping.system, W, SubmitPipeline("exp", spec))
    pipeline = answer.id
    # What is told of one that is written in parts is made up before any of it is there.
    assert answer == piping.get(pipeline)
    subject, read = Subject(PIPELINE, W, pipeline), list[int]()
    plain = rows._nodes

    def counted(found: Any) -> Any:
        made = plain(found)
        read.append(len(made))
        return made

    monkeypatch.setattr(rows, "_nodes", counted)

    def turns() -> int:
        read.clear()
        pipeline_turns.advance(piping.system, subject, lambda *_: (None, False))
        return sum(read)

    assert turns() <= 3
    assert turns() == 0
    runs.complete(piping.system, W, piping.step(pipeline, "a"))
    # The first that waited for it begins; the others come after each other.
    assert turns() <= 8
    runs.cancel(piping.system, W, pipeline)
    turns()
    assert set(piping.states(pipeline).values()) == {"Completed", "Canceled"}


def test_steps_that_name_the_same_are_checked_by_one_look(
    piping: Piping, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten thousand steps are submitted in seconds: what they share is looked up for one of them."""
    piping.yard.scheduler.stop()
    asked, plain = list[int](), piping.system.records.read

    def counted(look: Any) -> Any:
        asked[-1] += 1
        return plain(look)

    monkeypatch.setattr(piping.system.records, "read", counted)
    for many in (2, 30):
        asked.append(0)
        nodes = [piping.node("a"), *_many(piping.node("b", "a"), many)]
        asked[-1] = 0
        pipelines.submit(piping.system, W, SubmitPipeline("exp", PipelineSpec(nodes)))
    assert asked[0] == asked[1]


def test_a_submit_that_was_killed_leaves_nothing_that_runs(
    piping: Piping, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Thousands of steps are written one part after the other, and begin once all are there."""
    piping.yard.scheduler.stop()
    nodes = _many(piping.node("b"), 101)
    plain, writes = piping.system.records.write, list[int]()

    def killed(act: Any) -> Any:
        if writes:
            raise KeyboardInterrupt
        writes.append(1)
        return plain(act)

    with monkeypatch.context() as patch:
        patch.setattr(piping.system.records, "write", killed)
        with pytest.raises(KeyboardInterrupt):
            piping.submit(*nodes)
    (pipeline,) = [
        each.id for each in runs.list_(piping.system, W, runs.RunQuery()).items if not each.parent
    ]
    subject = Subject(PIPELINE, W, pipeline)
    due = pipeline_turns.advance(piping.system, subject, lambda *_: (None, False))
    assert due is not None
    assert set(piping.states(pipeline).values()) == {"NotStarted"}
    piping.yard.clock.sleep(301)
    pipeline_turns.advance(piping.system, subject, lambda *_: (None, False))
    assert piping.get(pipeline).status == "Failed"
    assert set(piping.states(pipeline).values()) == {"Canceled"}
    error = piping.yard.get(pipeline).error
    assert error is not None
    assert "submit it again" in error.message


def test_the_first_reuse_is_told_once(piping: Piping) -> None:
    """Purity is the user's word, so a workspace hears once what is taken for granted."""
    node = piping.node("a")
    piping.play_all(piping.submit(node))
    told = []
    for _ in range(2):
        again = piping.submit(node)
        until(lambda: piping.get(again).status == "Completed")  # noqa: B023 - called at once
        told.append(len(piping.yard.get(again).warnings))
    assert told == [1, 0]


def test_which_files_of_an_input_differ_is_told(piping: Piping) -> None:
    """Of data on a datastore, and of what a step before it has made."""
    (piping.root / "here").mkdir()
    for name in ("one.txt", "two.txt", "three.txt"):
        (piping.root / "here" / name).write_text(name)
    reads = NodeInput("given", reference=DataReference("given", STORE, "here"))
    nodes = [replace(piping.node("a"), inputs=[reads]), piping.node("b", "a")]
    piping.play_all(piping.submit(*nodes), "made before")
    (piping.root / "here" / "two.txt").write_text("another")
    again = piping.submit(*nodes)
    piping.play_all(again, "made again")
    assert piping.reuse(again) == {
        "a": "runs: input given: 1 of 3 files differ",
        "b": "runs: input a_data: its file differs",
    }


def test_a_sweep_below_a_run_that_ends_goes_on_and_hands_on(piping: Piping) -> None:
    """A pipeline's steps are its own; what is handed on may be behind the first page of files."""
    above = runs.start(piping.system, W, StartRun("exp")).id
    node = piping.node("h")
    sweep = SweepSpec("exp", [UNITS], [Objective("acc", MAXIMIZE)], GRID, max_trials=1)
    node = replace(node, sweep=sweep, run=replace(node.run, arguments=[]), outputs=[])
    node = replace(node, outputs=[NodeOutput("best", STORE, taken="outputs")])
    pipeline = piping.submit(node, parent=above)
    runs.complete(piping.system, W, above)
    trial = f"HD_{piping.step(pipeline, 'h')}_0"
    until(lambda: f"{trial}/0/1/job" in piping.yard.engine.agents)
    entry = store_text(piping.system, "outputs/made.txt", "one")
    entries = [entry, *(replace(entry, path=f"o/{number}") for number in range(1001))]
    files.register(piping.system, W, trial, body=RegisterFiles(entries))
    Sweeping(piping.yard).log(trial, 0.5)
    with pytest.raises(WrongState, match="or a sweep"):
        runs.complete(piping.system, W, piping.step(pipeline, "h"))
    piping.yard.finish(trial)
    until(lambda: piping.get(pipeline).status in TERMINAL)
    assert piping.states(pipeline) == {"h": "Completed"}
    (made,) = piping.get(pipeline).nodes[0].outputs
    assert [each.name for each in (piping.root / made.path).iterdir()] == ["made.txt"]


def test_a_parameter_says_the_place(piping: Piping) -> None:
    """A path is read where the submission says; what is not there yet is no fault."""
    node = piping.node("a")
    place = {"datastore": STORE, "path": "here"}
    parameters = [PipelineParameterSpec("where", PATH, place)]
    node = replace(node, inputs=[NodeInput("data", parameter="where")])
    other = {"datastore": STORE, "path": "there"}
    pipeline = piping.submit(node, parameters=parameters, values={"where": other})
    piping.play_all(pipeline)
    data = runs.spec(piping.system, W, piping.step(pipeline, "a")).data
    assert data[0] == DataReference("data", STORE, "there")
    assert piping.get(pipeline).values == {"where": other}


def test_two_equal_steps_at_once_are_made_once(piping: Piping) -> None:
    """The second waits for the first, says so, and has its results."""
    node = piping.node("a")
    piping.play_all(piping.submit(piping.node("warm", text="so that the environment is known")))
    one, two = piping.submit(node), piping.submit(node)

    def runs_once() -> bool:
        found = [piping.get(each).nodes[0] for each in (one, two)]
        return sum(each.reason.startswith("waiting for the same step") for each in found) == 1

    until(runs_once)
    begun = one if piping.get(one).nodes[0].state == "begun" else two
    piping.play_all(begun)
    until(lambda: piping.get(one).status == piping.get(two).status == "Completed")
    told = [*piping.reuse(one).values(), *piping.reuse(two).values()]
    assert sorted(each.startswith("reused") for each in told) == [False, True]


def test_two_inputs_read_one_output_each_in_its_own_way(piping: Piping) -> None:
    """As files and as records, or both parts of a split: neither is the other's dataset."""
    after = piping.node("b", "a")
    table = {"kind": "tabular", "reader": {"format": "json_lines"}, "types": []}
    both = [
        replace(after.inputs[0], name="files", as_dataset=True),
        replace(after.inputs[0], name="rows", mode="direct", as_dataset=True, definition=table),
    ]
    pipeline = piping.submit(piping.node("a"), replace(after, inputs=both))
    piping.play(pipeline, "a", "made by a")
    until(lambda: piping.states(pipeline)["b"] != "NotStarted")
    given = runs.spec(piping.system, W, piping.step(pipeline, "b")).inputs
    kinds = {
        each.name: datasets.get(piping.system, W, each.dataset).definition["kind"] for each in given
    }
    assert kinds == {"files": "file", "rows": "tabular"}
    piping.play_all(pipeline)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda p: [p.node("a", "b"), p.node("b", "a")], "a circle: a -> b -> a"),
        (lambda p: [p.node("a", "b")], "needs a step 'b'"),
        (lambda p: [p.node("a"), p.node("a")], "have one id"),
        (lambda _: [], "1 to 10000 steps"),
        (lambda p: [replace(p.node("a"), parameters=["x"])], "a parameter 'x'"),
        (lambda p: [p.node("a"), _named(p.node("b", "a"), "path")], "'b': 'path' cannot name"),
        (lambda p: [p.node("a"), _named(p.node("b", "a"), "B_DATA")], "are called 'B_DATA'"),
        (lambda p: [_at(p.node("a"), "../x")], "output 'up' of step 'a'"),
        (lambda p: [_with_script(p.node("a"), "no.py")], "step 'a': the script"),
    ],
)
def test_a_pipeline_that_cannot_be_is_refused(piping: Piping, change: Any, told: str) -> None:
    """Before anything is written, and with the step's name."""
    with pytest.raises(InvalidRequest, match=told):
        piping.submit(*change(piping))


def test_a_pipeline_cannot_be_ended_from_outside(piping: Piping) -> None:
    """Its steps would go on with nobody who looks at them."""
    pipeline = piping.submit(piping.node("a"), piping.node("b", "a"))
    with pytest.raises(WrongState, match="is a pipeline"):
        runs.fail(piping.system, W, pipeline, FailRun())
    with pytest.raises(WrongState, match="a step that has not begun"):
        runs.complete(piping.system, W, piping.step(pipeline, "b"))
    piping.play_all(pipeline)


def _many(node: NodeSpec, count: int) -> list[NodeSpec]:
    """So many steps, each after the one before it."""
    found = [replace(node, id="n0", name="n0")]
    for number in range(1, count):
        named = {"id": f"n{number}", "name": f"n{number}"}
        found.append(replace(node, after=[f"n{number - 1}"], **named))
    return found


def _named(node: NodeSpec, name: str) -> NodeSpec:
    """A step that reads what another makes as a dataset of this name."""
    return replace(node, inputs=[replace(node.inputs[0], name=name, as_dataset=True)])


def _at(node: NodeSpec, path: str) -> NodeSpec:
    return replace(node, outputs=[NodeOutput("up", STORE, path, taken="outputs")])


def _with_script(node: NodeSpec, script: str) -> NodeSpec:
    return replace(node, run=replace(node.run, script=script))


class TestPipelineReconciler(ReconcilerContract):
    """What every reconciler must do; steps are ended by the test, as if each had run."""

    def make_system(self, folder: Path) -> System:
        self.yard = Yard(folder / "home")
        self.piping = Piping(self.yard)
        self.count = 0
        return self.yard.system

    def make_reconciler(self, system: System, token: str) -> Reconciler:
        del token
        return PipelineReconciler(system, self.yard.environments)

    def want(self, system: System) -> Subject:
        del system
        self.count += 1
        # Each another, or the second would have the results of the first.
        one = self.piping.node("a", text=f"print({self.count})")
        return Subject(PIPELINE, W, self.piping.submit(one, self.piping.node("b", "a")))

    def is_done(self, system: System, subject: Subject) -> bool:
        record = self.piping.get(subject.id)
        for each in record.nodes:
            if each.status == "Starting":
                runs.complete(system, W, each.run)
        return record.status == "Completed"

    def state(self, system: System) -> object:
        found = runs.list_(system, W, runs.RunQuery(include_children=True)).items
        return [(each.id, each.status, each.last_event) for each in found]

    def clean_up(self, system: System) -> None:
        del system
        self.yard.close()
