"""Keras with MPI and PyTorch with DistributedDataParallel: as right as one process.

Weights are compared by the scripts themselves, which end with an error where they differ. With
BESIDE_ONE, as in `make soak`, the examples are run with two ranks on two nodes, what they reach is
compared with one process, and Keras is asked all that there is to ask.
"""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from azureml.core import Environment, ScriptRunConfig
from azureml.core.conda_dependencies import CondaDependencies
from azureml.core.runconfig import MpiConfiguration, PyTorchConfiguration

pytestmark = [pytest.mark.slow(seconds=60), pytest.mark.timeout(600)]

EXAMPLES = Path(__file__).parents[2] / "examples"
CHECKS = Path(__file__).with_name("ranks_of_keras.py")
PACKAGES = {"keras-mpi": ("tensorflow-cpu==2.21.0",), "torch-ddp": ("torch==2.13.0", "numpy")}
BESIDE_ONE = bool(os.environ.get("BESIDE_ONE"))
EPOCHS, GOOD_ENOUGH = 3, 0.94
# Two trainings of three epochs ended 0.011 apart, by chance alone.
NEAR = 0.02


def environment(example: str) -> Any:
    """The environment of an example's submit.py."""
    found = Environment(example)
    found.python.conda_dependencies = CondaDependencies.create(
        python_version="3.11", pip_packages=list(PACKAGES[example])
    )
    # On a busy machine two threads wait for each other most of the time: 46 s of processors for
    # one process of PyTorch, where one thread takes 10.
    found.environment_variables = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    return found


def trained(machine: Any, example: str, nodes: int) -> Any:
    """Run an example with one process per node to its end."""
    kinds = {
        "keras-mpi": MpiConfiguration(1, nodes),
        "torch-ddp": PyTorchConfiguration("Gloo", nodes, nodes),
    }
    config = ScriptRunConfig(
        source_directory=str(EXAMPLES / example),
        script="script.py",
        arguments=["--data-folder", machine.data_folder, "--epochs", EPOCHS],
        compute_target=machine.cluster(nodes),
        environment=environment(example),
        distributed_job_config=kinds[example],
    )
    return machine.completed(machine.submit(config, example))


if BESIDE_ONE:
    # That of PyTorch takes 32 s of processors. In `make test` its ranks take one step together
    # (test_frameworks_read), and what the example of Keras does is followed in its page.

    @pytest.mark.parametrize(
        "example", [pytest.param("keras-mpi", marks=pytest.mark.tensorflow), "torch-ddp"]
    )
    def test_two_ranks_reach_what_one_process_reaches(machine, example):
        """Equal weights on both ranks, the accuracy of one process, metrics and model of rank 0."""
        run = trained(machine, example, 2)
        assert machine.ranks(run) == {"rank 0": "completed", "rank 1": "completed"}
        metrics, accuracy = run.get_metrics(), run.get_metrics()["final_acc"]
        assert accuracy > GOOD_ENOUGH
        assert len(metrics["validation_acc"]) == EPOCHS
        for rank in ("0", "1"):
            log = machine.log(run, rank)
            assert f"rank {rank} of 2" in log
            assert "the weights are equal on 2 processes" in log
            assert ("model saved" in log) == (rank == "0")
        assert any(name.startswith("outputs/model/mnist.") for name in run.get_file_names())
        alone = trained(machine, example, 1)
        assert accuracy == pytest.approx(alone.get_metrics()["final_acc"], abs=NEAR)
        assert "the weights are equal on 1 processes" in machine.logs(alone)


@pytest.mark.tensorflow
def test_averaging_in_keras_is_what_one_process_does(machine, tmp_path):
    """An optimizer, tapes, datasets and sessions, on two ranks, and what would hang is refused.

    In `make soak` sparse gradients, half precision, saving and different starts, too.
    """
    shutil.copy(CHECKS, tmp_path)
    config = ScriptRunConfig(
        source_directory=str(tmp_path),
        script=CHECKS.name,
        arguments=["everything"] if BESIDE_ONE else [],
        compute_target=machine.cluster(2),
        environment=environment("keras-mpi"),
        distributed_job_config=MpiConfiguration(1, 2),
    )
    run = machine.completed(machine.submit(config))
    assert [f"rank {rank} agrees" in machine.log(run, str(rank)) for rank in (0, 1)] == [True] * 2
