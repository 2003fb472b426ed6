"""Environments: sections, registration, curated names."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from runyard.sdk.conda import CondaDependencies
from runyard.sdk.definitions import definition_of
from runyard.sdk.environment_sections import SparkPackage
from runyard.sdk.environments import Environment
from runyard.sdk.exceptions import NotOfferedYet, UserErrorException
from runyard.sdk.launchers import MpiConfiguration
from runyard.sdk.v1.runconfig import RunConfiguration
from runyard.sdk.v1.scripts import ScriptRunConfig


def test_unknown_attributes_are_refused_with_the_nearest():
    """A slip of the pen is not lost in silence, as in v1."""
    environment = Environment("x")
    for section, name in (
        (environment, "dockre"),
        (environment.docker, "enable"),
        (environment.python, "user_managed"),
        (RunConfiguration(), "node_counts"),
        (RunConfiguration().mpi, "process_count"),
        (RunConfiguration().tensorflow, "workers"),
    ):
        with pytest.raises(AttributeError, match=name):
            setattr(section, name, True)
    with pytest.raises(AttributeError, match="docker"):
        environment.dockre = None  # type: ignore[attr-defined]  # the slip under test


def test_defaults_are_v1s():
    """Public notebooks print them."""
    environment = Environment("x")
    assert environment.environment_variables == {"EXAMPLE_ENV_VAR": "EXAMPLE_VALUE"}
    assert (environment.docker.enabled, environment.docker.shm_size) == (False, "2g")
    assert environment.python.interpreter_path == "python"


def test_definition_leaves_out_our_own_names():
    """azureml-defaults must never fetch the real package: the SDK is in every job."""
    environment = Environment("x")
    environment.python.conda_dependencies = CondaDependencies.create(
        pip_packages=["azureml-defaults", "azureml-dataprep[x]", "azureml_core", "runyard", "a"],
        conda_packages=["numpy=1.16"], python_version="3.8",
    )  # fmt: skip
    made = definition_of(environment)
    assert (made.pip, made.conda, made.python) == (["a"], ["numpy=1.16"], "3.8")


def test_an_environment_may_be_of_a_day(workspace):
    """It goes to the service, and comes back with a registered environment; slips are refused."""
    made = Environment("of-2019", as_of="2019-08-01")
    assert definition_of(made).as_of == "2019-08-01"
    made.register(workspace)
    assert Environment.get(workspace, "of-2019").as_of == "2019-08-01"
    with pytest.raises(UserErrorException, match="a day, for example '2019-08-01'"):
        made.as_of = "August 2019"


def test_an_environment_may_refuse_what_would_take_its_frameworks_place(workspace):
    """The word goes to the service and comes back; others are refused, and so are stand-ins."""
    made = Environment("strict", compatibility="strict")
    assert definition_of(made).compatibility == "strict"
    made.register(workspace)
    assert Environment.get(workspace, "strict").compatibility == "strict"
    with pytest.raises(UserErrorException, match="'strict', or leave it out"):
        made.compatibility = "loose"
    with pytest.raises(UserErrorException, match=r"refuses 1\.13 in its place: ask for 1\.13"):
        Environment.from_framework("x", "TensorFlow", "1.12", compatibility="strict")
    with pytest.warns(UserWarning, match=r"TensorFlow 1\.13\.1 on Python 3\.7 is used"):
        Environment.from_framework("x", "TensorFlow", "1.12")


def test_a_framework_brings_its_day():
    """An environment for a version has the other packages of its time, until somebody says more."""
    made = definition_of(Environment.from_framework("keras3", "Keras", "3.5"))
    assert (made.pip[-1], made.as_of, made.as_of_from) == (
        "keras==3.5.0",
        "2024-10-11",
        "Keras 3.5",
    )
    newest = definition_of(Environment.from_framework("newest", "PyTorch"))
    assert (newest.pip, newest.as_of) == (["torch", "torchvision"], "")
    old = Environment.from_framework("old", "TensorFlow", "1.13")
    old.as_of = "now"
    assert (definition_of(old).as_of, definition_of(old).as_of_from) == ("now", "")
    for framework, version in (("Theano", None), ("Keras", "9")):
        with pytest.raises(UserErrorException, match=r"is one of TensorFlow|known are 3\.0"):
            Environment.from_framework("x", framework, version)


@pytest.mark.parametrize(("asked", "given"), [("3.6.2", "3.7"), ("3.5", "3.7"), ("2.7", "3.7")])
def test_pythons_too_old_for_jobs_are_replaced_visibly(asked, given):
    """Files of 2019 name 3.6.2, the default of their day; jobs need 3.7."""
    environment = Environment("x")
    environment.python.conda_dependencies = CondaDependencies.create(python_version=asked)
    with pytest.warns(UserWarning, match=r"3\.7"):
        assert definition_of(environment).python == given


@pytest.mark.parametrize(
    "spec", ["python=3.8.*", "conda-forge::python=3.8", "python [version='>=3.8,<3.9']"]
)
def test_a_python_is_asked_for_in_any_of_condas_ways(spec):
    """A script that needs 3.8 does not silently run on whatever the service chooses."""
    environment = Environment("x")
    packages = CondaDependencies.create(conda_packages=[spec], pip_packages=[])
    environment.python.conda_dependencies = packages
    assert "3.8" in definition_of(environment).python


def test_user_managed_installs_nothing():
    """Only the interpreter counts then."""
    environment = Environment("x")
    environment.python.user_managed_dependencies = True
    environment.python.interpreter_path = "/usr/bin/python3"
    made = definition_of(environment)
    assert (made.user_managed, made.interpreter, made.pip) == (True, "/usr/bin/python3", [])


@pytest.mark.parametrize(
    ("asked", "sent"), [("python", sys.executable), ("/opt/x/python", "/opt/x/python")]
)
def test_user_managed_means_the_python_that_submits(asked, sent, tmp_path):
    """The service may run in another Python, which lacks what the user installed."""
    (tmp_path / "train.py").touch()
    environment = Environment("x")
    environment.python.user_managed_dependencies = True
    environment.python.interpreter_path = asked
    config = ScriptRunConfig(str(tmp_path), environment=environment)
    spec = config._submission(SimpleNamespace(name="e")).spec
    assert spec.environment.interpreter == sent


def test_registering_records_no_path_of_the_one_who_registers():
    """Whoever gets a registered environment submits with a Python of their own."""
    environment = Environment("x")
    environment.python.user_managed_dependencies = True
    assert definition_of(environment).interpreter == "python"


def test_only_an_image_that_the_user_chose_is_named():
    """v1's default images hold nothing a script needs, so nothing is said of them."""
    environment = Environment("x")
    environment.docker.enabled = True
    assert definition_of(environment).docker_image == ""
    environment.docker.base_image = "mine:1"
    assert definition_of(environment).docker_image == "mine:1"


