"""The v1 names work on every Python that jobs and notebooks run on."""

import importlib
import importlib.util
import pkgutil
import warnings

import pytest

import azureml
import runyard
from azureml.core import Environment, ScriptRunConfig
from azureml.core.conda_dependencies import CondaDependencies
from azureml.core.runconfig import MpiConfiguration, RunConfiguration
from azureml.train.dnn import TensorFlow
from runyard.protocol.codec import decode, encode
from runyard.protocol.runs import RunSpec
from runyard.protocol.sizes import SIZES, find, resolve


class FakeExperiment:
    """What a submission needs of an experiment."""

    name = "e"


def test_every_module_imports():
    """No syntax or name newer than the oldest Python is used anywhere."""
    found = [
        module.name
        for package in (azureml, runyard)
        for module in pkgutil.walk_packages(package.__path__, package.__name__ + ".")
    ]
    # This one only hands over to a distribution of its own.
    found.remove("runyard.optuna")
    assert [importlib.import_module(name).__name__ for name in found] == found
    assert {"azureml.core.run", "runyard.runtime.agent"} <= set(found)


def test_a_distribution_that_is_absent_is_named():
    """The light half has only the name of what keeps Optuna's studies."""
    if importlib.util.find_spec("runyard_optuna") is None:
        with pytest.raises(ModuleNotFoundError, match="pip install runyard-optuna"):
            importlib.import_module("runyard.optuna")
    else:
        assert importlib.import_module("runyard.optuna").Storage


def test_an_estimator_becomes_a_spec(tmp_path):
    """The client works on Python 3.7."""
    (tmp_path / "train.py").write_text("print(1)\n")
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        est = TensorFlow(
            str(tmp_path),
            compute_target="gpu",
            entry_script="train.py",
            script_params={"--rate": 0.01, "--flag": ""},
            node_count=2,
            distributed_training=MpiConfiguration(),
        )
    assert any("defaulting to version 1.13" in str(w.message) for w in said)
    spec = est._submission(FakeExperiment()).spec
    assert decode(RunSpec, encode(spec)) == spec
    assert (spec.arguments, spec.launcher.kind) == (["--rate", "0.01", "--flag"], "mpi")


def test_a_configuration_becomes_a_spec(tmp_path):
    """Run configurations work on Python 3.7."""
    (tmp_path / "train.py").write_text("print(1)\n")
    config = RunConfiguration()
    config.environment = Environment("mine")
    config.environment.python.conda_dependencies = CondaDependencies.create(pip_packages=["a==1"])
    src = ScriptRunConfig(str(tmp_path), "train.py", run_config=config)
    assert src._submission(FakeExperiment()).spec.environment.pip == ["a==1"]


def test_sizes_are_found_in_any_case():
    """Every size that notebooks name maps to CPUs and GPUs; unknown ones count as one CPU."""
    assert (find("standard_nc6").gpus, find("Standard_D2_v2").cpus) == (1, 2)
    assert find("NC6") == SIZES["STANDARD_NC6"]
    size, warning = resolve("STANDARD_NC7")
    assert (size.cpus, size.gpus) == (1, 0)
    assert "STANDARD_NC6" in warning
    assert resolve("STANDARD_NC6")[1] is None
