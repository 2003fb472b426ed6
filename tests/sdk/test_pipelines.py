"""v1's pipelines on a real service: run, reused, failed, with datasets and a sweep as a step."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from azureml.core import Experiment
from azureml.core.runconfig import RunConfiguration
from azureml.data import OutputFileDatasetConfig
from azureml.data.data_reference import DataReference
from azureml.data.datapath import DataPath, DataPathComputeBinding
from azureml.exceptions import ActivityFailedException
from azureml.pipeline.core import (
    Pipeline,
    PipelineData,
    PipelineParameter,
    PipelineRun,
    StepRun,
    TrainingOutput,
)
from azureml.pipeline.steps import HyperDriveStep, HyperDriveStepRun, PythonScriptStep
from azureml.train.hyperdrive import GridParameterSampling, HyperDriveConfig, choice
from azureml.widgets import RunDetails
from runyard.sdk.v1.scripts import ScriptRunConfig

if TYPE_CHECKING:
    from pathlib import Path

    from runyard.sdk.workspaces import Workspace

COPY = """\
import argparse, os
parser = argparse.ArgumentParser()
parser.add_argument("--given")
parser.add_argument("--made")
parser.add_argument("--times", type=int, default=1)
args = parser.parse_args()
text = open(os.path.join(args.given, "a.txt")).read() if os.path.exists(args.given) else "none"
os.makedirs(args.made, exist_ok=True)
open(os.path.join(args.made, "a.txt"), "w").write(text * args.times)
print("copied", text)
"""
FAIL = "raise SystemExit('no such luck')"
TRAIN = """\
import argparse, os
from azureml.core import Run
parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float)
args = parser.parse_args()
Run.get_context().log("acc", args.lr)
os.makedirs("outputs", exist_ok=True)
open("outputs/model.txt", "w").write(str(args.lr))
"""


@pytest.fixture
def config() -> RunConfiguration:
    """This interpreter as it is: nothing is installed."""
    config = RunConfiguration()
    config.environment.python.user_managed_dependencies = True
    return config


def _script(folder: Path, text: str, name: str = "step.py") -> str:
    (folder / "code").mkdir(exist_ok=True)
    (folder / "code" / name).write_text(text)
    return str(folder / "code")


def _dependency(workspace: Workspace, code: str, config: RunConfiguration) -> Pipeline:
    """The pipeline of v1's notebook: data that is not there, a bound parameter, a closure."""
    store = workspace.get_default_datastore()
    missing = DataReference(store, "raw", "gone/raw.pkl")
    place = PipelineParameter("place", DataPath(store, "gone/raw.pkl", name="place"))
    bound = (place, DataPathComputeBinding(mode="mount"))
    one, two = PipelineData("one", datastore=store), PipelineData("two")
    common: Any = {"source_directory": code, "runconfig": config}
    PythonScriptStep(
        *("step.py", "first", ["--given", missing, "--made", one]),
        inputs=[missing],
        outputs=[one],
        **common,
    )
    times = PipelineParameter("times", 2)
    last = PythonScriptStep(
        *("step.py", "last", ["--given", one, "--made", two, "--times", times]),
        inputs=[one, bound],
        outputs=[two],
        **common,
    )
    return Pipeline(workspace, [last])


def test_data_dependency(
    workspace: Workspace, folder: Path, config: RunConfiguration, capsys: Any
) -> None:
    """The shape of v1's notebook, from the submit to the files that were made."""
    pipeline = _dependency(workspace, _script(folder, COPY), config)
    run = Experiment(workspace, "dependency").submit(pipeline, pipeline_parameters={"times": 3})
    assert isinstance(run, PipelineRun)
    assert {step.name for step in run.get_children()} == {"first", "last"}
    assert run.wait_for_completion(show_output=True) == "Finished"
    out = capsys.readouterr().out
    assert out.index("Submitted PipelineRun") < out.index(f"PipelineRunId: {run.id}\n")
    title = "StepRun(first) Execution Summary"
    assert f"\n{title}\n{'=' * (len(title) + 1)}\nStepRun( first ) Status: Finished\n" in out
    assert out.index("copied none") < out.index(title)
    assert out.rstrip().rpartition("PipelineRun Status: ")[2].startswith("Finished")

    assert [step.name for step in run.get_steps()] == ["last", "first"]
    (found,) = run.find_step_run("first")
    assert isinstance(found, StepRun)
    assert (found.get_status(), found.get_details()["status"]) == ("Finished", "Completed")
    assert found.parent is not None
    assert found.parent.id == run.id
    reference = found.get_output_data("one")
    assert reference.path_on_datastore == f"azureml/{found.id}/one"
    assert reference.download("here") == 1
    assert (folder / "here" / reference.path_on_datastore / "a.txt").read_text() == "none"
    made = run.find_step_run("last")[0].get_output_data("two")
    made.download("here")
    assert (folder / "here" / made.path_on_datastore / "a.txt").read_text() == "none" * 3
    with pytest.raises(KeyError, match="it has one"):
        found.get_output("two")
    assert "copied none" in found.get_job_log()


