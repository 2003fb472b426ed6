"""A v1 tuning script from the space of parameters to the best run, with real children."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest
from tests.journeys.conftest import empty_machine

from azureml.train.hyperdrive import (
    BanditPolicy,
    GridParameterSampling,
    HyperDriveConfig,
    HyperDriveRun,
    PrimaryMetricGoal,
    RandomParameterSampling,
    TruncationSelectionPolicy,
    choice,
    uniform,
)
from azureml.widgets import RunDetails

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.journeys.conftest import Yard

SCRIPT = """
import argparse, os
from azureml.core import Run
parser = argparse.ArgumentParser()
parser.add_argument("--data")
parser.add_argument("--lr", type=float)
parser.add_argument("--units", type=int, default=1)
parser.add_argument("--resume-from")
given = parser.parse_args()
run = Run.get_context()
begin = 0
if given.resume_from:
    with open(os.path.join(given.resume_from, "state.txt")) as state:
        begin = int(state.read())
run.log("begin", begin)
for step in range(3):
    run.log("acc", given.lr * given.units - step / 100)
with open("outputs/state.txt", "w") as state:
    state.write(str(begin + 3))
"""
# The later the worse.
WORSE = """
import sys, time
from azureml.core import Run
run = Run.get_context()
value = float(sys.argv[sys.argv.index("--acc") + 1])
for _ in range(3):
    run.log("acc", value)
time.sleep(30 if value < 0.9 else 0)
"""
GRID = {"--lr": choice(0.1, 0.2), "units": choice(1, 2)}


def base(yard: Any, text: str = SCRIPT, target: str = "local", **more: Any) -> Any:
    """Make the script that is swept."""
    from azureml.core import Environment, ScriptRunConfig

    environment = Environment("plain")
    environment.python.user_managed_dependencies = True
    environment.python.interpreter_path = sys.executable
    return ScriptRunConfig(
        yard.script(text),
        script="train.py",
        compute_target=target,
        environment=environment,
        **more,
    )


def config(run_config: Any = None, sampling: Any = None, runs: int = 10, **more: Any) -> Any:
    """Make the sweep of a script: all points of the grid, unless told otherwise."""
    return HyperDriveConfig(
        hyperparameter_sampling=sampling or GridParameterSampling(GRID),
        primary_metric_name="acc",
        primary_metric_goal=PrimaryMetricGoal.MAXIMIZE,
        max_total_runs=runs,
        run_config=run_config,
        **more,
    )


@pytest.fixture(scope="module")
def yard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    """One machine for all journeys: they do not disturb one another, and to start it takes long."""
    top = tmp_path_factory.mktemp("tuning")
    with pytest.MonkeyPatch.context() as patched:
        yield from empty_machine(top, patched)


@pytest.fixture
def experiment(yard: Any, request: pytest.FixtureRequest) -> Any:
    """An experiment of the test's own."""
    from azureml.core import Experiment

    name = "".join(each if each.isalnum() else "-" for each in request.node.name)
    return Experiment(yard.workspace, name.strip("-"))


