"""Run configurations as files: those of old projects are read, and what is written comes back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from runyard.protocol.datasets import DatasetRecord
from runyard.sdk.datastores import Datastore
from runyard.sdk.environments import Environment
from runyard.sdk.exceptions import UserErrorException
from runyard.sdk.v1.runconfig import DataReferenceConfiguration, RunConfiguration
from runyard.sdk.v1.runconfig_data import (
    Data,
    DataLocation,
    DataPath,
    Dataset,
    OutputData,
    OutputOptions,
    RegistrationOptions,
    UploadOptions,
)
from runyard.sdk.v1.scripts import ScriptRunConfig

if TYPE_CHECKING:
    from pathlib import Path

# As projects of 2018 and 2019 have it: comments at the margin, lists below their key's column.
OLD = """\
# What is run.
script: train.py
arguments:
- --rate
- 0.1
- '--text'
- "a: b"
target: cpu-cluster
framework: Python
communicator: IntelMpi
autoPrepareEnvironment: true
maxRunDurationSeconds:
nodeCount: 2
environment:
# Variables of the job.
  environmentVariables:
    EXAMPLE_ENV_VAR: EXAMPLE_VALUE
    EMPTY:
  python:
# Whether packages are the user's matter.
    userManagedDependencies: false
    interpreterPath: python
    condaDependenciesFile: aml_config/conda_dependencies.yml
  docker:
    enabled: true
    baseImage: mcr.microsoft.com/azureml/base:0.2.4
    sharedVolumes: true
    gpuSupport: false
    arguments: []
    baseImageRegistry:
      address:
      username:
      password:
  spark:
    repositories:
    - https://mmlspark.azureedge.net/maven
    packages:
    - group: com.microsoft.ml.spark
      artifact: mmlspark_2.11
      version: '0.12'
    precachePackages: true
history:
  outputCollection: true
  directoriesToWatch:
  - logs
spark:
  configuration:
    spark.app.name: Azure ML Experiment
    spark.yarn.maxAppAttempts: 1
hdi:
  yarnDeployMode: cluster
tensorflow:
  workerCount: 1
  parameterServerCount: 1
mpi:
  processCountPerNode: 2
dataReferences:
  images:
    dataStoreName: workspaceblobstore
    pathOnDataStore: mnist
    mode: Download
    overwrite: false
    pathOnCompute:
sourceDirectoryDataStore:
amlcompute:
  vmSize:
  vmPriority:
  retainCluster: false
  name:
  clusterMaxNodeCount: 1
"""
CONDA = """\
name: project_environment
dependencies:
- python=3.7
- pip:
  - scikit-learn==0.20.3
"""


@pytest.fixture
def project(folder: Path) -> Path:
    """A project of 2018, with one configuration."""
    (folder / "aml_config").mkdir()
    (folder / "aml_config" / "cluster.runconfig").write_text(OLD)
    (folder / "aml_config" / "conda_dependencies.yml").write_text(CONDA)
    return folder


def test_a_file_of_old_is_submitted_as_it_is(project, experiment):
    """All that it says reaches the service, in the types that it means."""
    config = RunConfiguration.load(str(project), "cluster")
    spec = ScriptRunConfig(str(project), run_config=config)._submission(experiment).spec
    assert (spec.script, spec.target, spec.node_count) == ("train.py", "cpu-cluster", 2)
    assert spec.arguments == ["--rate", "0.1", "--text", "a: b"]
    assert (spec.launcher.kind, spec.launcher.process_count_per_node) == ("mpi", 2)
    assert (spec.environment.python, spec.environment.pip) == ("3.7", ["scikit-learn==0.20.3"])
    assert spec.environment_variables == {"EXAMPLE_ENV_VAR": "EXAMPLE_VALUE", "EMPTY": ""}
    assert [(one.name, one.path, one.mode) for one in spec.data] == [
        ("images", "mnist", "download")
    ]
    assert spec.container is not None
    assert spec.max_duration_seconds is not None
    assert config.environment.spark.packages[0]["version"] == "0.12"


def test_variables_of_2018_are_the_environments(folder):
    """They stood in the run configuration itself, before there were environments."""
    config = RunConfiguration()
    config.environment_variables["A"] = "1"
    assert config.environment.environment_variables["A"] == "1"
    config.environment_variables = {"B": "2"}
    config.save(folder, "mine")
    file = folder / ".azureml" / "mine.runconfig"
    assert RunConfiguration.load(file).environment_variables == {"B": "2"}
    file.write_text(f"{file.read_text()}environmentVariables: {{}}\n")
    assert RunConfiguration.load(file).environment_variables == {"B": "2"}
    file.write_text("environmentVariables:\n  C: '3'\n")
    assert RunConfiguration.load(file).environment.environment_variables == {"C": "3"}


def test_what_is_saved_comes_back(folder):
    """With its packages, their day and whose that is; a registry's password stays out."""
    config = RunConfiguration(arguments=["--rate", 0.1, True])
    config.environment = Environment.from_framework("tf", "TensorFlow", "1.13")
    config.environment.docker.base_image_registry.username = "ann"
    config.environment.docker.base_image_registry.password = "correct-horse"
    config.environment.environment_variables = {"A": "1", "B": "yes: no"}
    config.data_references["x"] = DataReferenceConfiguration("store", path_on_datastore="a/b")
    config.node_count, config.target, config.max_retries = 3, "cpu", 2
    config.save(folder, "mine")
    text = (folder / ".azureml" / "mine.runconfig").read_text()
    assert "correct-horse" not in text
    again = RunConfiguration.load(folder, "mine")
    config.environment.docker.base_image_registry.password = None
    config.arguments = ["--rate", "0.1", "True"]
    assert repr(again) == repr(config)
    assert again.environment._as_of_from == "TensorFlow 1.13"
    again.save(folder)
    assert (folder / ".azureml" / "mine.runconfig").read_text() == text
    again.save(folder / "other.runconfig")
    assert repr(RunConfiguration.load(folder / "other.runconfig")) == repr(config)
    RunConfiguration.delete(folder, "mine")
    assert not (folder / ".azureml" / "mine.runconfig").exists()
    (folder / "train.py").write_text("")
    with pytest.raises(UserErrorException, match=r"end in \.runconfig"):
        RunConfiguration.delete(folder / "train.py")
    assert (folder / "train.py").exists()


