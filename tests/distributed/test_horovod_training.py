"""Horovod on real TensorFlow: as right as one process.

The script compares the weights of its processes itself, and ends with an error where they differ.
HOROVOD_ON says on which TensorFlow: by default the oldest, of 2019's scripts; `make soak` takes
2.21, the newest, and 2.21-gloo, the newest without MPI. Horovod compiles for some minutes for each.
With BESIDE_ONE, as in `make soak`, one process is trained, too, and both reach the same.
"""

import os
from pathlib import Path
from typing import Any

import pytest

from azureml.core.runconfig import MpiConfiguration
from azureml.train.dnn import TensorFlow
from runyard import Mpi

pytestmark = [
    pytest.mark.slow(seconds=120),
    pytest.mark.tensorflow,
    pytest.mark.python37,
    pytest.mark.timeout(1200),
]

EXAMPLE = Path(__file__).parents[2] / "examples" / "tf-horovod"
PAIRS = {
    "1.13": "TensorFlow 1.13.1, Horovod 0.16.4",
    "2.21": "TensorFlow 2.21.0, Horovod 0.28.1",
    "2.21-gloo": "TensorFlow 2.21.0, Horovod 0.28.1",
}
# An environment of its own: another test removes one of these to have it made again.
BESIDE = ["colorama==0.4.6"]
BESIDE_ONE = bool(os.environ.get("BESIDE_ONE"))
# Two epochs show that they learn together; how well is what `make soak` compares.
EPOCHS, GOOD_ENOUGH = (4, 0.94) if BESIDE_ONE else (2, 0.85)
NEAR = 0.01


def trained(machine: Any, version: str, nodes: int) -> Any:
    """Run the example with one process per node to its end."""
    gloo = version.endswith("-gloo")
    estimator = TensorFlow(
        source_directory=str(EXAMPLE),
        entry_script="script.py",
        script_params={"--data-folder": machine.data_folder, "--epochs": EPOCHS},
        compute_target=machine.cluster(nodes),
        node_count=nodes,
        process_count_per_node=1,
        distributed_training=Mpi(backend="gloo") if gloo else MpiConfiguration(),
        framework_version=version.partition("-")[0],
        pip_packages=BESIDE,
    )
    return machine.completed(machine.submit(estimator, "tf-horovod"))


@pytest.mark.parametrize("version", os.environ.get("HOROVOD_ON", "1.13").split(","))
def test_two_ranks_reach_what_one_process_reaches(machine, version):
    """Equal weights on both ranks, the accuracy of one process, metrics and model from rank 0."""
    run = trained(machine, version, 2)
    assert machine.ranks(run) == {"rank 0": "completed", "rank 1": "completed"}
    metrics, accuracy = run.get_metrics(), run.get_metrics()["final_acc"]
    assert accuracy > GOOD_ENOUGH
    assert len(metrics["validation_acc"]) == EPOCHS
    for rank in ("0", "1"):
        log = machine.log(run, rank)
        assert f"{PAIRS[version]}: rank {rank} of 2" in log
        assert "the weights are equal on 2 processes" in log
        assert ("model saved" in log) == (rank == "0")
    assert "outputs/model/mnist-tf.model.index" in run.get_file_names()
    if BESIDE_ONE:
        alone = trained(machine, version, 1)
        assert accuracy == pytest.approx(alone.get_metrics()["final_acc"], abs=NEAR)
        assert "the weights are equal on 1 processes" in machine.logs(alone)
