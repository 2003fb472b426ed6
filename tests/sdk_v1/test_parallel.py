"""ParallelRunStep as v1 code writes it: what is accepted, what is refused, what is sent of it."""

from __future__ import annotations

import pytest

from azureml.contrib.pipeline import steps as early
from azureml.core import Dataset, Environment
from azureml.data import OutputFileDatasetConfig
from azureml.pipeline.core import Pipeline, PipelineData, PipelineParameter
from azureml.pipeline.steps import ParallelRunConfig, ParallelRunStep
from runyard.protocol.parallel import ParallelSpec


def files(name="images"):
    """A dataset of files with a name."""
    return Dataset.File.from_files("https://localhost/a.txt", validate=False).as_named_input(name)


def table(name="rows"):
    """A dataset of records with a name."""
    made = Dataset.Tabular.from_delimited_files(
        "https://localhost/a.csv", validate=False, infer_column_types=False
    )
    return made.as_named_input(name)


@pytest.fixture
def config(folder):
    """Makes configurations of the folder's script."""

    def make(**given: object):
        plain = {
            "environment": Environment("plain"),
            "entry_script": "train.py",
            "error_threshold": 10,
            "output_action": "append_row",
            "compute_target": "local",
            "node_count": 1,
            "source_directory": str(folder),
        }
        return ParallelRunConfig(**{**plain, **given})

    return make


@pytest.fixture
def step(config):
    """Makes steps."""

    def make(given=None, **more: object):
        plain = {"name": "predict-digits", "inputs": [files()], "output": PipelineData("made")}
        return ParallelRunStep(parallel_run_config=config(**(given or {})), **{**plain, **more})

    return make


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"environment": "AzureML-Minimal"}, "must be an Environment"),
        ({"entry_script": None}, "entry_script"),
        ({"output_action": "append"}, "append_row or summary_only"),
        ({"error_threshold": -2}, "error_threshold"),
        ({"error_threshold": "10"}, "error_threshold"),
        ({"compute_target": None}, "compute_target"),
        ({"node_count": 0}, "node_count is 0"),
        ({"process_count_per_node": 0}, "process_count_per_node"),
        ({"mini_batch_size": "5 files"}, "mini_batch_size"),
        ({"mini_batch_size": "1MB"}, "of files is a count"),
        ({"run_invocation_timeout": 0}, "run_invocation_timeout"),
        ({"run_max_try": 0}, "run_max_try"),
        ({"logging_level": "LOUD"}, "logging_level"),
        ({"append_row_file_name": "a/b.txt"}, "append_row_file_name"),
        ({"allowed_failed_percent": 120}, "allowed_failed_percent"),
        ({"allowed_failed_count": -1}, "allowed_failed_count"),
        ({"partition_keys": "day"}, "must be a list of names"),
        ({"entry_script": "gone.py"}, "there is no script"),
        ({"source_directory": "gone"}, "there is no script"),
    ],
)
def test_a_wrong_configuration_is_refused_when_it_is_made(step, given, said):
    """Each row of the specification: before anything starts, with the value in the message."""
    with pytest.raises((ValueError, NotImplementedError), match=said):
        step(given)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"name": "Predict"}, "small letters"),
        ({"name": "a-"}, "small letters"),
        ({"inputs": []}, "at least one dataset"),
        ({"inputs": [PipelineData("a")]}, "side_inputs"),
        ({"inputs": [files(), table()]}, "files and tables"),
        ({"output": None}, "append_row needs output"),
        ({"arguments": ["iris"]}, "are options"),
        ({"arguments": ["--output", "x"]}, "option of ParallelRunStep's own"),
        ({"arguments": ["--rank_mini_batch_count", "2"]}, "rank_mini_batch_count"),
    ],
)
def test_a_wrong_step_is_refused_when_it_is_made(step, given, said):
    """Each row of the specification, with what is right in the message."""
    with pytest.raises(Exception, match=said):
        step(**given)


