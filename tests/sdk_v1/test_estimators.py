"""Estimators follow v1's rules and make the run that v1 would have made."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

from runyard.protocol.data import DataReference
from runyard.sdk.compute import ComputeTarget
from runyard.sdk.data import DataPath
from runyard.sdk.environments import Environment
from runyard.sdk.exceptions import NotOfferedYet, TrainingException, UserErrorException
from runyard.sdk.launchers import MpiConfiguration, TensorflowConfiguration
from runyard.sdk.v1 import newest as native
from runyard.sdk.v1.distributed import Gloo, Mpi, ParameterServer
from runyard.sdk.v1.dnn import Chainer, PyTorch, TensorFlow
from runyard.sdk.v1.estimators import Estimator
from runyard.sdk.v1.sklearn import SKLearn


def spec_of(est: Any, experiment: Any, **overrides: Any) -> Any:
    return est._submission(experiment, **overrides).spec


def estimator(folder: Any, **kwargs: Any) -> Estimator:
    return Estimator(str(folder), **{"compute_target": "cpu", "entry_script": "train.py", **kwargs})


def test_script_params_become_arguments(folder, datastore, experiment):
    """Order, bare flags, lists, zero, floats as written and data references: section 7."""
    est = estimator(
        folder,
        script_params={
            "--data-folder": datastore.as_mount(),
            "--flag": "",
            "--none": None,
            "--many": [1, 2],
            "--zero": 0,
            "--rate": 0.01,
        },
    )
    spec = spec_of(est, experiment)
    assert spec.arguments == [
        "--data-folder", "$AZUREML_DATAREFERENCE_workspaceblobstore", "--flag", "--none",
        "--many", "1", "2", "--zero", "0", "--rate", "0.01",
    ]  # fmt: skip
    assert spec.data == [DataReference("workspaceblobstore", "workspaceblobstore")]
    assert spec.definition["arguments"] == spec.arguments


def test_a_bare_datastore_is_a_mount(folder, datastore, experiment):
    """A datastore itself may stand among the parameters and the inputs."""
    est = estimator(folder, script_params={"--data": datastore}, inputs=[datastore.path("x")])
    spec = spec_of(est, experiment)
    assert spec.arguments[1] == "$AZUREML_DATAREFERENCE_workspaceblobstore"
    assert sorted((r.path, r.mode) for r in spec.data) == [("", "mount"), ("x", "mount")]


def test_tensorflow_without_a_version_means_1_13_and_says_so(folder, experiment):
    """As in the original; what runs is 1.13.1 on Python 3.7."""
    with pytest.warns(UserWarning, match=r"framework_version is not specified, defaulting to"):
        est = TensorFlow(str(folder), compute_target="cpu", entry_script="train.py")
    environment = spec_of(est, experiment).environment
    assert environment.python == "3.7"
    assert environment.pip == ["tensorflow==1.13.1", "protobuf<3.21", "numpy<1.17"]


def test_runyards_own_tensorflow_is_the_newest(folder, experiment):
    """Only the v1 names mean 1.13, and only they warn."""
    est = native.TensorFlow(str(folder), compute_target="cpu", entry_script="train.py")
    assert spec_of(est, experiment).environment.pip[0] == "tensorflow-cpu==2.21.0"


@pytest.mark.parametrize("kind", [TensorFlow, PyTorch, Chainer, SKLearn])
def test_unsupported_versions_list_the_supported(folder, kind):
    """Refused at construction, with the versions there are."""
    with pytest.raises(TrainingException) as caught:
        kind(str(folder), compute_target="cpu", framework_version="99.9")
    assert all(version in caught.value.message for version in kind.get_supported_versions())
    assert kind.DEFAULT_VERSION in kind.get_supported_versions()


def test_tensorflow_comes_with_its_tensorboard(folder, experiment):
    """From 2.21 on it does not bring it, and tf.summary and Keras' callback raise without."""
    given = {"entry_script": "train.py", "compute_target": "local"}
    pip = spec_of(native.TensorFlow(folder, **given), experiment).environment.pip
    assert any(line.startswith("tensorboard") for line in pip)
    made = native.TensorFlow(folder, pip_packages=["tensorboard==2.20.0"], **given)
    pip = spec_of(made, experiment).environment.pip
    assert [line for line in pip if line.startswith("tensorboard")] == ["tensorboard==2.20.0"]


def test_a_version_without_a_build_is_replaced_visibly(folder):
    """1.12 was supported once; there is no build of it for the Pythons that jobs need."""
    with pytest.warns(UserWarning, match=r"TensorFlow 1\.13\.1 on Python 3\.7 is used"):
        TensorFlow(str(folder), compute_target="cpu", framework_version="1.12")


