"""A real Slurm of three nodes on this machine, and a service whose default site it is."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.slurm.yard import SlurmYard

from runyard_server.testing.slurm_cluster import SlurmCluster

SETTINGS = (
    # Short, so that a node that is gone is noticed while somebody waits for it. Not shorter: on a
    # busy machine a daemon takes seconds to answer, and what is lost is sent again after a minute,
    # for which jobs stay COMPLETING and hold their nodes.
    *("SlurmdTimeout=5", "MessageTimeout=5"),
    *("PreemptType=preempt/partition_prio", "PreemptMode=REQUEUE"),
    # Without cgroups this is what ends a job that takes more memory than it was given.
    *("JobAcctGatherFrequency=1", "JobAcctGatherParams=OverMemoryKill"),
)
PARTITIONS = (
    "PartitionName=short Nodes=n1 MaxTime=1 State=UP",
    "PartitionName=urgent Nodes=ALL PriorityTier=10 State=UP",
)
# A site of the same cluster whose jobs get little memory.
TIGHT = {"tight": 'sbatch_options = "--mem=150M"'}


@pytest.fixture(scope="session")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SlurmCluster]:
    """Slurm, with a partition for short jobs and one for urgent ones beside its default one."""
    command = ["bash", str(Path(__file__).parents[2] / "tools/slurm.sh"), "--find"]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    if found.returncode:
        pytest.fail(f"NOTHING OF SLURM CAN BE TESTED: {found.stderr}", pytrace=False)
    folder = tmp_path_factory.mktemp("slurm")
    with SlurmCluster(folder, partitions=PARTITIONS, settings=SETTINGS) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def served(slurm: SlurmCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SlurmYard]:
    """A service on it that all tests share."""
    made = SlurmYard(slurm, tmp_path_factory.mktemp("served"), beside=TIGHT)
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