def test_registered_versions_count_in_texts(workspace):
    """Versions are "1", "2", …; get gives all sections back."""
    environment = Environment("x")
    environment.python.conda_dependencies.add_pip_package("pandas")
    environment.environment_variables = {"A": "1"}
    assert environment.register(workspace).version == "1"
    assert environment.register(workspace).version == "1"
    environment.docker.enabled = True
    assert environment.register(workspace).version == "2"
    found = Environment.get(workspace, "x")
    assert (found.version, found.docker.enabled) == ("2", True)
    assert found.environment_variables == {"A": "1"}
    assert "pandas" in found.python.conda_dependencies.pip_packages
    assert Environment.get(workspace, name="x", version="1").docker.enabled is False


def test_packages_of_spark_are_kept_with_the_environment(workspace):
    """Scripts that deploy a model of Spark name some, and register what they name."""
    environment = Environment("sparkling")
    environment.spark.packages = [SparkPackage("org.example", "reader_2.11", "0.15")]
    environment.register(workspace)
    (package,) = Environment.get(workspace, "sparkling").spark.packages
    assert (package.group, package.artifact, package.version) == (
        "org.example",
        "reader_2.11",
        "0.15",
    )


def test_curated_names_of_later_years_are_understood(workspace):
    """They name a system, a Python and a CUDA; the framework and its version are what counts."""
    for name, pin in (
        ("AzureML-sklearn-0.24-ubuntu18.04-py37-cpu", "scikit-learn==0.24.2"),
        ("AzureML-sklearn-1.0-ubuntu20.04-py38-cpu", "scikit-learn==1.0.2"),
        ("AzureML-pytorch-1.10-ubuntu18.04-py38-cuda11-gpu", "torch==1.10.2"),
        ("AzureML-ACPT-pytorch-1.11-py38-cuda11.3-gpu", "torch==1.11.0"),
        ("AzureML-tensorflow-2.4-ubuntu18.04-py37-cuda11-gpu", "tensorflow-cpu==2.4.4"),
        ("AzureML-xgboost-0.9-ubuntu18.04-py37-cpu-inference", "xgboost==0.90"),
        ("AzureML-lightgbm-3.2-ubuntu18.04-py37-cpu", "lightgbm==3.2.1"),
        ("AzureML-onnxruntime-1.6-ubuntu18.04-py37-cpu-inference", "onnxruntime==1.6.0"),
    ):
        found = Environment.get(workspace, name)
        packages = list(found.python.conda_dependencies.pip_packages)
        assert pin in packages
        assert "pandas" in packages
        assert found.as_of
    assert Environment.get(workspace, "AzureML-Scikit-learn-0.20.3").name
    plain = Environment.get(
        workspace, "AzureML-minimal-ubuntu18.04-py37-cpu-inference", label="latest"
    )
    assert list(plain.python.conda_dependencies.pip_packages) == ["azureml-defaults"]
    with pytest.raises(UserErrorException, match="does not exist"):
        Environment.get(workspace, "AzureML-pytorch-0.1-ubuntu18.04-py38-cuda11-gpu")