def test_a_wrong_name_lists_those_that_are_there(project):
    """The nearest first."""
    with pytest.raises(UserErrorException, match=r"'clusterr' in .*; there are cluster"):
        RunConfiguration.load(project, "clusterr")
    with pytest.raises(UserErrorException, match=r"'x' in .*; it has no file"):
        RunConfiguration.load(project / ".." / "nowhere", "x")
    with pytest.raises(UserErrorException, match="has no name"):
        RunConfiguration().save(project)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("nodeCount: two", "nodeCount is 'two'; a number is expected"),
        ("history:\n  outputCollection: maybe", "history.outputCollection is 'maybe'; true or"),
        ("environment: mine", "environment is 'mine'; `key: value` lines"),
        ("environment:\n  python:\n    condaDependenciesFile: gone.yml", "'.*gone.yml' does not"),
        ("script: {", "line 1"),
        ("arguments: --rate 0.1", "arguments is '--rate 0.1'; a list"),
        ("- a", "is no run configuration"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(folder, line, told):
    """The file, the key and what would be right."""
    (folder / "x.runconfig").write_text(line)
    with pytest.raises(UserErrorException, match=told):
        RunConfiguration.load(folder, "x")


def test_a_key_that_nobody_knows_is_told(folder):
    """v1 had more with each release; a slip is told with the nearest."""
    (folder / "x.runconfig").write_text("nodecount: 2\ndatacaches: []\n")
    with pytest.warns(UserWarning, match="nodecount is not known .*did you mean nodeCount"):
        found = RunConfiguration.load(folder, "x")
    assert found.node_count == 1


# As v1's command line wrote it of a dataset that was registered before.
DATA = """\
script: train.py
arguments:
- --data
- DatasetConsumptionConfig:digits
data:
  digits:
    dataLocation:
      dataset:
        id: 4f
      datapath:
    createOutputDirectories: false
    mechanism: Mount
    environmentVariableName: digits
    pathOnCompute:
    overwrite: false
"""


@pytest.fixture
def with_datasets(workspace, experiment):
    """A workspace that knows one dataset, of any id and name; the experiment is in it."""
    known = DatasetRecord("4f", "file", {"kind": "file", "sources": []}, "2026-01-01T00:00:00Z")
    workspace.service.datasets_get = lambda named: replace(known, name=named, version=2)
    workspace.datastores = {"store": Datastore(workspace, name="store")}
    experiment.workspace = workspace
    return experiment


def test_a_file_names_what_the_run_reads(folder, with_datasets):
    """Its mentions among the arguments are those of our own datasets; saving keeps it."""
    (folder / "digits.runconfig").write_text(DATA)
    for _ in range(2):
        config = RunConfiguration.load(folder / "digits.runconfig")
        spec = ScriptRunConfig(str(folder), run_config=config)._submission(with_datasets).spec
        assert spec.arguments == ["--data", "${digits}"]
        assert [(one.name, one.dataset, one.mode) for one in spec.inputs] == [
            ("digits", "4f:2", "mount")
        ]
        # A name beside a file says nothing, and one with the ending is not given a second.
        config.save(folder / "digits.runconfig", "x")
    config.save(folder, "again.runconfig")
    assert (folder / ".azureml" / "again.runconfig").is_file()


def test_sections_of_data_are_datasets(folder, with_datasets):
    """By name; and what a run makes, with where it goes and how it is registered."""
    options = OutputOptions(None, RegistrationOptions("made", "d"), UploadOptions(overwrite=True))
    config = RunConfiguration("train.py")
    config.data["a"] = Data(DataLocation(Dataset(dataset_name="n", dataset_version="latest")))
    place = DataLocation(data_path=DataPath("store", "to"))
    config.output_data["b"] = OutputData(place, "upload", options)
    config.save(folder, "x")
    for each in (config, RunConfiguration.load(folder, "x")):
        spec = ScriptRunConfig(str(folder), run_config=each)._submission(with_datasets).spec
        assert [(one.name, one.dataset, one.mode) for one in spec.inputs] == [
            ("a", "n:2", "direct")
        ]
        (made,) = spec.outputs
        assert (made.name, made.datastore, made.path) == ("b", "store", "to")
        assert (made.mode, made.overwrite, made.register) == ("upload", True, "made")
    config.data["a"].data_location = None
    with pytest.raises(UserErrorException, match="section 'a' does not say where"):
        ScriptRunConfig(str(folder), run_config=config)._submission(with_datasets)


def test_the_name_of_before_the_first_release_sets_the_same():
    """The guides of 2018 set `prepare_environment`, and their scripts are still about."""
    config = RunConfiguration()
    config.prepare_environment = False
    assert config.auto_prepare_environment is config.prepare_environment is False