def test_strict_refuses_a_version_in_place_of_another(folder):
    """Who must have what was asked for is told, and gets no other."""
    given = {"compute_target": "cpu", "compatibility": "strict"}
    with pytest.raises(TrainingException, match=r"refuses 1\.13 in its place"):
        TensorFlow(str(folder), framework_version="1.12", **given)
    est = TensorFlow(str(folder), framework_version="1.13", **given)
    assert est.run_config.environment.compatibility == "strict"
    with pytest.raises(TrainingException, match="compatibility cannot be given beside"):
        TensorFlow(str(folder), environment_definition=est.run_config.environment, **given)
    with pytest.raises(TrainingException, match="it is 'strict', or left out"):
        TensorFlow(str(folder), compute_target="cpu", compatibility="strikt")


def test_a_framework_version_brings_the_packages_of_its_time(folder, experiment):
    """`keras` beside TensorFlow 1.13 means the one of 2019."""
    est = TensorFlow(
        str(folder), compute_target="cpu", entry_script="train.py", framework_version="1.13",
        pip_packages=["keras"],
    )  # fmt: skip
    environment = spec_of(est, experiment).environment
    assert (environment.as_of, environment.as_of_from) == ("2019-04-27", "TensorFlow 1.13")


def test_a_patch_version_finds_its_row(folder, experiment):
    """framework_version='2.21.0' is not less clear than '2.21'."""
    est = TensorFlow(
        str(folder), compute_target="cpu", entry_script="train.py", framework_version="2.21.0"
    )
    assert spec_of(est, experiment).environment.pip[0] == "tensorflow-cpu==2.21.0"


def test_users_packages_are_added_and_win(folder, experiment):
    """pip_packages stand beside the framework's; one of the same name replaces it."""
    est = TensorFlow(
        str(folder),
        compute_target="cpu",
        entry_script="train.py",
        framework_version="1.13",
        pip_packages=["keras==2.2.4", "numpy==1.16.6", "azureml-sdk"],
        conda_packages=["scikit-learn"],
    )
    environment = spec_of(est, experiment).environment
    assert environment.conda == ["scikit-learn"]
    assert environment.pip == [
        "tensorflow==1.13.1", "protobuf<3.21", "keras==2.2.4", "numpy==1.16.6",
    ]  # fmt: skip


def test_use_gpu_stays_in_the_definition(folder, experiment):
    """Machines without a GPU run on the CPU; what was asked for is kept."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        est = TensorFlow(
            str(folder), compute_target="cpu", entry_script="train.py",
            framework_version="2.21", use_gpu=True,
        )  # fmt: skip
    assert spec_of(est, experiment).definition["environment"]["docker"]["gpuSupport"] is True


def test_the_articles_parameter_server(folder, experiment):
    """node_count=2, worker_count=2, one parameter server: three processes on two nodes."""
    training = TensorflowConfiguration()
    training.worker_count = 2
    est = estimator(folder, node_count=2, process_count_per_node=1, distributed_training=training)
    spec = spec_of(est, experiment)
    launcher = spec.launcher
    assert (launcher.kind, launcher.worker_count, launcher.parameter_server_count) == (
        "parameter_server", 2, 1,
    )  # fmt: skip
    assert spec.node_count == 2
    assert spec.definition["communicator"] == "ParameterServer"
    assert spec.definition["sourceDirectoryDataStore"] == "workspaceblobstore"


@pytest.mark.parametrize("given", [{"distributed_training": Mpi()}, {"distributed_backend": "MPI"}])
def test_mpi_brings_horovod_with_tensorflow(folder, experiment, given):
    """TensorFlow by MPI has Horovod, as in v1; the user's own version of it stays."""
    made = TensorFlow(
        folder, entry_script="train.py", compute_target="local", framework_version="1.13", **given
    )
    assert made._submission(experiment).spec.environment.pip[-1] == "horovod"
    own = {**given, "framework_version": "1.13", "pip_packages": ["horovod==0.18.2"]}
    made = TensorFlow(folder, entry_script="train.py", compute_target="local", **own)
    pip = made._submission(experiment).spec.environment.pip
    assert [line for line in pip if line.startswith("horovod")] == ["horovod==0.18.2"]


def test_mpi_brings_horovod_with_pytorch(folder, experiment):
    """PyTorch by MPI has Horovod, as in v1; by its own launcher it needs none."""
    given = {"entry_script": "train.py", "compute_target": "local", "framework_version": "1.4"}
    made = PyTorch(folder, distributed_training=Mpi(process_count_per_node=2), **given)
    assert made._submission(experiment).spec.environment.pip[-1] == "horovod"
    made = PyTorch(folder, distributed_training=Gloo(), **given)
    assert "horovod" not in made._submission(experiment).spec.environment.pip


