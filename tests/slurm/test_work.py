"""What is built of runs works on Slurm, too: sweeps, endpoints, and nodes that share one folder."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.slurm.yard import CLUSTER, SlurmYard

from runyard_server.testing.serving import ask
from runyard_server.testing.slurm_cluster import SlurmCluster

pytestmark = pytest.mark.slow

TRIAL = """
import argparse
from azureml.core import Run
parser = argparse.ArgumentParser()
parser.add_argument("--rate", type=float)
rate = parser.parse_args().rate
Run.get_context().log("loss", (rate - 0.3) ** 2)
"""
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
    from azureml.train.hyperdrive import (
        GridParameterSampling,
        HyperDriveConfig,
        PrimaryMetricGoal,
        choice,
    )

    sampling = GridParameterSampling({"--rate": choice(0.1, 0.3, 0.5)})
    sweep = yard.submit(
        TRIAL,
        wrap=lambda config: HyperDriveConfig(
            hyperparameter_sampling=sampling,
            primary_metric_name="loss",
            primary_metric_goal=PrimaryMetricGoal.MINIMIZE,
            max_total_runs=3,
            max_concurrent_runs=3,
            run_config=config,
        ),
    )
    yard.until_status(sweep, "Completed", 60)
    assert sweep.get_best_run_by_primary_metric().get_metrics()["loss"] == pytest.approx(0)
    assert sum(f"runyard-{sweep.id}_" in line for line in yard.jobs()) == 3


def test_an_endpoint(yard: SlurmYard) -> None:
    """An endpoint's replica is a job of Slurm's, and answers through the gateway."""
    from runyard import Endpoint, Environment, Workspace

    environment = Environment("plain")
    environment.python.user_managed_dependencies = True
    environment.python.interpreter_path = sys.executable
    score = yard.folder / "score" / "score.py"
    score.parent.mkdir()
    score.write_text(SCORE)
    given = {"script": str(score), "environment": environment, "target": CLUSTER}
    made = Endpoint.deploy(Workspace.from_config(), "served", **given)
    try:
        made.wait(timeout=60)
        port, key = int(made.address.rpartition(":")[2]), made.keys()[0]
        answer = ask(port, body="7", key=key)
        assert answer.status == 200, answer
        number, job = json.loads(answer.body)
        assert number == "7"
        assert f"{job} RUNNING" in "\n".join(yard.jobs())
    finally:
        # The gateway and the replica would outlive the service.
        made.delete()
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
    apart.until(lambda: not Path(work).parent.exists(), lambda: "its folder is left")
    broken = apart.submit("import os; os.kill(os.getppid(), 9)")
    apart.until_status(broken, "Failed")
    left = tmp_path / "shared" / "runs" / broken.id
    apart.until(lambda: not left.exists(), lambda: list(left.rglob("*")))
