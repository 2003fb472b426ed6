"""What is built of runs works on Slurm, too: sweeps, endpoints, and nodes that share one folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.slurm.yard import CLUSTER, SlurmYard
from tests.work_on_sites import TRIAL, answered, sweep_of

from runyard_server.testing.slurm_cluster import SlurmCluster

pytestmark = pytest.mark.slow

SCORE = """
import os

def run(data):
    return [data, os.environ["SLURM_JOB_ID"]]
"""
BELOW = """
import os, sys
from azureml.core import Run
Run.get_context().log("seen", 1)
os.makedirs("outputs", exist_ok=True)
open("outputs/where", "w").write("\\n".join([os.getcwd(), sys.prefix]))
"""


def test_a_sweep(yard: SlurmYard) -> None:
    """Each trial of a sweep is a job of Slurm's, and the best is found."""
    sweep = yard.submit(TRIAL, wrap=sweep_of)
    yard.until_status(sweep, "Completed", 60)
    assert sweep.get_best_run_by_primary_metric().get_metrics()["loss"] == pytest.approx(0)
    assert sum(f"runyard-{sweep.id}_" in line for line in yard.jobs()) == 3


def test_an_endpoint(yard: SlurmYard) -> None:
    """An endpoint's replica is a job of Slurm's, and answers through the gateway."""
    with answered(yard.folder, CLUSTER, SCORE) as (number, job):
        assert number == "7"
        assert f"{job} RUNNING" in "\n".join(yard.jobs())
    yard.slurm.until_idle()


@pytest.fixture
def apart(slurm: SlurmCluster, tmp_path: Path) -> Iterator[SlurmYard]:
    """A service whose state folder no node sees, with a folder that all of them do."""
    made = SlurmYard(slurm, tmp_path, f'shared_folder = "{tmp_path}/shared"\n')
    made.service.start()
    try:
        with made.client():
            made.cluster()
            yield made
    finally:
        made.service.stop()


def test_a_folder_that_all_share(apart: SlurmYard, tmp_path: Path) -> None:
    """Contents come over HTTP, the node makes the environment there, and no run folder is left."""
    from azureml.core import Environment

    run = apart.submit(BELOW, environment=Environment("plain"))
    apart.until_status(run, "Completed", 120)
    assert run.get_metrics() == {"seen": 1}
    run.download_file("outputs/where", str(tmp_path / "where"))
    work, prefix = (tmp_path / "where").read_text().splitlines()
    assert work == str(tmp_path / "shared" / "runs" / run.id / "work")
    assert prefix.startswith(str(tmp_path / "shared" / "environments"))
    # A job of Slurm's that has ended may take minutes to be told so on a busy machine.
    apart.until(lambda: not Path(work).parent.exists(), lambda: "its folder is left", 150)
    broken = apart.submit("import os; os.kill(os.getppid(), 9)")
    apart.until_status(broken, "Failed")
    left = tmp_path / "shared" / "runs" / broken.id
    apart.until(lambda: not left.exists(), lambda: list(left.rglob("*")))