def test_horovod_is_for_mpi_and_its_frameworks_alone(folder, experiment):
    """Without MPI, and with a plain Estimator, nothing is added that has to be compiled."""
    for made in (
        TensorFlow(
            folder, entry_script="train.py", compute_target="local", framework_version="1.13"
        ),
        Estimator(
            folder, entry_script="train.py", compute_target="local", distributed_training=Mpi()
        ),
    ):
        assert "horovod" not in made._submission(experiment).spec.environment.pip


def test_mpi_replaces_the_estimators_process_count(folder, experiment):
    """MpiConfiguration says how many processes each node gets."""
    training = MpiConfiguration()
    training.process_count_per_node = 3
    est = estimator(folder, node_count=2, process_count_per_node=1, distributed_training=training)
    spec = spec_of(est, experiment)
    assert (spec.launcher.kind, spec.launcher.process_count_per_node) == ("mpi", 3)
    assert (spec.definition["framework"], spec.definition["communicator"]) == ("Python", "IntelMpi")


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({"distributed_backend": "mpi", "process_count_per_node": 2}, "mpi"),
        ({"distributed_training": Mpi(2)}, "mpi"),
        ({"distributed_training": ParameterServer(2, 1)}, "parameter_server"),
        ({"distributed_training": ParameterServer(2, 0)}, "multi_worker"),
        ({"distributed_training": Gloo(), "node_count": 2}, "torch"),
        ({"distributed_backend": "nccl", "node_count": 2}, "torch"),
    ],
)
def test_every_name_of_distribution_gives_its_launcher(folder, experiment, given, kind):
    """Old and new names of the settings say the same."""
    assert spec_of(estimator(folder, **given), experiment).launcher.kind == kind


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"compute_target": None}, "neither compute_target nor vm_size"),
        ({"node_count": 0}, "node_count must be at least 1"),
        ({"process_count_per_node": 0}, "process_count_per_node must be at least 1"),
        ({"node_count": 2}, "nothing says how the processes work together"),
        ({"process_count_per_node": 2}, "nothing says how the processes work together"),
        ({"distributed_backend": "smoke"}, "mpi, ps, gloo, nccl"),
        ({"distributed_training": "mpi"}, "MpiConfiguration"),
        (
            {"node_count": 2, "distributed_backend": "mpi", "compute_target": "local"},
            "single machine",
        ),
        ({"environment_definition": Environment("x"), "pip_packages": ["a"]}, "pip_packages"),
        ({"environment_definition": Environment("x"), "use_gpu": True}, "use_gpu"),
        ({"conda_dependencies_file": "env.yml", "pip_packages": ["a"]}, "put them into the file"),
        ({"use_docker": False, "custom_docker_image": "x"}, "use_docker"),
        ({"script_params": ["--a", 1]}, "script_params must be a dict"),
        ({"resume_from": "outputs"}, "resume_from must be a DataPath"),
    ],
)
def test_contradictions_are_refused(folder, experiment, given, said):
    """v1's rules, each with a message that says what to do."""
    with pytest.raises(TrainingException) as caught:
        spec_of(estimator(folder, **given), experiment)
    assert said in caught.value.message


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"user_managed": True, "pip_packages": ["a"]}, "installs nothing"),
        ({"pip_requirements_file": "none.txt"}, "is not in source_directory"),
        ({"conda_dependencies_file_path": "none.yml"}, "is not in source_directory"),
        ({"environment_definition": "tf"}, "must be an Environment"),
        ({"entry_script": "tain.py"}, "did you mean train.py"),
        ({"entry_script": None}, "no script is named"),
        ({"entry_script": "../x.py"}, "must lie in the source folder"),
    ],
)
def test_wrong_input_is_refused(folder, experiment, given, said):
    """The user's own slips, each with a message that says what to do."""
    with pytest.raises(UserErrorException) as caught:
        spec_of(estimator(folder, **given), experiment)
    assert said in caught.value.message


def test_a_folder_below_home_is_named_by_a_tilde(folder, experiment, monkeypatch):
    """`~` means the user's folder for the script and for files of packages, as for the snapshot."""
    monkeypatch.setenv("HOME", str(folder.parent))
    (folder / "more.txt").write_text("attrs\n")
    given = estimator(f"~/{folder.name}", pip_requirements_file="more.txt")
    submission = given._submission(experiment)
    assert submission.source_directory == str(folder)
    assert submission.spec.script == "train.py"


def test_missing_and_empty_folders_are_refused(tmp_path, experiment):
    """Before anything is sent."""
    (tmp_path / "empty").mkdir()
    for name, said in (("none", "does not exist"), ("empty", "is empty")):
        with pytest.raises(UserErrorException, match=said):
            spec_of(estimator(tmp_path / name), experiment)