def test_curated_names_exist(workspace):
    """Notebooks of 2020 take them from every workspace."""
    for name in (
        "AzureML-TensorFlow-1.13-GPU", "AzureML-TensorFlow-2.0-GPU", "AzureML-TensorFlow-2.1-GPU",
        "AzureML-PyTorch-1.4-GPU", "AzureML-PyTorch-1.6-GPU", "AzureML-PyTorch-1.6-CPU",
        "AzureML-Chainer-5.1.0-GPU", "AzureML-Minimal", "AzureML-Tutorial",
    ):  # fmt: skip
        assert Environment.get(workspace, name).name == name
    assert "AzureML-Minimal" in Environment.list(workspace)


def _sent(environment, folder, **more: object):
    (folder / "train.py").touch()
    config = ScriptRunConfig(str(folder), environment=environment, **more)
    return config._submission(SimpleNamespace(name="e")).spec.environment.pip


@pytest.mark.parametrize("name", ["AzureML-TensorFlow-1.13-GPU", "AzureML-PyTorch-1.4-GPU"])
def test_curated_environments_have_horovod_by_mpi(workspace, tmp_path, name):
    """v1 had it in them always; here only runs by MPI wait for its compilation."""
    environment = Environment.get(workspace, name)
    by_mpi = {"distributed_job_config": MpiConfiguration()}
    assert "horovod" not in _sent(environment, tmp_path)
    assert _sent(environment, tmp_path, **by_mpi)[-1] == "horovod"
    copy = environment.clone("mine")
    copy.python.conda_dependencies.add_pip_package("keras<=2.3.1")
    copy.register(workspace)
    assert _sent(Environment.get(workspace, "mine"), tmp_path, **by_mpi)[-1] == "horovod"
    copy.python.conda_dependencies.add_pip_package("horovod==0.19.5")
    assert "horovod" not in _sent(copy, tmp_path, **by_mpi)


@pytest.mark.parametrize("name", ["AzureML-Minimal", "AzureML-Chainer-5.1.0-GPU"])
def test_horovod_comes_with_frameworks_that_it_works_with(workspace, tmp_path, name):
    """Without its framework it cannot be compiled, and the run would fail for it."""
    sent = _sent(
        Environment.get(workspace, name), tmp_path, distributed_job_config=MpiConfiguration()
    )
    assert "horovod" not in sent


def test_missing_names_are_answered_with_the_nearest(workspace):
    """A wrong name is not answered with another environment."""
    with pytest.raises(UserErrorException, match="AzureML-Minimal"):
        Environment.get(workspace, "AzureML-Minimum")
    Environment("x").register(workspace)
    with pytest.raises(UserErrorException, match="has no version '7'"):
        Environment.get(workspace, "x", version="7")


