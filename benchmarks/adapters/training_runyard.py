"""Trains through a run, and by hand in the environment that the run was given.

By hand means: the interpreter of the environment, the same files and arguments, and a stub in
the place of `azureml` that keeps the metrics and sends nothing.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import stub
from serve import serve

from azureml.core import Experiment, Workspace
from azureml.core.compute import AmlCompute, ComputeTarget
from azureml.train.dnn import TensorFlow

HERE = Path(__file__).resolve().parent
EXAMPLE = HERE.parent.parent / "examples" / "tf-mnist"
EPOCHS, IMAGES = 6, 25_000
PARAMETERS = {
    "--batch-size": 50,
    "--first-layer-neurons": 300,
    "--second-layer-neurons": 100,
    "--learning-rate": 0.01,
    "--epochs": EPOCHS,
}

source = Path.cwd() / "source"
source.mkdir()
for file in (EXAMPLE / "tf_mnist.py", EXAMPLE / "utils.py", HERE / "timed.py"):
    shutil.copy(file, source)
workspace = Workspace.from_config()
datastore = workspace.get_default_datastore()
datastore.upload(str(EXAMPLE / "data"), "mnist", overwrite=True, show_progress=False)
size = AmlCompute.provisioning_configuration(vm_size="STANDARD_D2_V2", max_nodes=1)
cluster = ComputeTarget.create(workspace, "bench", size)
experiment = Experiment(workspace, "training")
interpreter = []
plain = {k: v for k, v in os.environ.items() if not k.startswith(("RUNYARD_", "PYTHON"))}


def in_a_run() -> dict[str, float]:
    """Train through a run."""
    estimator = TensorFlow(
        source_directory=str(source),
        entry_script="timed.py",
        script_params={"--data-folder": datastore.as_mount(), **PARAMETERS},
        compute_target=cluster,
        framework_version="2.21",
    )
    run = experiment.submit(estimator)
    run.wait_for_completion()
    run.download_file("outputs/timed.json", "timed.json")
    found = json.loads(Path("timed.json").read_text())
    interpreter[:] = [found["python"]]
    return _figures(found["seconds"], run.get_metrics()["final_acc"])


def by_hand() -> dict[str, float]:
    """Train by hand."""
    if not interpreter:
        in_a_run()
    folder = Path.cwd() / "by-hand"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(source, folder)
    (folder / "outputs").mkdir()
    stub.put(folder)
    data = folder / "data"
    shutil.copytree(EXAMPLE / "data", data / "mnist")
    words = [str(word) for pair in PARAMETERS.items() for word in pair]
    command = [interpreter[0], "timed.py", "--data-folder", str(data), *words]
    subprocess.run(command, cwd=folder, env=_variables(folder), check=True, capture_output=True)
    found = json.loads((folder / "outputs" / "timed.json").read_text())
    return _figures(found["seconds"], stub.metrics(folder)["final_acc"])


def _variables(folder: Path) -> dict[str, str]:
    return {**plain, "PYTHONPATH": str(folder)}


def _figures(seconds: float, accuracy: Any) -> dict[str, float]:
    if accuracy < 0.9:
        raise RuntimeError(f"the accuracy is {accuracy}")
    return {"throughput": EPOCHS * IMAGES / seconds, "accuracy": float(accuracy)}


serve({"in_a_run": in_a_run, "by_hand": by_hand})
