"""`SweepRun`: sweeps of real runs, from submit to the best model; what is changed on the way."""

import subprocess
import sys
import time
from typing import Any

import pytest

from runyard import Sweep, SweepRun, choice, uniform
from runyard.sdk.exceptions import ActivityFailedException, UserErrorException
from runyard.sdk.models import Model
from runyard.sdk.runs import Run
from runyard.sdk.widgets import RunDetails

TRAIN = """
import argparse, os
from runyard import Run
parser = argparse.ArgumentParser()
parser.add_argument("--x", type=float)
parser.add_argument("--kind")
parser.add_argument("--momentum", type=float, default=0.0)
given = parser.parse_args()
run = Run.get_context()
for step in range(2):
    run.log("loss", given.x + (given.kind == "bad") + 1 - step, step=step)
os.makedirs("outputs/model", exist_ok=True)
open("outputs/model/x.txt", "w").write(str(given.x))
"""
SPACE = {"x": uniform(0, 1), "kind": choice({"good": {"momentum": uniform(0, 1)}, "bad": {}})}
GOAL = {"loss": "minimize"}


@pytest.fixture
def swept(experiment, script) -> Any:
    """Submit a sweep over a script."""

    def begin(sweep: Sweep, text: str = TRAIN) -> SweepRun:
        run = experiment.submit(sweep.over(script(text)), tags={"by": "test"})
        assert isinstance(run, SweepRun)
        return run

    return begin


def test_a_sweep_tries_finds_the_best_and_registers_its_model(experiment, swept, capsys):
    """The whole path: points of one's own first, trials as children, the best one's files."""
    sweep = Sweep(SPACE, GOAL, max_trials=4, parallel=2, seed=5)
    sweep.enqueue({"x": 0.0, "kind": "good", "momentum": 0.5})
    run = swept(sweep)
    details = run.wait_for_completion(show_output=True)
    assert details["status"] == "Completed"
    said = capsys.readouterr().out
    assert "4 of 4 trials; best loss 0 (trial 0: x=0 kind=good kind.good.momentum=0.5)" in said
    assert said.rstrip().endswith("Completed")
    assert run.best.params == {"x": 0.0, "kind": "good", "kind.good.momentum": 0.5}
    assert [trial.number for trial in run.trials("completed")] == [0, 1, 2, 3]
    assert run.front() == [run.best]
    rows = run.table()
    assert rows[0]["loss"] == 0.0
    assert {("kind.good.momentum" in row) is (row["kind"] == "good") for row in rows} == {True}
    assert [child.id for child in run.get_children()] == [f"{run.id}_{n}" for n in (3, 2, 1, 0)]
    model = run.best_run.register_model("best", "outputs/model")
    assert Model(experiment.workspace, "best").run_id == model.run_id == f"{run.id}_0"
    assert run.get_tags() == {"by": "test"}


def test_a_sweep_is_a_sweep_wherever_runs_are(experiment, swept):
    """Fetched, listed and as a parent it has the methods of a sweep, and tells how far it is."""
    run = swept(Sweep(SPACE, GOAL, max_trials=1))
    run.wait_for_completion()
    command = [sys.executable, "-P", "-m", "runyard", "runs", "logs", run.id]
    command += ["--workspace", experiment.workspace.name]
    log = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "[SCHEDULER][INFO]Scheduling job" in log
    fetched = Run.get(experiment.workspace, run.id)
    listed = list(experiment.get_runs())
    for each in (fetched, *listed, fetched.best_run.parent):
        assert isinstance(each, SweepRun)
    assert "Trials: 1 of 1,\nBest: loss " in repr(fetched)
    assert "1 of at most 1" in fetched._repr_html_()
    assert isinstance(SweepRun(experiment, run.id).best_run, Run)


