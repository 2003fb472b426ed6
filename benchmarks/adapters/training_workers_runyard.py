"""Trains with two equal workers through a run, and by hand in the environment it was given.

By hand means: a loop that starts both processes, the interpreter of the environment, the same
files, arguments and numbers of threads, and a stub in the place of `azureml`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import stub
from ports import free_ports
from serve import serve

from azureml.core import Experiment, Workspace
from azureml.core.compute import AmlCompute, ComputeTarget
from azureml.core.runconfig import TensorflowConfiguration
from azureml.train.dnn import TensorFlow

HERE = Path(__file__).resolve().parent
EXAMPLES = HERE.parent.parent / "examples"
WORKERS, EPOCHS, IMAGES = 2, 2, 25_000

source = Path.cwd() / "source"
source.mkdir()
for file in ("script.py", "utils.py"):
    shutil.copy(EXAMPLES / "tf-multi-worker" / file, source)
shutil.copy(HERE / "timed_worker.py", source)
workspace = Workspace.from_config()
datastore = workspace.get_default_datastore()
mnist = EXAMPLES / "tf-mnist" / "data"
datastore.upload(str(mnist), "mnist", overwrite=True, show_progress=False)
size = AmlCompute.provisioning_configuration(vm_size="STANDARD_D2_V2", max_nodes=WORKERS)
cluster = ComputeTarget.create(workspace, "bench", size)
experiment = Experiment(workspace, "training")
told: dict[str, Any] = {}
plain = {k: v for k, v in os.environ.items() if not k.startswith(("RUNYARD_", "PYTHON"))}


def in_a_run() -> dict[str, float]:
    """Train through a run on two nodes."""
    estimator = TensorFlow(
        source_directory=str(source),
        entry_script="timed_worker.py",
        script_params={"--data-folder": datastore.as_mount(), "--epochs": EPOCHS},
        compute_target=cluster,
        node_count=WORKERS,
        distributed_training=TensorflowConfiguration(WORKERS, parameter_server_count=0),
        framework_version="2.21",
    )
    run = experiment.submit(estimator)
    run.wait_for_completion()
    run.download_file("outputs/timed.json", "timed.json")
    told.update(json.loads(Path("timed.json").read_text()))
    return _figures(told["seconds"], run.get_metrics()["final_acc"])


def by_hand() -> dict[str, float]:
    """Train by hand."""
    if not told:
        in_a_run()
    folder = Path.cwd() / "by-hand"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(source, folder)
    (folder / "outputs").mkdir()
    stub.put(folder)
    shutil.copytree(mnist, folder / "data" / "mnist")
    processes = [_start(folder, each) for each in _variables(folder)]
    said = [process.communicate()[1] for process in processes]
    if any(process.returncode for process in processes):
        raise RuntimeError(f"a worker failed: {said}")
    found = json.loads((folder / "outputs" / "timed.json").read_text())
    return _figures(found["seconds"], stub.metrics(folder)["final_acc"])


def _start(folder: Path, variables: dict[str, str]) -> subprocess.Popen[str]:
    command = [told["python"], "timed_worker.py", "--data-folder", str(folder / "data")]
    return subprocess.Popen(
        [*command, "--epochs", str(EPOCHS)],
        cwd=folder,
        env=variables,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def _variables(folder: Path) -> list[dict[str, str]]:
    cluster = {"worker": [f"127.0.0.1:{port}" for port in free_ports(WORKERS)]}
    tasks = [{"type": "worker", "index": index} for index in range(WORKERS)]
    shared = {**plain, **told["threads"], "PYTHONPATH": str(folder)}
    return [
        {**shared, "TF_CONFIG": json.dumps({"cluster": cluster, "task": task})} for task in tasks
    ]


def _figures(seconds: float, accuracy: Any) -> dict[str, float]:
    if accuracy < 0.9:
        raise RuntimeError(f"the accuracy is {accuracy}")
    return {"throughput": EPOCHS * IMAGES / seconds, "accuracy": float(accuracy)}


serve({"in_a_run": in_a_run, "by_hand": by_hand})
