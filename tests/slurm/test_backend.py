"""Slurm as a backend: the contract of all backends, on a real Slurm."""

from dataclasses import replace
from pathlib import Path

import pytest

from runyard.protocol.sizes import VmSize
from runyard_server.compute import registry
from runyard_server.compute.base import Backend, Need, SiteContext
from runyard_server.testing.backend_contract import BackendContract, context_in, job_named
from runyard_server.testing.slurm_cluster import SlurmCluster


def test_time_limits_are_planned(slurm: SlurmCluster, tmp_path: Path) -> None:
    """The shorter of the run's limit and the partition's is asked for; the agent's comes before."""
    made = registry.make("slurm", context_in(tmp_path), {"conf": str(slurm.conf)})
    job = job_named()
    free = made.plan(replace(job, size=VmSize("STANDARD_D2_V2", 2, 7)))
    assert free.job.limit_seconds == 0
    assert "--time" not in str(free)
    short = made.plan(replace(job, size=VmSize("short", 1, 0)))
    assert (short.job.limit_seconds, short.job.limit_of) == (
        54,
        "the time limit of 1 min in partition 'short'",
    )
    assert "'--time=1'" in str(short)
    own = made.plan(replace(job, spec=replace(job.spec, max_duration_seconds=3600)))
    assert "'--time=70'" in str(own)
    made.close()


class TestSlurmBackend(BackendContract):
    @pytest.fixture(autouse=True)
    def on(self, slurm: SlurmCluster) -> None:
        """The cluster that the backends of these tests speak to."""
        self.slurm = slurm

    def make_backend(self, context: SiteContext) -> Backend:
        made = registry.make("slurm", context, {"conf": str(self.slurm.conf)})
        # The first answer tells what there is, and waits until that is known.
        made.could_run(Need())
        return made

    def clean_up(self, folder: Path) -> None:
        super().clean_up(folder)
        self.slurm.clear()
