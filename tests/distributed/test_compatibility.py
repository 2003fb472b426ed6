"""A script of 2019 on today's TensorFlow: what the interpreters of a job in compatibility mode do.

Here the mode is switched on in an environment that other tests have, too, with Keras 2 beside it;
what lock it has in earnest is in tests/environments. `make soak` hides Python 3.7 from a service of
its own, and compares with TensorFlow 1.13 (soak_frameworks).
"""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from azureml.train.dnn import TensorFlow
from runyard_server.environments import uv_program

pytestmark = [pytest.mark.slow(seconds=15), pytest.mark.tensorflow, pytest.mark.timeout(600)]

HERE = Path(__file__).parent
UTILS = HERE.parents[1] / "examples" / "tf-mnist" / "utils.py"
TOLD = "tensorflow==1.13.1 on tensorflow-cpu==2.21.0"


def keras_2(folder: Path) -> str:
    """Keras 2 in a folder of its own; the environment has Keras 3."""
    lock = str(HERE / "keras-2.txt")
    command = (uv_program.program(), "pip", "install", "--quiet", "--no-deps", "--require-hashes")
    subprocess.run([*command, "--target", str(folder), "-r", lock], check=True)
    return str(folder)


def test_a_script_of_2019_trains_on_todays_tensorflow(machine: Any, tmp_path: Path) -> None:
    """It learns as it did; what is gone for good is said by its name, with what to use instead."""
    source = tmp_path / "source"
    source.mkdir()
    for script in (HERE / "of_2019.py", HERE / "names_of_2019.py", UTILS):
        shutil.copy(script, source)
    mode = {"RUNYARD_COMPATIBILITY": TOLD, "TF_USE_LEGACY_KERAS": "1"}
    estimator = TensorFlow(
        str(source),
        entry_script="names_of_2019.py",
        script_params={"--data-folder": machine.data_folder, "--epochs": 1},
        compute_target="local",
        framework_version="2.21",
        environment_variables={**mode, "PYTHONPATH": keras_2(tmp_path / "keras-2")},
    )
    run = machine.completed(machine.submit(estimator))
    assert run.get_metrics()["final_acc"] > 0.88
    log = machine.log(run)
    assert log.count(f"compatibility mode: {TOLD}") == 1
    assert "by 2.21.0" in log
    (line,) = [line for line in log.splitlines() if line.startswith("found: ")]
    found = json.loads(line[len("found: ") :])
    contrib, slim, imported, estimator_gone, digits = found.pop("gone")
    assert found == {
        "eager": False,
        "in a graph": True,
        "rising": False,
        "first": 1,
        "width": 4,
        "keras": True,
        "types": [True, True, True],
    }
    assert contrib.startswith("AttributeError: tf.contrib.rnn.BasicLSTMCell is not in TensorFlow")
    assert "use tf.nn.rnn_cell.BasicLSTMCell, or have Python 3.7" in contrib
    assert slim.startswith("AttributeError: tf.contrib.slim.nothing is not in TensorFlow 2.21.0")
    assert imported.startswith("ImportError: tf.contrib.layers.xavier_initializer is not in")
    assert "use tf.glorot_uniform_initializer, or have" in imported
    assert estimator_gone.startswith("AttributeError: tf.estimator is not in TensorFlow 2.21.0")
    assert digits.startswith("FileNotFoundError: train-images-idx3-ubyte.gz, ")
