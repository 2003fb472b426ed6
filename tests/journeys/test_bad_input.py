"""Bad input is refused with a message that says what to do, and nothing is created by it."""

import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import Yard


@pytest.fixture
def yard(guest: Yard) -> Yard:
    """A service that the tests of this file share: nothing that they are about leaves anything."""
    return guest


@pytest.fixture
def workspace(yard):
    """Its default workspace."""
    return yard.workspace


@pytest.fixture
def no_run(workspace):
    """Nothing that a test does may make a run."""
    before = _runs(workspace)
    yield
    assert _runs(workspace) == before


def _runs(workspace):
    from azureml.core import Experiment

    return [run.id for e in Experiment.list(workspace) for run in e.get_runs()]


def _message(error):
    return str(error.value)


@pytest.mark.usefixtures("no_run")
def test_an_unknown_compute_name_lists_those_that_exist(yard, workspace):
    """Both the lookup and a submit name the clusters that are there."""
    from azureml.core.compute import AmlCompute, ComputeTarget
    from azureml.core.compute_target import ComputeTargetException

    config = AmlCompute.provisioning_configuration(vm_size="STANDARD_D2_V2", max_nodes=1)
    ComputeTarget.create(workspace, "gpucluster", config)
    with pytest.raises(ComputeTargetException, match="ComputeTargetNotFound") as lookup:
        ComputeTarget(workspace=workspace, name="gpuclster")
    assert "gpucluster" in _message(lookup)
    with pytest.raises(Exception, match="gpucluster"):
        yard.submit("print()", target="gpuclster")


def test_an_unknown_size_is_one_processor_with_a_warning(yard, workspace):
    """A size that no table knows is accepted, and it is said what it means."""
    from azureml.core.compute import AmlCompute, ComputeTarget

    config = AmlCompute.provisioning_configuration(vm_size="STANDARD_MADE_UP", max_nodes=1)
    with pytest.warns(UserWarning, match="STANDARD_MADE_UP"):
        cluster = ComputeTarget.create(workspace, "odd", config)
    assert cluster.name == "odd"


def test_a_cluster_needs_sensible_bounds():
    """max_nodes is mandatory and not below min_nodes."""
    from azureml.core.compute import AmlCompute
    from azureml.core.compute_target import ComputeTargetException

    with pytest.raises(ComputeTargetException, match="max_nodes"):
        AmlCompute.provisioning_configuration(vm_size="STANDARD_D2_V2")
    with pytest.raises(ComputeTargetException, match="min_nodes"):
        AmlCompute.provisioning_configuration(vm_size="STANDARD_D2_V2", min_nodes=3, max_nodes=2)


@pytest.mark.usefixtures("no_run")
def test_more_nodes_than_the_cluster_can_have(yard, workspace):
    """A run that could never start is refused when it is submitted."""
    from azureml.core import Experiment
    from azureml.core.compute import AmlCompute, ComputeTarget
    from azureml.core.runconfig import MpiConfiguration
    from azureml.train.estimator import Estimator

    config = AmlCompute.provisioning_configuration(vm_size="STANDARD_D2_V2", max_nodes=2)
    cluster = ComputeTarget.create(workspace, "two", config)
    estimator = Estimator(
        yard.script("print()"),
        entry_script="train.py",
        compute_target=cluster,
        node_count=5,
        distributed_training=MpiConfiguration(),
    )
    with pytest.raises(Exception, match=r"5.*2|2.*5"):
        Experiment(workspace, "journey").submit(estimator)


def test_a_script_that_is_not_in_the_folder(yard, workspace):
    """The message names the script, the folder and what is there instead."""
    from azureml.core import Experiment, ScriptRunConfig

    folder = yard.script("print()", name="train.py")
    with pytest.raises(Exception, match=r"trian\.py") as error:
        Experiment(workspace, "journey").submit(ScriptRunConfig(folder, script="trian.py"))
    assert "train.py" in _message(error)


@pytest.mark.usefixtures("no_run")
def test_a_source_folder_that_is_missing_or_empty(yard, workspace):
    """A folder that is not there, or holds nothing, is told before anything starts."""
    from azureml.core import Experiment, ScriptRunConfig

    for name in ("nowhere", "empty"):
        if name == "empty":
            (yard.folder / name).mkdir()
        with pytest.raises(Exception, match=name):
            Experiment(workspace, "journey").submit(ScriptRunConfig(name, script="train.py"))