def test_clone_is_independent():
    """Changing the copy leaves the original alone."""
    environment = Environment("x")
    copy = environment.clone("y")
    copy.environment_variables["B"] = "2"
    assert (copy.name, "B" in environment.environment_variables) == ("y", False)


def test_files_make_environments(tmp_path):
    """from_conda_specification and from_pip_requirements read what users have."""
    (tmp_path / "e.yml").write_text("dependencies:\n- numpy\n")
    (tmp_path / "r.txt").write_text("--extra-index-url https://x.example\nkeras\n")
    conda = Environment.from_conda_specification(name="c", file_path=str(tmp_path / "e.yml"))
    pip = Environment.from_pip_requirements("p", str(tmp_path / "r.txt"))
    assert definition_of(conda).conda == ["numpy"]
    assert definition_of(pip).pip == ["--extra-index-url https://x.example", "keras"]


def test_variables_of_a_conda_file_reach_the_run(tmp_path):
    """conda sets them when the environment is activated; the environment's own are stronger."""
    text = "variables:\n  DATA_ROOT: /mnt/x\n  N: 3\ndependencies:\n- python=3.11\n"
    (tmp_path / "e.yml").write_text(text)
    environment = Environment.from_conda_specification("c", str(tmp_path / "e.yml"))
    environment.environment_variables = {"N": "4"}
    (tmp_path / "train.py").touch()
    config = ScriptRunConfig(str(tmp_path), environment=environment)
    spec = config._submission(SimpleNamespace(name="e")).spec
    assert spec.environment_variables == {"DATA_ROOT": "/mnt/x", "N": "4"}


def test_folders_keep_environments(tmp_path):
    """save_to_directory and load_from_directory are each other's inverse."""
    environment = Environment("x")
    environment.docker.base_image = "mine:1"
    environment.save_to_directory(str(tmp_path / "env"))
    assert Environment.load_from_directory(str(tmp_path / "env")).docker.base_image == "mine:1"
    with pytest.raises(UserErrorException, match="overwrite=True"):
        environment.save_to_directory(str(tmp_path / "env"))


def test_packages_of_another_type_are_refused():
    """A list in the place of CondaDependencies is told how to become one."""
    environment = Environment("x")
    environment.python.conda_dependencies = ["numpy"]  # type: ignore[assignment]  # the slip
    with pytest.raises(UserErrorException, match=r"CondaDependencies\.create"):
        definition_of(environment)


def test_images_and_dockerfiles_take_the_packages_of_one_file(tmp_path):
    """As v1's constructors did; an unknown word is no longer lost in silence."""
    (tmp_path / "r.txt").write_text("six==1.16.0\n")
    (tmp_path / "c.yml").write_text("dependencies:\n- python=3.8\n")
    files = {"pip": str(tmp_path / "r.txt"), "conda": str(tmp_path / "c.yml")}
    made = Environment.from_docker_image("a", "python:3.8", pip_requirements=files["pip"])
    assert list(made.python.conda_dependencies.pip_packages) == ["six==1.16.0"]
    made = Environment.from_dockerfile("b", "FROM debian\n", conda_specification=files["conda"])
    assert made.python.conda_dependencies.get_python_version() == "3.8"
    assert (made.docker.enabled, made.docker.base_image) == (True, None)
    assert made.docker.base_dockerfile == "FROM debian\n"
    with pytest.raises(UserErrorException, match="not both"):
        Environment.from_dockerfile("c", "FROM x\n", files["conda"], files["pip"])
    with pytest.raises(NotOfferedYet, match="from_dockerfile"):
        Environment.from_docker_build_context("d", object())
    with pytest.raises(TypeError):
        Environment.from_docker_image("e", "x", pip_requirement=files["pip"])


def test_one_package_is_no_list_of_letters():
    """`pip_packages='numpy'` asked for five packages of one letter."""
    made = CondaDependencies.create(pip_packages="numpy", conda_packages="scipy=1.2")
    assert (list(made.pip_packages), list(made.conda_packages)) == (["numpy"], ["scipy=1.2"])
