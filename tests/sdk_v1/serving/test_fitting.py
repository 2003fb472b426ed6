"""Versions for what a deployment names without any: those of the model's run, or of the script."""

from __future__ import annotations

from typing import Any

import pytest

from azureml.core import Model
from azureml.core.model import InferenceConfig
from runyard.protocol.environments import LockRecord
from runyard.protocol.runs import RunRecord
from runyard.sdk.conda import CondaDependencies
from runyard.sdk.environments import Environment

LOCK = "keras==2.2.5 \\\n    --hash=sha256:0\nh5py==2.10.0\ntensorflow==1.13.1\nnumpy==1.16.6\n"
JOBLIB = "from sklearn.externals import joblib\ndef init(): pass\ndef run(x): pass\n"
GRAPH = "import tensorflow as tf\ndef init():\n    tf.Session()\ndef run(x): pass\n"


@pytest.fixture
def deploy(workspace, service, here):
    """Deploy a script with packages, and give the definition that was sent."""

    def made(script: str, models: Any = (), **packages: Any) -> Any:
        (here / "score.py").write_text(script)
        environment = Environment("e")
        environment.python.conda_dependencies = CondaDependencies.create(
            **{"pip_packages": ["azureml-defaults"], **packages}
        )
        config = InferenceConfig("score.py", environment=environment)
        Model.deploy(workspace, "my-svc", list(models), config, overwrite=True)
        return service.bodies[-1].spec.environment

    return made


@pytest.fixture
def trained(service, monkeypatch):
    """A model that a run with an environment has made."""
    service.model("m", run="run_1")
    run = RunRecord(
        id="run_1",
        workspace="w",
        experiment="e",
        number=1,
        status="Completed",
        target="local",
        created_at="2026-01-01T00:00:00Z",
        environment_lock="digest",
    )
    lock = LockRecord("digest", "3.7.16", LOCK)
    monkeypatch.setattr(service, "runs_get", lambda _: run, raising=False)
    monkeypatch.setattr(service, "environments_lock", lambda _: lock, raising=False)
    return "m"


def test_names_without_versions_get_those_of_the_models_run(deploy, trained):
    """A checkpoint of TensorFlow 1.13 is read by TensorFlow 1.13, and what went with it."""
    with pytest.warns(UserWarning, match=r"tensorflow==1\.13\.1: as in run run_1"):
        found = deploy("x = 1", [trained], conda_packages=["tensorflow", "keras"])
    assert found.python == "3.7"
    pins = {"tensorflow==1.13.1", "keras==2.2.5", "h5py==2.10.0", "numpy==1.16.6"}
    assert pins <= set(found.pip)


def test_a_version_that_is_named_stays(deploy, trained):
    """Who asks for a version gets it, also where the run had another."""
    assert "h5py==2.10.0" not in deploy("x = 1", [trained], conda_packages=["keras=2.1"]).pip
    with pytest.warns(UserWarning, match="keras"):
        found = deploy("x = 1", [trained], conda_packages=["keras", "tensorflow=1.14"])
    assert "tensorflow==1.13.1" not in found.pip
    # Another Python has other builds.
    assert (
        "keras==2.2.5"
        not in deploy("x = 1", [trained], conda_packages=["keras"], python_version="3.11").pip
    )


def test_a_model_tells_the_version_that_wrote_it(deploy, service):
    """Where no run made it, whoever registered it said what it is of."""
    service.model("m", framework="ScikitLearn", framework_version="0.19.1")
    pip = ["azureml-defaults", "numpy==1.16"]
    with pytest.warns(UserWarning, match=r"scikit-learn==0\.20\.3: which model m:1 was regis"):
        found = deploy("x = 1", ["m"], conda_packages=["scikit-learn"], pip_packages=pip)
    assert found.python == "3.7"
    assert found.pip[:3] == ["numpy==1.16", "inference-schema", "scikit-learn==0.20.3"]
    assert "numpy==1.16.2" not in found.pip


def test_a_script_of_2019_gets_what_it_imports(deploy):
    """scikit-learn 0.23 took joblib away; the first TensorFlow 2 took sessions."""
    with pytest.warns(UserWarning, match=r"score\.py uses sklearn\.externals\.joblib"):
        assert deploy(JOBLIB, conda_packages=["scikit-learn"]).as_of == "2020-05-01"
    with pytest.warns(UserWarning, match=r"score\.py uses tensorflow\.Session"):
        assert deploy(GRAPH, conda_packages=["tensorflow"]).as_of == "2019-09-01"


def test_others_are_left_alone(deploy):
    """Today's scripts get today's packages, without a word."""
    for script, package in (
        (JOBLIB, "scikit-learn=1.3"),
        ("import joblib", "scikit-learn"),
        (GRAPH, "tensorflow>=2"),
        ("import tensorflow as tf\ntf.compat.v1.Session()", "tensorflow"),
        (JOBLIB, "pandas"),
    ):
        assert deploy(script, conda_packages=[package]).as_of == ""