def test_a_sweep_from_the_space_to_the_best_run(yard: Any, experiment: Any, capsys: Any) -> None:
    """What every tuning notebook does, and what it reads afterwards."""
    from azureml.core import Run

    sweep = experiment.submit(config(base(yard, arguments=["--data", "x", "--lr", 9])))
    assert (type(sweep), sweep.type) == (HyperDriveRun, "hyperdrive")
    details = sweep.wait_for_completion(show_output=True)
    assert (details["status"], details["target"]) == ("Completed", "local")
    assert list(details["logFiles"]) == ["azureml-logs/hyperdrive.txt"]
    printed = capsys.readouterr().out
    heading = "Streaming azureml-logs/hyperdrive.txt\n====================================="
    assert printed.startswith(f"RunId: {sweep.id}\nWeb View: ")
    assert heading in printed
    assert f"id='{sweep.id}_3'" in printed
    assert "Execution Summary\n=================\n" in printed

    best = sweep.get_best_run_by_primary_metric()
    assert best.id == f"{sweep.id}_3"
    assert best.parent.id == sweep.id
    assert best.get_details()["runDefinition"]["arguments"] == [
        *("--data", "x", "--lr", "9"),
        *("--lr", "0.2", "--units", "2"),
    ]
    assert json.loads(sweep.get_hyperparameters()[best.id]) == {"--lr": 0.2, "units": 2}
    assert json.loads(best.get_tags()["hyperparameters"]) == {"--lr": 0.2, "units": 2}
    assert sweep.get_metrics()[best.id]["acc"][0] == 0.4

    rows = sweep.get_children_sorted_by_primary_metric()
    assert [row["best_primary_metric"] for row in rows] == [0.4, 0.2, 0.2, 0.1]
    assert [row["run_id"][-1] for row in rows] == ["3", "1", "2", "0"]
    assert {row["status"] for row in rows} == {"Completed"}
    assert [child.number for child in sweep.get_children()] == [5, 4, 3, 2]

    table = Run(experiment, sweep.id).get_metrics(name="best_child_by_primary_metric")
    columns = table["best_child_by_primary_metric"]
    assert columns["run_id"][-1] == best.id
    assert columns["final"] == [*[False] * (len(columns["final"]) - 1), True]
    properties = sweep.get_properties()
    assert (properties["score"], properties["best_child_run_id"]) == ("0.4", best.id)
    assert properties["space_size"] == "4"

    workspace = experiment.workspace
    again = [Run.get(workspace, sweep.id), *experiment.get_runs(), best.parent]
    assert {type(run) for run in again} == {HyperDriveRun}
    assert again[0].hyperdrive_config._tags() == sweep.hyperdrive_config._tags()
    assert sweep.cancel() is True
    assert sweep.get_status() == "Completed"

    RunDetails(sweep).show()
    card = capsys.readouterr().out
    assert "4 of at most 10: 4 completed" in card
    assert f"{best.id}  Completed  0.2   2      0.4" in card


def test_an_estimator_is_swept(yard: Any, experiment: Any) -> None:
    """Its own arguments of a swept name give way, with a warning that lists them."""
    from azureml.train.estimator import Estimator

    estimator = Estimator(
        yard.script(SCRIPT),
        script_params={"--lr": 7, "--data": "x"},
        compute_target="local",
        entry_script="train.py",
        user_managed=True,
    )
    space = RandomParameterSampling({"lr": uniform(0.1, 0.2)}, properties={"seed": 3})
    with pytest.warns(UserWarning, match="arguments --lr are swept"):
        sweep = experiment.submit(config(sampling=space, runs=2, estimator=estimator))
    sweep.wait_for_completion()
    for child in sweep.get_children():
        arguments = child.get_details()["runDefinition"]["arguments"]
        assert arguments[:3] == ["--data", "x", "--lr"]
        assert child.get_metrics()["acc"][0] == float(arguments[3])


@pytest.mark.parametrize(
    "policy",
    [
        BanditPolicy(slack_factor=0.1, evaluation_interval=2),
        TruncationSelectionPolicy(50, evaluation_interval=3),
    ],
)
def test_a_policy_stops_what_does_badly(yard: Any, experiment: Any, policy: Any) -> None:
    """Stopped children are Canceled with a reason, and the sweep has completed."""
    sampling = GridParameterSampling({"acc": choice(0.9, 0.5, 0.4)})
    swept = config(base(yard, WORSE), sampling, policy=policy, max_concurrent_runs=1)
    sweep = experiment.submit(swept)
    sweep.wait_for_completion()
    rows = sweep.get_children_sorted_by_primary_metric()
    assert [row["status"] for row in rows] == ["Completed", "Canceled", "Canceled"]
    assert [row["best_primary_metric"] for row in rows] == [0.9, 0.5, 0.4]
    assert sweep.get_status() == "Completed"
    stopped = next(child for child in sweep.get_children() if child.id == rows[1]["run_id"])
    assert "policy" in stopped._refresh().reason


def test_canceling_ends_all_children(yard: Any, experiment: Any) -> None:
    """The call answers True, also again; no further child begins."""
    sampling = GridParameterSampling({"acc": choice(0.1, 0.2, 0.3)})
    sweep = experiment.submit(config(base(yard, WORSE), sampling, max_concurrent_runs=2))
    yard.until(sweep.get_metrics, "no child was begun")
    assert sweep.cancel() is True
    assert sweep.cancel() is True
    sweep.wait_for_completion()
    assert sweep.get_status() == "Canceled"
    assert {child.status for child in sweep.get_children()} == {"Canceled"}
    assert not yard.run_processes(f"{sweep.id}_0")
    assert sweep.get_best_run_by_primary_metric(include_canceled=False) is None


