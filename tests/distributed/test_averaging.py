"""runyard.distributed between real MPI ranks, with NumPy alone."""

import shutil
from pathlib import Path

import pytest

from azureml.core.runconfig import MpiConfiguration
from azureml.train.estimator import Estimator

SCRIPT = Path(__file__).with_name("ranks_of_numpy.py")


@pytest.fixture
def ranks(machine, tmp_path):
    """Run the script on two nodes, one rank each."""
    shutil.copy(SCRIPT, tmp_path)

    def run(arguments=()):
        return machine.submit(
            Estimator(
                source_directory=str(tmp_path),
                entry_script=SCRIPT.name,
                script_params=dict.fromkeys(arguments, ""),
                pip_packages=["numpy"],
                compute_target=machine.cluster(2),
                node_count=2,
                distributed_training=MpiConfiguration(),
            )
        )

    return run


@pytest.mark.slow
def test_two_ranks_reduce_gather_average_and_start_alike(machine, ranks):
    """Every collective gives both ranks the right answer, in the type that was given."""
    run = machine.completed(ranks())
    assert [f"rank {rank} agrees" in machine.log(run, str(rank)) for rank in (0, 1)] == [True] * 2


@pytest.mark.slow
def test_a_rank_that_leaves_ends_the_run(machine, ranks):
    """The other waits for its numbers, and would wait for ever; the run names who left."""
    run = ranks(["fail"])
    run.wait_for_completion(raise_on_error=False)
    assert run.get_status() == "Failed"
    assert "rank 1" in str(run.get_details()["error"]), run.get_details()["error"]
