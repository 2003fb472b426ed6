"""Launches processes through the v1 names on a cluster of a service of its own.

argv: the interpreter of the processes, then `tf`, `mpi`, or `torch`; then, for a cluster elsewhere,
the settings of its site.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from pathlib import Path
from typing import Any

from serve import serve
from site_cluster import cluster_on

from azureml.core import Experiment, ScriptRunConfig, Workspace
from azureml.core.compute import AmlCompute, ComputeTarget
from azureml.core.runconfig import (
    MpiConfiguration,
    PyTorchConfiguration,
    RunConfiguration,
    TensorflowConfiguration,
)

HERE = Path(__file__).resolve().parent
NODES = 8
interpreter, convention, *site = sys.argv[1:]
script = f"meet_{convention}.py"
source = Path.cwd() / "source"
source.mkdir()
shutil.copy(HERE / script, source)
if site:
    cluster = cluster_on(json.loads(site[0]))
    workspace = Workspace.from_config()
else:
    workspace = Workspace.from_config()
    size = AmlCompute.provisioning_configuration(vm_size="STANDARD_D14_V2", max_nodes=NODES)
    cluster = ComputeTarget.create(workspace, "bench", size)
experiment = Experiment(workspace, "launch")


def configuration(count: int, nodes: int) -> RunConfiguration:
    """The settings of a launch."""
    config = RunConfiguration()
    config.target = cluster
    config.node_count = nodes
    config.environment.python.user_managed_dependencies = True
    config.environment.python.interpreter_path = interpreter
    config.framework, config.communicator = {
        "tf": ("TensorFlow", "ParameterServer"),
        "mpi": ("Python", "OpenMpi"),
        "torch": ("PyTorch", "Gloo"),
    }[convention]
    config.tensorflow = TensorflowConfiguration(worker_count=count, parameter_server_count=0)
    config.mpi = MpiConfiguration(process_count_per_node=count // nodes)
    config.pytorch = PyTorchConfiguration("Gloo", process_count=count)
    return config


def launch(folder: str, count: int, nodes: int, more: list[str]) -> dict[str, Any]:
    """Launch `count` processes on `nodes` nodes; the driver finds their marks in `folder`."""
    if convention == "torch":
        more = more or ["store"]
    config = ScriptRunConfig(
        source_directory=str(source),
        script=script,
        arguments=[folder, *more],
        run_config=configuration(count, nodes),
    )
    begun = time.time()
    run = experiment.submit(config)
    run.wait_for_completion(raise_on_error=False)
    ended = time.time()
    if run.get_status() != "Completed":
        raise RuntimeError(f"{run.id} is {run.get_status()}: {run.get_details().get('error')}")
    logs = [name for name in run.get_file_names() if "70_driver_log" in name]
    if len(logs) != count:
        raise RuntimeError(f"{run.id} has {len(logs)} logs of {count} processes: {logs}")
    return {"begun": begun, "ended": ended}


serve({"launch": launch})