def test_what_is_sent_is_what_was_asked_for(step, workspace, experiment, monkeypatch, folder):
    """Files are mounted whatever was said; side inputs are not cut up; the defaults are v1's."""
    experiment.workspace = workspace
    monkeypatch.setattr("runyard.sdk.v1.pipelines.building.take_snapshot", lambda *_: "snapshot")
    monkeypatch.setattr("runyard.sdk.datasets.AbstractDataset._ensure_saved", lambda *_: "id")
    labels = files("labels").as_download()
    one = step(
        {"mini_batch_size": "5", "process_count_per_node": 2, "run_invocation_timeout": 6},
        inputs=[files().as_download(), files("more")],
        side_inputs=[labels],
        arguments=["--labels", labels],
    )
    two = step(
        {"output_action": "summary_only", "environment_variables": {"A": 1}},
        name="summarise",
        inputs=[table()],
        output=None,
    )
    nodes = Pipeline(workspace, [one, two])._spec(experiment).nodes
    first, second = nodes
    assert (first.kind, first.run.max_retries) == ("ParallelRunStep", 3)
    assert first.run.launcher.process_count_per_node == 2
    assert first.run.launcher.parallel == ParallelSpec(
        ["images", "more"], batch_size=5, output="made", timeout_seconds=6, error_threshold=10
    )
    assert [(each.name, each.mode) for each in first.inputs] == [
        ("images", "mount"),
        ("more", "mount"),
        ("labels", "mount"),
    ]
    assert first.run.arguments == ["--labels", "${labels}"]
    assert second.run.environment_variables["A"] == "1"
    assert second.run.launcher.process_count_per_node == 0
    assert second.run.launcher.parallel == ParallelSpec(
        ["rows"], table=True, batch_size=1 << 20, action="summary_only", error_threshold=10
    )


def test_six_settings_may_be_parameters(step, workspace, experiment, monkeypatch):
    """Their defaults are texts in v1's notebooks; the service is told which field each says."""
    experiment.workspace = workspace
    monkeypatch.setattr("runyard.sdk.v1.pipelines.building.take_snapshot", lambda *_: "snapshot")
    monkeypatch.setattr("runyard.sdk.datasets.AbstractDataset._ensure_saved", lambda *_: "id")
    names = {
        "mini_batch_size": ("batch_size", "5"),
        "node_count": ("node_count", 1),
        "process_count_per_node": ("process_count_per_node", 2),
        "run_invocation_timeout": ("timeout_seconds", 600),
        "run_max_try": ("most_tries", 4),
        "logging_level": ("logging_level", "DEBUG"),
    }
    given = {name: PipelineParameter(f"p_{name}", value) for name, (_, value) in names.items()}
    (node,) = Pipeline(workspace, [step(given)])._spec(experiment).nodes
    assert node.counts == {field: f"p_{name}" for name, (field, _) in names.items()}
    assert node.run.launcher.parallel.batch_size == 5


def test_the_names_of_2019_are_the_same(config):
    """They lived in azureml.contrib then, with models and input_format."""
    assert early.ParallelRunConfig is ParallelRunConfig
    made = OutputFileDatasetConfig("made")
    step = early.ParallelRunStep(
        name="abc",
        models=[],
        parallel_run_config=config(input_format=None, logging_level=None),
        inputs=[OutputFileDatasetConfig("images")],
        output=made,
        arguments=[],
        allow_reuse=False,
    )
    assert step._ports.inputs[0].mode == "mount"


def test_a_configuration_is_kept_in_a_file(config, folder, workspace):
    """As v1's repositories keep it, with its environment or with the name of one."""
    file = folder / "parallel_run_config.yml"
    made = config(mini_batch_size=PipelineParameter("size", "5"), environment_variables={"A": "1"})
    made.environment.python.conda_dependencies.add_pip_package("numpy==1.19")
    made.save_to_yaml(str(file))
    read = ParallelRunConfig.load_yaml(workspace, file)
    assert read.environment.python.conda_dependencies.as_dict() == (
        made.environment.python.conda_dependencies.as_dict()
    )
    told = {**vars(made), "mini_batch_size": "5", "environment": read.environment}
    assert vars(read) == told
    made.environment.register(workspace)
    file.write_text(
        "parallel_run_config:\n  environment:\n    name: plain\n  compute_target_name: local\n"
        "  entry_script: train.py\n  output_action: summary_only\n  error_threshold: -1\n"
        f"  node_count: 1\n  source_directory: {folder}\n  run_max_try:\n"
    )
    read = ParallelRunConfig.load_yaml(workspace=workspace, path=str(file))
    assert (read.environment.name, read.environment.version) == ("plain", "1")
    assert (read.error_threshold, read.run_max_try, read.mini_batch_size) == (-1, 3, None)
    file.write_text("environment: x\n")
    with pytest.raises(Exception, match="is none of a ParallelRunConfig"):
        ParallelRunConfig.load_yaml(workspace, file)