def test_a_metric_that_no_child_logs_is_told_by_name(
    yard: Any, experiment: Any, capsys: Any
) -> None:
    """People lose days on it: the sweep says which metrics there are."""
    text = "from azureml.core import Run\nRun.get_context().log('Acc', 1)"
    sampling = GridParameterSampling({"x": choice(1, 2)})
    sweep = experiment.submit(config(base(yard, text), sampling))
    sweep.wait_for_completion(show_output=True)
    assert "has not logged the metric 'acc' but others: nearest: 'Acc'." in (
        capsys.readouterr().out
    )
    assert sweep.get_best_run_by_primary_metric() is None
    rows = sweep.get_children_sorted_by_primary_metric()
    assert [row["best_primary_metric"] for row in rows] == [None, None]
    assert sweep.get_children_sorted_by_primary_metric(discard_no_metric=True) == []


def test_when_all_children_fail_the_sweep_does(yard: Any, experiment: Any) -> None:
    """Waiting raises nothing; the error has the commonest reason and examples."""
    sampling = GridParameterSampling({"x": choice(1, 2)})
    sweep = experiment.submit(config(base(yard, "raise ValueError('no data')"), sampling))
    assert sweep.wait_for_completion(show_output=True)["status"] == "Failed"
    message = sweep.get_details()["error"]["error"]["message"]
    assert "ValueError: no data" in message
    assert f"{sweep.id}_0, {sweep.id}_1" in message


def test_a_sweep_goes_on_from_an_earlier_one(yard: Any, experiment: Any) -> None:
    """It does not repeat its points, and looks for the best run among both."""
    first = experiment.submit(config(base(yard), runs=3))
    first.wait_for_completion()
    second = experiment.submit(config(base(yard), resume_from=first, runs=3))
    second.wait_for_completion()
    (only,) = second.get_children()
    assert json.loads(second.get_hyperparameters()[only.id]) == {"--lr": 0.2, "units": 2}
    assert second.get_best_run_by_primary_metric().id == only.id
    third = experiment.submit(config(base(yard), resume_from=[first, second]))
    third.wait_for_completion()
    assert list(third.get_children()) == []
    assert third.get_best_run_by_primary_metric().id == only.id
    assert third.get_best_run_by_primary_metric(include_resume_from_runs=False) is None


def test_children_are_made_again_from_their_outputs(yard: Any, experiment: Any) -> None:
    """The script of a warm start reads `--resume-from`; a fresh sample follows."""
    first = experiment.submit(config(base(yard), runs=2))
    first.wait_for_completion()
    old = [child for child in first.get_children() if child.id.endswith("_1")]
    sampling = RandomParameterSampling(GRID)
    second = experiment.submit(config(base(yard), sampling, runs=2, resume_child_runs=old))
    second.wait_for_completion()
    again, fresh = sorted(second.get_children(), key=lambda child: child.id)
    assert json.loads(second.get_hyperparameters()[again.id]) == {"--lr": 0.1, "units": 2}
    arguments = again.get_details()["runDefinition"]["arguments"]
    assert arguments[:5] == ["--lr", "0.1", "--units", "2", "--resume-from"]
    assert again.get_metrics()["begin"] == 3
    assert fresh.get_metrics()["begin"] == 0
    assert len(fresh.get_details()["runDefinition"]["arguments"]) == 4


def test_children_may_be_gangs(yard: Any, experiment: Any) -> None:
    """Parameter servers and workers are swept like a single process."""
    from azureml.core.compute import AmlCompute, ComputeTarget
    from azureml.core.runconfig import TensorflowConfiguration

    size = AmlCompute.provisioning_configuration(vm_size="STANDARD_D2_V2", max_nodes=2)
    ComputeTarget.create(experiment.workspace, "two", size)
    text = (
        "import json, os, sys, time\nfrom azureml.core import Run\n"
        "task = json.loads(os.environ['TF_CONFIG'])['task']\n"
        "if task['type'] == 'ps': time.sleep(300)\n"
        "Run.get_context().log('acc', float(sys.argv[-1]) + task['index'])\n"
    )
    workers = TensorflowConfiguration(worker_count=2, parameter_server_count=1)
    swept = base(yard, text, "two", distributed_job_config=workers)
    sampling = GridParameterSampling({"x": choice(1, 2)})
    sweep = experiment.submit(config(swept, sampling))
    sweep.wait_for_completion()
    assert sweep.get_status() == "Completed"
    assert sweep.get_details()["target"] == "two"
    best = sweep.get_best_run_by_primary_metric()
    assert best.id == f"{sweep.id}_1"
    assert sorted(best.get_metrics()["acc"]) == [2, 3]
    assert best.get_details()["runDefinition"]["nodeCount"] == 2
