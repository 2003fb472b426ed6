"""Models that serve themselves, with the frameworks themselves: one answer by every protocol.

Each framework's models are made and served by a run in its environment. `make test` takes those
whose environments other tests here have, `make soak` all: FLAVORS_OF names them.
"""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from azureml.core import Environment, ScriptRunConfig
from azureml.core.conda_dependencies import CondaDependencies
from azureml.train.dnn import TensorFlow

pytestmark = [pytest.mark.slow(seconds=25), pytest.mark.tensorflow, pytest.mark.timeout(600)]

SCRIPT = Path(__file__).with_name("models_served.py")
PACKAGES = {
    "torch": ["torch==2.13.0", "numpy"],
    "sklearn": ["scikit-learn==1.7.2"],
    "onnx": ["onnx==1.19.1", "onnxruntime==1.23.2"],
}
VERSIONS = {"tensorflow_1": "1.13", "tensorflow_2": "2.21"}
SERVED = {
    "tensorflow_1": ["session", "old.h5"],
    "tensorflow_2": ["model.keras", "model.h5", "exported", "functions"],
    "torch": ["script.pt", "whole.pth", "program"],
    "sklearn": ["model.joblib", "model.pkl"],
    "onnx": ["g"],
}
FRAMEWORKS = os.environ.get("FLAVORS_OF", "tensorflow_1,tensorflow_2,torch").split(",")
# [[1, 0, 0], [0, 1, 1]] times the weights of every model.
EXPECTED = [[1.0, 2.0], [8.0, 10.0]]


def submitted(machine: Any, framework: str, folder: Path) -> Any:
    """Make and serve a framework's models in its environment."""
    shutil.copy(SCRIPT, folder)
    given = {"source_directory": str(folder), "compute_target": "local"}
    if framework in VERSIONS:
        # The estimator's environment, which other tests here have too.
        more = {"framework_version": VERSIONS[framework], "script_params": {framework: ""}}
        return machine.submit(TensorFlow(entry_script=SCRIPT.name, **given, **more))
    environment = Environment(framework)
    environment.python.conda_dependencies = CondaDependencies.create(
        python_version="3.11", pip_packages=PACKAGES[framework]
    )
    return machine.submit(
        ScriptRunConfig(script=SCRIPT.name, arguments=[framework], environment=environment, **given)
    )


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_models_of_a_framework_serve_themselves(machine, tmp_path, framework):
    """Whatever a model was saved as, it answers the same by each protocol, and refuses text."""
    log = machine.log(machine.completed(submitted(machine, framework, tmp_path)))
    lines = [line for line in log.splitlines() if line.startswith("served: ")]
    found = [json.loads(line[len("served: ") :]) for line in lines]
    assert [each["name"] for each in found] == SERVED[framework]
    for each in found:
        assert values(each["score"]) == EXPECTED
        assert each["tf-serving"] == [200, {"predictions": EXPECTED}]
        assert each["mlflow"] == [200, {"predictions": EXPECTED}]
        status, told = each["open-inference"]
        (output,) = told["outputs"]
        assert (status, output["shape"]) == (200, [2, 2])
        assert [round(value, 4) for row in output["data"] for value in flat(row)] == flat(EXPECTED)
        assert each["wrong"] == 400


def values(answer: Any) -> Any:
    """The rows that `/score` has answered with, under whatever name."""
    status, told = answer
    assert status == 200
    while isinstance(told, dict):
        (told,) = told.values()
    return told


def flat(rows: Any) -> list[float]:
    """All values, in order."""
    if not isinstance(rows, list):
        return [rows]
    return [value for row in rows for value in flat(row)]
