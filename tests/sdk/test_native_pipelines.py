"""Pipelines of functions and scripts on a real service: planned, run, reused, published."""

from __future__ import annotations

import runpy
from typing import TYPE_CHECKING, Any

import pytest

import runyard
from runyard.protocol.pipelines import OutputRecord
from runyard.sdk.exceptions import ActivityFailedException, UserErrorException
from runyard.sdk.pipeline_runs import StepOutput

if TYPE_CHECKING:
    from pathlib import Path

    from runyard.sdk.experiments import Experiment
    from runyard.sdk.workspaces import Workspace

STEPS = """\
import runyard

own = runyard.Environment("own")
own.python.user_managed_dependencies = True

@runyard.step(environment=own, outputs="clean", reuse=True)
def prepare(raw: runyard.Input, clean, share: float = 0.8, tags=()):
    assert isinstance(clean, runyard.Output)
    words = (raw / "a.txt").read_text().split()
    kept = words[: int(len(words) * share)]
    (clean / "a.txt").write_text(" ".join([*kept, *tags]))

@runyard.step(environment=own)
def train(clean: "runyard.Input", model: "runyard.Output", lr: float, note: str = "", last=False):
    runyard.Run.get_context().log("lr", lr)
    (model / "m.txt").write_text(f"{(clean / 'a.txt').read_text()} {lr} {note} {last}")

@runyard.step(environment=own)
def fails(model: runyard.Input):
    raise ValueError("no such luck")

show = runyard.script_step("show.py", inputs="model", environment=own)
"""
PIPELINE = """
experiment = runyard.Experiment(runyard.Workspace.from_config(), "nightly")
with runyard.Pipeline(experiment, "nightly", max_parallel=1) as p:
    data = prepare(runyard.dataset("raw"), share=p.parameter("share", 0.5), tags=["$HOME"])
    for lr in (0.1, 0.01):
        trained = train(data.clean, lr=lr, note=p.parameter("note", "5"), last=lr < 0.1)
    show(trained, times=2)
"""
SHOW = """\
import argparse, os
parser = argparse.ArgumentParser()
parser.add_argument("--model")
parser.add_argument("--times", type=int)
args = parser.parse_args()
print(open(os.path.join(args.model, "m.txt")).read() * args.times)
"""


@pytest.fixture
def steps(folder: Path, workspace: Workspace) -> dict[str, Any]:
    """The names of the script that has the steps and builds a pipeline, as if it were run."""
    (folder / "raw").mkdir()
    (folder / "raw" / "a.txt").write_text("a b c d")
    store = workspace.get_default_datastore()
    store.upload(str(folder / "raw"), "raw", show_progress=False)
    workspace.write_config(str(folder))
    runyard.dataset("raw", files=(store, "raw/**"))
    (folder / "show.py").write_text(SHOW)
    (folder / ".amlignore").write_text("here/\n")
    (folder / "nightly.py").write_text(STEPS + PIPELINE)
    return runpy.run_path("nightly.py")