def test_a_requirement_that_cannot_be_resolved(yard, workspace):
    """The resolver's reason stands in the run's error and at the end of the build log."""
    from azureml.core import Environment
    from azureml.core.conda_dependencies import CondaDependencies

    environment = Environment("impossible")
    environment.python.conda_dependencies = CondaDependencies.create(
        pip_packages=["six==999.0"], python_version="3.11"
    )
    run = yard.submit("print()", environment=environment)
    details = run.wait_for_completion(raise_on_error=False)
    assert details["status"] == "Failed"
    assert "six" in str(details["error"])
    run.download_file("azureml-logs/20_image_build_log.txt", "build.txt")
    assert "six" in "\n".join((yard.folder / "build.txt").read_text().splitlines()[-5:])


def test_a_python_that_cannot_be_found(yard, workspace, monkeypatch):
    """The message names the version asked for and the interpreters that were found."""
    from azureml.core import Environment
    from azureml.core.conda_dependencies import CondaDependencies

    environment = Environment("old")
    environment.python.conda_dependencies = CondaDependencies.create(
        pip_packages=["six"], python_version="3.99"
    )
    run = yard.submit("print()", environment=environment)
    details = run.wait_for_completion(raise_on_error=False)
    assert details["status"] == "Failed"
    assert "3.99" in str(details["error"])
    assert "3.11" in str(details["error"])


def test_a_framework_version_that_is_not_supported(yard):
    """The constructor lists the versions there are."""
    from azureml.exceptions import TrainingException
    from azureml.train.dnn import TensorFlow

    with pytest.raises(TrainingException, match=r"1\.13"):
        TensorFlow(
            yard.script("print()"),
            entry_script="train.py",
            compute_target="local",
            framework_version="9.9",
        )


@pytest.mark.usefixtures("no_run")
def test_a_datastore_path_that_is_missing(yard, workspace):
    """A submit that reads what is not there is refused and names the path."""
    from azureml.core import Experiment
    from azureml.train.estimator import Estimator

    store = workspace.get_default_datastore()
    (yard.folder / "data").mkdir()
    (yard.folder / "data" / "a.txt").write_text("a")
    store.upload("data", target_path="mnist", show_progress=False)
    estimator = Estimator(
        yard.script("print()"),
        entry_script="train.py",
        compute_target="local",
        script_params={"--data": store.path("mnits").as_download()},
    )
    with pytest.raises(Exception, match="mnits") as error:
        Experiment(workspace, "journey").submit(estimator)
    assert "mnist" in _message(error)


def test_a_model_path_that_matches_nothing(yard, workspace):
    """The message lists the nearest files of the run; no model is made."""
    from azureml.core import Model
    from azureml.exceptions import ModelPathNotFoundException

    run = yard.submit("open('outputs/model.bin', 'w').write('m')")
    run.wait_for_completion()
    with pytest.raises(ModelPathNotFoundException, match=r"outputs/model\.bin"):
        run.register_model("unmatched", model_path="outputs/modle.bin")
    with pytest.raises(Exception, match=re.escape("my model!")):
        run.register_model("my model!", model_path="outputs/model.bin")
    assert Model.list(workspace, name="unmatched") == []


def test_a_download_over_an_existing_file(yard, workspace, tmp_path):
    """A model is not downloaded over what is there unless that is allowed."""
    from azureml.exceptions import WebserviceException

    run = yard.submit("open('outputs/model.bin', 'w').write('m')")
    run.wait_for_completion()
    model = run.register_model("m", model_path="outputs/model.bin")
    target = tmp_path / "got"
    model.download(str(target))
    with pytest.raises(WebserviceException, match="exist_ok"):
        model.download(str(target))
    model.download(str(target), exist_ok=True)
    assert (target / "model.bin").read_text() == "m"


def test_the_wrong_thing_submitted(workspace):
    """Submitting something that is no run says what can be submitted."""
    from azureml.core import Experiment

    with pytest.raises(Exception, match="ScriptRunConfig"):
        Experiment(workspace, "journey").submit("train.py")


def test_a_wrong_token(yard, workspace, monkeypatch):
    """A wrong token is told as such, with where the right one is found."""
    import json

    from azureml.core import Workspace

    url = json.loads((yard.home / "service.json").read_text())["url"]
    monkeypatch.setenv("RUNYARD_URL", url)
    monkeypatch.setenv("RUNYARD_TOKEN", "wrong")
    with pytest.raises(Exception, match=r"(?i)token"):
        Workspace.from_config()


def test_a_port_that_is_taken(yard, monkeypatch):
    """A service that cannot have its port ends at once and says how to choose another."""
    monkeypatch.setenv("RUNYARD_HOME", str(yard.folder / "home"))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = subprocess.run(
            [str(Path(sys.executable).parent / "runyard"), "serve", "--port", str(port)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert ended.returncode != 0
    assert str(port) in ended.stdout + ended.stderr
    assert "--port" in ended.stdout + ended.stderr