def test_a_size_alone_asks_for_a_cluster_of_it(folder, workspace, experiment):
    """v1 made one for the run; runs of one size share it here, and it grows with what they need."""
    experiment.workspace = workspace
    est = estimator(folder, compute_target=None, vm_size="STANDARD_D2_V2")
    assert spec_of(est, experiment).target == "run-standard_d2_v2"
    several = estimator(
        folder,
        compute_target=None,
        vm_size="STANDARD_D2_V2",
        node_count=3,
        distributed_training=MpiConfiguration(),
    )
    assert spec_of(several, experiment).target == "run-standard_d2_v2"
    (made,) = ComputeTarget.list(workspace)
    scale = made.get_status().scale_settings
    assert (made.vm_size, scale.maximum_node_count) == ("STANDARD_D2_V2", 3)
    low = estimator(folder, compute_target=None, vm_size="STANDARD_NC6", vm_priority="lowpriority")
    assert spec_of(low, experiment).target == "run-standard_nc6-low"


def test_submit_overrides_only_three(folder, experiment, datastore):
    """script_params, inputs and source_directory_data_store; anything else raises."""
    est = estimator(folder, script_params={"--a": 1})
    spec = spec_of(est, experiment, script_params={"--a": 2}, inputs=[datastore.as_mount()])
    assert spec.arguments == ["--a", "2"]
    assert len(spec.data) == 1
    assert spec_of(est, experiment).data == []
    with pytest.raises(TrainingException, match="not node_count"):
        spec_of(est, experiment, node_count=2)


def test_resume_from_adds_its_argument(folder, experiment, datastore):
    """The script finds the earlier outputs by --resume-from."""
    est = estimator(folder, resume_from=DataPath(datastore, "old/outputs"))
    spec = spec_of(est, experiment)
    assert spec.arguments == ["--resume-from", "$AZUREML_DATAREFERENCE_MODEL_LOCATION"]
    assert (spec.data[0].path, spec.data[0].mode) == ("old/outputs", "mount")


def test_requirement_files_are_relative_to_the_folder(folder, experiment):
    """Comments go, `-r` is followed, own names are left out."""
    (folder / "more.txt").write_text("scipy\n")
    (folder / "req.txt").write_text("# c\nnumpy>=1  # why\n-r more.txt\nazureml-core\n")
    spec = spec_of(estimator(folder, pip_requirements_file="req.txt"), experiment)
    assert spec.environment.pip == ["numpy>=1", "scipy"]


def test_a_conda_file_is_the_whole_environment(folder, experiment):
    """With a conda file no framework package is added."""
    text = "dependencies:\n- python=3.8\n- numpy=1.16\n- pip:\n  - keras\n"
    (folder / "env.yml").write_text(text)
    est = TensorFlow(
        str(folder), compute_target="cpu", entry_script="train.py",
        framework_version="1.13", conda_dependencies_file="env.yml",
    )  # fmt: skip
    environment = spec_of(est, experiment).environment
    assert (environment.python, environment.conda, environment.pip) == (
        "3.8", ["numpy=1.16"], ["keras"],
    )  # fmt: skip


def test_run_config_may_be_changed_before_submitting(folder, experiment):
    """Notebooks set est.run_config.environment after construction."""
    est = estimator(folder)
    est.run_config.environment.environment_variables["A"] = "1"
    est.conda_dependencies.add_pip_package("pandas")
    spec = spec_of(est, experiment)
    assert spec.environment_variables == {"A": "1"}
    assert "pandas" in spec.environment.pip


def test_local_runs_inherit_the_environment(folder, experiment):
    """v1's local target is a child of the client."""
    submission = estimator(folder, compute_target="local")._submission(experiment)
    assert submission.inherit_environment
    assert submission.spec.target == "local"


def test_a_notebook_as_script_brings_what_runs_it(folder, experiment):
    """An .ipynb entry script needs papermill, of which users may have chosen a version."""
    (folder / "a.ipynb").write_text("{}")
    chosen = ["papermill==2.4.0", "numpy"]
    spec = spec_of(estimator(folder, entry_script="a.ipynb", pip_packages=chosen), experiment)
    assert spec.script == "a.ipynb"
    assert {*chosen, "ipykernel"} <= {*spec.environment.pip}
    assert "papermill" not in spec.environment.pip


def test_a_notebook_is_refused_in_several_processes(folder, experiment):
    """All ranks would write one output notebook."""
    (folder / "a.ipynb").write_text("{}")
    est = estimator(folder, entry_script="a.ipynb", node_count=2, distributed_training=Mpi())
    with pytest.raises(NotOfferedYet, match="nbconvert"):
        spec_of(est, experiment)