def test_a_pipeline_of_functions(
    steps: dict[str, Any], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """From the plan before anything has run to one that reuses all, with every kind of argument."""
    p: runyard.Pipeline = steps["p"]
    plan = p.plan()
    assert [(each.name, each.verdict) for each in plan.steps] == [
        *(("prepare", "runs"), ("train", "open"), ("train", "open"), ("show.py", "open"))
    ]
    run = p.submit(tags={"by": "test"}).wait()
    assert (run.status, run.name, run.tags) == ("Completed", "nightly", {"by": "test"})
    out = capsys.readouterr().out
    assert "prepare: Completed (runs: " in out
    assert "train[1]: Completed (runs: " in out
    assert run.step("train", 1).outputs["model"].download("here") == 1
    assert (folder / "here" / "m.txt").read_text() == "a b $HOME 0.01 5 True"
    second = run.step("train", 1)
    assert second.get_metrics() == {"lr": 0.01}
    assert second.get_parameters()["note"] == "5"
    assert [step.name for step in run.steps()] == ["prepare", "train", "train", "show.py"]
    with pytest.raises(UserErrorException, match="has 2 steps called 'train'"):
        run.step("train", 2)

    assert [each.verdict for each in p.plan().steps] == ["reused"] * 4
    changed = p.plan({"note": "6"}).steps
    assert [each.verdict for each in changed] == ["reused", "runs", "runs", "open"]
    assert changed[1].reason == "runs: arguments changed"
    again = p.publish(version="1").submit({"note": "5"}).wait(show_output=False)
    assert again.step("train", 1).reuse == f"reused from {second.id}"
    assert again.step("train", 1).get_metrics() == {"lr": 0.01}
    assert "4 of 4 steps" in repr(p.plan())
    before = p.schedule("0 3 * * *", time_zone="Europe/Berlin", parameters={"note": "7"})
    schedule = p.schedule("30 4 * * 1")
    with pytest.raises(UserErrorException, match="is no cron expression"):
        p.schedule("at three")
    # A script that is run again has one schedule, and what is refused leaves nothing behind.
    assert (before.next_at, schedule.runs()) == (None, [])
    assert "T04:30:00" in str(schedule.next_at)
    # What a run has made is an input of other pipelines.
    with runyard.Pipeline(p.experiment, "more") as more:
        steps["fails"](second.outputs["model"])
    with pytest.raises(ActivityFailedException, match="step 'fails' failed"):
        more.submit().wait(show_output=False)


def test_outside_a_pipeline_steps_are_functions(steps: dict[str, Any], folder: Path) -> None:
    """A step can be tried without a service; a script cannot."""
    (folder / "clean").mkdir()
    assert steps["prepare"](folder / "raw", runyard.Output("clean"), 0.5) is None
    assert (folder / "clean" / "a.txt").read_text() == "a b"
    with pytest.raises(UserErrorException, match=r"within `with runyard\.Pipeline"):
        steps["show"](folder)


def local(raw: runyard.Input, size: object = None) -> None:
    """A function of a file that is there."""
    del raw, size


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda step, place, _: step(place, {1, 2}), "'size' is of the type set; an argument is"),
        (
            lambda step, place, _: step(place, [1, {"a": float("nan")}]),
            r"'size'\[1\]\['a'\] is nan",
        ),
        (lambda step, place, _: step(place, {1: 2}), "has the key 1, which is no text"),
        (lambda step, place, _: step(place, "x" * 100_001), "has 100003 characters"),
        (lambda step, _, __: step("raw"), "'raw' is an input, so it takes a dataset of files"),
        (lambda step, _, __: step(), "missing a required argument: 'raw'"),
        (lambda step, place, _: step(place, rate=1), "got an unexpected keyword argument 'rate'"),
        (lambda step, place, _: step(step(place)), "makes nothing; say which of it"),
        (lambda step, place, _: step(place).gone, "has no output 'gone'"),
        (lambda step, place, p: step(place, [p.parameter("a", 1)]), "a parameter within another"),
        (
            lambda _, __, p: (p.parameter("a", 1), p.parameter("a", 2)),
            "is there with the default 1",
        ),
        (lambda _, __, p: p.parameter("a b", 1), "cannot name a parameter"),
        (lambda _, place, __: runyard.step(lambda raw: raw)(place), "cannot be found by name"),
        (lambda _, place, __: runyard.script_step("gone.py", inputs="a")(place), "no script"),
        (lambda _, __, ___: runyard.script_step("a.py", inputs="a")(b=1), "it was called with b"),
        (lambda _, __, p: runyard.Pipeline(p.experiment).__enter__(), "is being built already"),
    ],
)
def test_what_makes_no_sense_is_refused_at_the_call(
    call: Any, told: str, experiment: Experiment
) -> None:
    """Whoever builds a pipeline hears of a slip in the line that has it, and nothing is sent."""
    step = runyard.step(local)
    place = (experiment.workspace.get_default_datastore(), "a/b")
    pipeline = runyard.Pipeline(experiment)
    with pipeline, pytest.raises((UserErrorException, AttributeError), match=told):
        call(step, place, pipeline)
    for make in (
        lambda: runyard.step(lambda *rest: rest),
        lambda: runyard.step(outputs="gone")(local),
        lambda: runyard.Pipeline(experiment, max_parallel=0),
        lambda: pipeline.submit({"rate": 1}),
    ):
        with pytest.raises(UserErrorException):
            make()


def test_one_file_is_brought_without_those_beside_it(workspace: Workspace, folder: Path) -> None:
    """An output may be a file, whose name that of another output begins with."""
    (folder / "made").mkdir()
    for name in ("model", "model2"):
        (folder / "made" / name).write_text(name)
    workspace.get_default_datastore().upload(str(folder / "made"), "r", show_progress=False)
    record = OutputRecord("model", workspace.default_datastore_name, "r/model")
    assert StepOutput(workspace, record).download("here") == 1
    assert [each.name for each in (folder / "here").iterdir()] == ["model"]