def test_a_sweep_is_paused_changed_gone_on_with_and_canceled(swept):
    """What people do with a sweep that runs: each takes effect, and the end stays the end."""
    run = swept(Sweep(SPACE, GOAL, parallel=1, seed=1), "import time; time.sleep(600)")
    _until(lambda: run._sweep().counts.get("running"))
    run.pause()
    run.change(parallel=2, max_trials=3, max_minutes=30)
    spec = run._sweep().spec
    assert (spec.parallel, spec.max_trials, spec.max_duration_seconds) == (2, 3, 1800.0)
    run.enqueue({"x": 0.25, "kind": "bad"})
    assert run._sweep().paused
    run.resume()
    _until(lambda: run._sweep().counts.get("running") == 2)
    assert run.trials()[1].params == {"x": 0.25, "kind": "bad"}
    with pytest.raises(UserErrorException, match="'x' cannot be 2"):
        run.enqueue({"x": 2, "kind": "bad"})
    with pytest.raises(UserErrorException, match="give parallel, max_trials or max_minutes"):
        run.change()
    with pytest.raises(UserErrorException, match="max_minutes is '5'"):
        run.change(max_minutes="5")
    for wrong in (run.complete, run.fail):
        with pytest.raises(UserErrorException, match=r"cancel\(\) ends it now"):
            wrong()
    run.cancel()
    assert run.wait_for_completion()["status"] == "Canceled"
    run.cancel()
    assert run.best is None
    assert run.best_run is None
    with pytest.raises(UserErrorException, match="ended"):
        run.pause()


def test_a_sweep_whose_trials_all_fail_says_so(swept):
    """A script that cannot work ends the sweep early, and waiting for it raises with the reason."""
    sweep = Sweep({"x": choice([1, 2, 3, 4])}, GOAL, parallel=1, max_failures=2)
    run = swept(sweep, "raise SystemExit('no data')")
    with pytest.raises(ActivityFailedException, match="no data"):
        run.wait_for_completion()
    assert [trial.state for trial in run.trials()] == ["failed", "failed"]


def test_a_metric_that_no_trial_logs_is_told_while_the_sweep_runs(swept, capsys):
    """People lose days on a name that differs: the line below says what is logged instead."""
    run = swept(Sweep(SPACE, {"los": "minimize"}, max_trials=1))
    run.wait_for_completion(show_output=True)
    assert "has not logged the metric 'los' but others: nearest: 'loss'" in capsys.readouterr().out
    assert run.best is None


def test_several_goals_have_a_front_and_no_best(swept):
    """With two goals the trials that no other beats are what counts."""
    text = TRAIN + '\nrun.log("size", given.x)\n'
    run = swept(Sweep(SPACE, {**GOAL, "size": "maximize"}, max_trials=3, seed=2), text)
    run.wait_for_completion()
    assert run.front()
    assert all(len(trial.values) == 2 for trial in run.front())
    assert "size" in run.table()[0]
    with pytest.raises(UserErrorException, match=r"front\(\) has those"):
        _ = run.best
    assert f"{len(run.front())} on the front of loss, size" in repr(run)


def test_what_the_service_refuses_is_told_and_makes_nothing(experiment, swept):
    """An unknown sampler is told with those there are; no run is left of it."""
    with pytest.raises(UserErrorException, match="did you mean 'random'"):
        swept(Sweep(SPACE, GOAL, sampler="randm"))
    assert list(experiment.get_runs()) == []


def _until(fits: Any) -> None:
    deadline = time.monotonic() + 60
    while not fits():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_card_follows_a_sweep(swept, notebook, tmp_path):
    """Trials come up on the card one after another, and its end has the best of them."""
    shown = tmp_path / "shown"
    wait = f"import os, time\nwhile not os.path.exists({str(shown)!r}): time.sleep(0.05)\n"
    run = swept(Sweep(SPACE, GOAL, max_trials=3, seed=5), wait + TRAIN)
    RunDetails(run).show()
    shown.touch()
    page = notebook.until("Completed</b>", seconds=60)
    assert "3 of at most 3: 3 completed" in page
    assert f">{run.best_run.id}</td>" in page
    assert "best loss so far" in page
    assert any("3 completed" not in html for _, html, _ in notebook.shown)
