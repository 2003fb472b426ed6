"""What each launcher sets, the framework itself reads: TensorFlow, torch.distributed, mpi4py.

The whole of what is set is in tests/runtime/golden; here those for whom it is set have the word.
"""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

import runyard
from azureml.core import Environment, ScriptRunConfig
from azureml.core.conda_dependencies import CondaDependencies
from azureml.train.dnn import TensorFlow

pytestmark = [pytest.mark.slow(seconds=15), pytest.mark.timeout(600)]

SCRIPT = Path(__file__).with_name("what_is_read.py")
RANKS = {
    "torch": (runyard.Torch(node_count=2), ("torch==2.13.0", "numpy")),
    "mpi": (runyard.Mpi(node_count=2), ("tensorflow-cpu==2.21.0",)),
}


def read(machine: Any, run: Any) -> dict[str, Any]:
    """What each process has read, by its name."""
    machine.completed(run)
    found = {}
    for one in run.get_details()["ranks"]:
        name = one["name"]
        log = machine.log(run, name.replace("rank ", "").replace(" ", "_"))
        (line,) = [line for line in log.splitlines() if line.startswith("read: ")]
        found[name] = json.loads(line[len("read: ") :])
    return found


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("setting", "processes"),
    [
        (runyard.ParameterServer(1, 1, chief=True), ("chief 0", "worker 0", "ps 0")),
        (runyard.MultiWorker(1, evaluator=True), ("worker 0", "evaluator 0")),
    ],
)
def test_tensorflow_reads_its_cluster(machine, tmp_path, setting, processes):
    """TFConfigClusterResolver finds all others, its own part, and an evaluator outside."""
    shutil.copy(SCRIPT, tmp_path)
    estimator = TensorFlow(
        str(tmp_path),
        entry_script=SCRIPT.name,
        script_params={"tensorflow": ""},
        compute_target=machine.cluster(2),
        node_count=2,
        framework_version="2.21",
        distributed_training=setting,
    )
    told = read(machine, machine.submit(estimator))
    assert {name: one["task"] for name, one in told.items()} == {
        name: [name.split()[0], int(name.split()[1])] for name in processes
    }
    first = told[processes[0]]["cluster"]
    assert all(one["cluster"] == first for one in told.values())
    inside = [name for name in processes if not name.startswith("evaluator")]
    assert sorted(f"{kind} {i}" for kind in first for i in range(len(first[kind]))) == sorted(
        inside
    )
    assert len({place for places in first.values() for place in places}) == len(inside)


@pytest.mark.parametrize("framework", RANKS)
def test_ranks_find_each_other(machine, tmp_path, framework):
    """torch.distributed meets by its environment alone, mpi4py by mpirun's.

    DistributedDataParallel keeps what each rank has equal; how well it trains is for `make soak`.
    """
    shutil.copy(SCRIPT, tmp_path)
    setting, packages = RANKS[framework]
    environment = Environment("read")
    environment.python.conda_dependencies = CondaDependencies.create(
        python_version="3.11", pip_packages=list(packages)
    )
    config = ScriptRunConfig(
        str(tmp_path),
        script=SCRIPT.name,
        arguments=[framework],
        compute_target=machine.cluster(2),
        environment=environment,
        distributed_job_config=setting,
    )
    more = {"same": True} if framework == "torch" else {}
    assert read(machine, machine.submit(config)) == {
        f"rank {rank}": {"rank": rank, "everyone": [0, 1], **more} for rank in range(2)
    }
