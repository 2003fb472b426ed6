"""A real Slurm of three nodes on this machine, and a service whose default site it is."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.slurm.yard import SlurmYard

from runyard_server.testing.slurm_cluster import SlurmCluster

# Short, so that a node that is gone is noticed while somebody waits for it.
SETTINGS = ("SlurmdTimeout=5", "MessageTimeout=2")
SHORT = "PartitionName=short Nodes=n1 MaxTime=1 State=UP"


@pytest.fixture(scope="module")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SlurmCluster]:
    """Slurm, with a partition for short jobs beside its default one."""
    command = ["bash", str(Path(__file__).parents[2] / "tools/slurm.sh"), "--find"]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    if found.returncode:
        pytest.fail(f"NOTHING OF SLURM CAN BE TESTED: {found.stderr}", pytrace=False)
    folder = tmp_path_factory.mktemp("slurm")
    with SlurmCluster(folder, partitions=[SHORT], settings=SETTINGS) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def served(slurm: SlurmCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SlurmYard]:
    """A service on it that the tests of a file share."""
    made = SlurmYard(slurm, tmp_path_factory.mktemp("served"))
    made.service.start()
    with made.client():
        made.cluster()
    yield made
    made.service.stop()


@pytest.fixture
def yard(served: SlurmYard) -> Iterator[SlurmYard]:
    """The shared service, with all nodes idle before and after."""
    with served.client():
        yield served
    served.slurm.clear()
