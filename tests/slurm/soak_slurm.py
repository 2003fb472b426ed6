"""Slurm for longer than `make test` has time: limits, nodes that come and go, many runs."""

import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest
from tests.slurm.yard import CLUSTER, UNTIL_ENOUGH, SlurmYard

from azureml.core.runconfig import PyTorchConfiguration
from runyard_server.testing.slurm_cluster import SlurmCluster

RUNS = 200
COMPARED = 60


def test_the_time_limit_of_a_partition(yard: SlurmYard) -> None:
    """The agent ends a job before Slurm would: with the reason, and with what there was."""
    yard.cluster(1, size="short", name="brief")
    begun = time.monotonic()
    run = yard.submit(UNTIL_ENOUGH, "brief")
    yard.until_status(run, "Failed", 80)
    assert time.monotonic() - begun < 62
    assert "the time limit of 1 min in partition 'short' ended it" in yard.message(run)
    assert "outputs/begun" in run.get_file_names()


@pytest.fixture
def elastic(tmp_path: Path) -> Iterator[SlurmYard]:
    """A service on a Slurm whose nodes are all off."""
    with SlurmCluster(tmp_path / "slurm", 3, elastic_seconds=8) as cluster:
        made = SlurmYard(cluster, tmp_path)
        made.service.start()
        try:
            with made.client():
                made.cluster(3, "STANDARD_D4_V2")
                yield made
        finally:
            made.service.stop()


def test_nodes_come_and_go(elastic: SlurmYard) -> None:
    """From no node to two for a gang, which says that they are being started, and back to none."""
    yard, on = elastic, elastic.slurm.on
    assert on() == 0
    shape = PyTorchConfiguration(process_count=2)
    run = yard.submit("print('hello')", nodes=2, distributed_job_config=shape)
    yard.until_reason(run, "are being started", 60)
    yard.until_status(run, "Completed", 120)
    assert on() == 2
    yard.until(lambda: on() == 0, lambda: yard.slurm.ask("sinfo", "-N"), 90)


@pytest.fixture
def direct(slurm: SlurmCluster, tmp_path: Path) -> Iterator[SlurmYard]:
    """A service whose agents are started by an interpreter and not by somebody's wrapper of it."""
    made = SlurmYard(slurm, tmp_path, f'python = "{sys.executable}"\n')
    made.service.start()
    try:
        with made.client():
            made.cluster(12)
            yield made
    finally:
        made.service.stop()


def test_what_a_run_costs(
    direct: SlurmYard, record_testsuite_property: Callable[[str, object], None]
) -> None:
    """Beside what Slurm takes to start a job, a run takes 300 ms longer than on this machine.

    Slurm looks once a second, and runs in a row would fall into step with that: so it is met at any
    moment.
    """
    yard, moments = direct, Random(7)
    took, here, bare = [], [], []
    for _ in range(COMPARED):
        for target, seconds in ((CLUSTER, took), ("local", here)):
            time.sleep(moments.random())
            begun = time.monotonic()
            yard.submit("print('hello')", target).wait_for_completion()
            seconds.append(time.monotonic() - begun)
        time.sleep(moments.random())
        begun = time.monotonic()
        job = yard.slurm.ask("sbatch", "--parsable", "-o", f"{yard.folder}/%j", "--wrap", "date")
        while not (yard.folder / job).exists():
            time.sleep(0.005)
        bare.append(time.monotonic() - begun)
    slurm, local, alone = map(statistics.median, (took, here, bare))
    record_testsuite_property("medians", [slurm, local, alone])
    assert slurm < alone + local + 0.3


def test_many_runs_at_once(
    direct: SlurmYard, record_testsuite_property: Callable[[str, object], None]
) -> None:
    """Two hundred runs on twelve nodes all complete, each as one job of Slurm's."""
    begun = time.monotonic()
    runs = [direct.submit("print('hello')") for _ in range(RUNS)]
    for run in runs:
        direct.until_status(run, "Completed", 300)
    record_testsuite_property("seconds", time.monotonic() - begun)
    jobs = [int(direct.job(run)) for run in runs]
    assert len(set(jobs)) == RUNS