def test_reuse(workspace: Workspace, folder: Path, config: RunConfiguration, capsys: Any) -> None:
    """What an equal step has made, logged and printed is there, and people are told why or not."""
    pipeline = _dependency(workspace, _script(folder, COPY), config)
    run = pipeline.submit("dependency", {"times": 3})
    run.wait_for_completion(show_output=False)
    (found,) = run.find_step_run("first")
    again = pipeline.submit("dependency", {"times": 3})
    assert again.wait_for_completion(show_output=False) == "Finished"
    (reused,) = again.find_step_run("first")
    assert reused.get_properties()["azureml.reusedrunid"] == found.id
    assert "copied none" in reused.get_job_log()
    place = found.get_output_data("one").path_on_datastore
    assert reused.get_output_data("one").path_on_datastore == place
    RunDetails(again).show()
    assert f"first  Completed  reused from {found.id}" in capsys.readouterr().out
    changed = pipeline.submit("dependency", {"times": 4})
    changed.wait_for_completion(show_output=False)
    told = {s.name: s.get_properties()["runyard.reuse"] for s in changed.get_steps()}
    assert told["last"] == "runs: arguments changed"
    assert told["first"].startswith("reused from")


def test_a_failed_step_is_told(
    workspace: Workspace, folder: Path, config: RunConfiguration
) -> None:
    """The wait raises for the step; what needs it never began, and says so."""
    code = _script(folder, FAIL)
    bad = PythonScriptStep("step.py", "bad", source_directory=code, runconfig=config)
    after = PythonScriptStep("step.py", "after", source_directory=code, runconfig=config)
    after.run_after(bad)
    run = Pipeline(workspace, [after]).submit("failing")
    with pytest.raises(ActivityFailedException, match="no such luck"):
        run.wait_for_completion(show_output=False)
    assert run.wait_for_completion(show_output=False, raise_on_error=False) == "Failed"
    assert "step 'bad' failed" in run.get_details()["error"]["error"]["message"]
    assert run.find_step_run("after")[0].get_status() == "Canceled"
    for refused in (run.complete, run.fail, run.child_run):
        with pytest.raises(NotImplementedError):
            refused()


def test_datasets_between_steps(
    workspace: Workspace, folder: Path, config: RunConfiguration
) -> None:
    """What a step makes as a dataset the next reads as one, and it is registered."""
    code = _script(folder, COPY)
    made = OutputFileDatasetConfig("made").register_on_complete("made here")
    end = OutputFileDatasetConfig("end")
    common = {"source_directory": code, "runconfig": config}
    PythonScriptStep("step.py", "first", ["--given", "gone", "--made", made], **common)
    arguments = ["--given", made.as_input("given"), "--made", end]
    last = PythonScriptStep("step.py", "last", arguments, **common)
    run = Pipeline(workspace, [last]).submit("datasets")
    run.wait_for_completion(show_output=False)
    (step,) = run.find_step_run("last")
    assert list(step.input_datasets) == ["given"]
    shown = step.get_details()["runDefinition"]["arguments"]
    assert shown[1::2] == ["DatasetConsumptionConfig:given", "DatasetOutputConfig:end"]
    assert workspace.datasets["made here"].to_path() == ["/a.txt"]
    place = step.get_output_data("end").path_on_datastore
    assert place == f"dataset/{step.id}/end"


def test_a_sweep_as_a_step(workspace: Workspace, folder: Path, config: RunConfiguration) -> None:
    """Its metrics and its best model are what the next step reads."""
    code = _script(folder, TRAIN)
    _script(folder, "import sys; print(open(sys.argv[1]).read())", "show.py")
    base = ScriptRunConfig(code, "step.py", run_config=config)
    sweep = HyperDriveConfig(
        GridParameterSampling({"--lr": choice(0.25, 0.5)}), "acc", "MAXIMIZE", 2, run_config=base
    )
    metrics = PipelineData("metrics")
    model = PipelineData(
        "model", training_output=TrainingOutput("Model", model_file="outputs/model.txt")
    )
    tune = HyperDriveStep("tune", sweep, [], outputs=[model], metrics_output=metrics)
    show = PythonScriptStep(
        "show.py", "show", [model], inputs=[model], source_directory=code, runconfig=config
    )
    run = Pipeline(workspace, [show]).submit("tuning")
    assert run.wait_for_completion(show_output=False) == "Finished"
    (step,) = run.find_step_run("tune")
    best = HyperDriveStepRun(step).get_best_run_by_primary_metric()
    assert best is not None
    assert "0.5" in run.find_step_run("show")[0].get_job_log()
    step.get_output_data("metrics").download("here")
    found = json.loads((folder / "here" / "azureml" / step.id / "metrics").read_text())
    assert found[best.id] == {"acc": [0.5]}
    with pytest.raises(ValueError, match="not a HyperDriveStep"):
        HyperDriveStepRun(run.find_step_run("show")[0])
    assert tune.name == "tune"


def test_a_pipeline_is_canceled_with_its_steps(
    workspace: Workspace, folder: Path, config: RunConfiguration
) -> None:
    """Nothing of it goes on or begins, and to cancel it twice is no fault."""
    code = _script(folder, "import time; time.sleep(600)")
    slow = PythonScriptStep("step.py", "slow", source_directory=code, runconfig=config)
    after = PythonScriptStep("step.py", "after", source_directory=code, runconfig=config)
    after.run_after(slow)
    run = Pipeline(workspace, [after]).submit("canceled")
    run.cancel()
    run.cancel()
    assert run.wait_for_completion(show_output=False, raise_on_error=False) == "Canceled"
    assert {step.get_status() for step in run.get_steps()} == {"Canceled"}
