"""A real Ray: what every backend must do, and runs on a cluster that grows for them from nothing.

One cluster and one service serve all tests of this file, for each takes seconds to come up.
"""

import json
import os
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
from tests.ray.clusters import Cluster, until
from tests.ray.contract import RayContract
from tests.ray.yard import WHERE, RayYard
from tests.work_on_sites import TRIAL, answered, sweep_of

from runyard.protocol.errors import TemporaryError
from runyard_server.compute.ray.api import Api
from runyard_server.compute.ray.catalog import Catalog
from runyard_server.core.tokens import run_token, site_token
from runyard_server.store.home import Home
from runyard_server.testing.clocks import of_an_idle_machine

NAME, STAYS = "growing", 3600
TELL = (
    WHERE
    + """
from azureml.core import Run
Run.get_context().log("machine", machine())
"""
)
SCORE = WHERE + "def run(data): return [data, machine()]"
WAIT = """
import os, time
with open(os.environ["STARTS"], "a") as file:
    file.write("%d\\n" % os.getpid())
while not os.path.exists(os.environ["STARTS"] + ".end"):
    time.sleep(0.05)
"""

pytestmark = pytest.mark.slow(seconds=6)


class TestRayBackend(RayContract):
    """On the head, beside the runs of the service."""

    def options(self, folder: Path) -> Mapping[str, Any]:
        """With the one kind of nodes that is used here, so that no job looks for others."""
        return {**super().options(folder), "node_types": "head: CPU=8 max=1"}


def test_without_its_token_a_cluster_tells_nothing(cluster: Cluster) -> None:
    """Whoever forgot the token reads what is missing, and where to write it."""
    with pytest.raises(TemporaryError, match="token_file"):
        Api(cluster.address).job("any")


def test_a_size_that_no_machine_can_have_is_refused(yard: RayYard) -> None:
    """Whoever asks for what no node type holds hears so at once, and which types there are."""
    until(lambda: [site.cpus for site in yard.sites() if site.name == "ray"] == [4])
    with pytest.raises(Exception, match=r"STANDARD_D4_V2.*small \(2 CPUs, at most 3\)"):
        yard.target("huge", "STANDARD_D4_V2")
    with pytest.raises(Exception, match=r"5 nodes.*4"):
        yard.target("many", max_nodes=5)


@dataclass(frozen=True)
class Grown:
    """The first run on the cluster, and what was seen of it."""

    run: Any
    reasons: set[str]
    nodes: int
    machines: int


@pytest.fixture(scope="module")
def grown(yard: RayYard) -> Grown:
    """A gang of two on a cluster that had no machine; its nodes stay for the other tests."""
    from azureml.core.runconfig import TensorflowConfiguration

    assert yard.machines() == 0
    target = yard.target(NAME, max_nodes=3, idle_seconds_before_scaledown=STAYS)
    assert target.get_status().current_node_count == 0
    two = TensorflowConfiguration(worker_count=2, parameter_server_count=0)
    run = yard.submit(target, TELL, nodes=2, distributed_job_config=two)
    reasons = yard.wait(run)
    return Grown(run, reasons, target.get_status().current_node_count, yard.machines())


def test_a_gang_gets_machines_of_its_own(grown: Grown) -> None:
    """From nothing the cluster grows by two at once, and each process has its own machine."""
    assert grown.run.get_status() == "Completed", grown.run.get_details()
    assert len(set(grown.run.get_metrics()["machine"])) == 2
    told = grown.reasons
    assert any("Ray has no room yet for 2 nodes of 2 CPUs" in each for each in told), told
    assert any("the cluster's limit is 4" in each for each in told), told
    assert grown.nodes == grown.machines == 2


@pytest.mark.usefixtures("grown")
def test_a_run_outlives_the_service(yard: RayYard, tmp_path: Path) -> None:
    """A service that was killed finds the run again, and nothing is started twice."""
    starts = tmp_path / "starts"
    run = yard.submit(NAME, WAIT, variables={"STARTS": str(starts)})
    yard.begin(run, starts)
    yard.service.kill()
    yard.service.start()
    time.sleep(1)
    Path(f"{starts}.end").touch()
    yard.wait(run)
    assert run.get_status() == "Completed", run.get_details()
    assert len(starts.read_text().splitlines()) == 1


@pytest.mark.usefixtures("grown")
def test_a_machine_that_is_lost_costs_an_attempt(yard: RayYard, tmp_path: Path) -> None:
    """The run begins anew on another machine within half a minute, and says why."""
    starts = tmp_path / "starts"
    run = yard.submit(NAME, WAIT, variables={"STARTS": str(starts)}, retries=1)
    yard.begin(run, starts)
    begun = time.monotonic()
    _lose_machine_of(int(starts.read_text().split()[0]))
    until(lambda: len(starts.read_text().splitlines()) == 2)
    assert time.monotonic() - begun < of_an_idle_machine(30)
    Path(f"{starts}.end").touch()
    yard.wait(run)
    assert run.get_status() == "Completed", run.get_details()


@pytest.mark.usefixtures("grown")
def test_a_sweep(yard: RayYard) -> None:
    """The trials of a sweep are runs on its nodes, and the best is found."""
    sweep = yard.submit(NAME, TRIAL, wrap=sweep_of)
    yard.wait(sweep)
    assert sweep.get_status() == "Completed", sweep.get_details()
    assert sweep.get_best_run_by_primary_metric().get_metrics()["loss"] == pytest.approx(0)


@pytest.mark.usefixtures("grown")
def test_an_endpoint(yard: RayYard) -> None:
    """The replica of an endpoint is on one of its machines, and answers through the gateway."""
    with answered(yard.folder, NAME, SCORE) as (number, machine):
        assert number == "7"
        assert machine in {each.pid for each in psutil.process_iter() if "raylet" in each.name()}


@pytest.mark.usefixtures("grown")
def test_a_machine_that_cannot_be_started_is_told(yard: RayYard) -> None:
    """The run waits with the cloud's own words, and begins when there are machines again."""
    yard.cluster.refuse("rare")
    run = yard.submit(yard.target("rare", "STANDARD_D3_V2", max_nodes=1), "print('here')")
    until(lambda: "InsufficientInstanceCapacity" in yard.reason(run))
    told = yard.reason(run)
    assert "Ray has no room yet for 1 node of 4 CPUs; the autoscaler could not start rare" in told
    assert run.get_status() == "Queued"
    yard.cluster.refuse()
    yard.wait(run)
    assert run.get_status() == "Completed", run.get_details()


@pytest.mark.usefixtures("grown")
def test_a_cluster_at_its_limit_says_so(yard: RayYard) -> None:
    """Whoever waits for machines that others have is not told that more of them come."""
    api = Api(yard.cluster.address, yard.cluster.token_file)
    catalog = Catalog(api, "small: CPU=2 max=2; large: CPU=8 max=3")
    catalog.refresh()
    size = {"cpus": 2, "gpus": 0, "memory_gb": 0}
    assert "the cluster's limit is 5" in catalog.waits(1, size, {}, 0)
    assert "nothing is being started" in catalog.waits(1, size, {}, 60)
    # One of two may have been lost, and its job have gone on beside the other's nodes.
    there = yard.machines()
    full = Catalog(api, f"small: CPU=2 max={there}")
    full.refresh()
    assert f"the cluster is at its limit of {there}" in full.waits(1, size, {}, 60)


@pytest.mark.usefixtures("grown")
def test_ray_is_told_no_secret(yard: RayYard) -> None:
    """Neither a run's token nor the site's is in what Ray shows of jobs, or in its logs."""
    from azureml.core import Workspace

    secret = Home(yard.service.home).secret()
    workspace = Workspace.from_config()
    tokens = [
        run_token(secret, "default", run.id).rpartition(".")[2]
        for experiment in workspace.experiments.values()
        for run in experiment.get_runs()
    ]
    tokens += [site_token(secret, "ray"), yard.service.token]
    assert len(tokens) >= 3
    shown = json.dumps(yard.cluster.ask("/api/jobs/"))
    shown += json.dumps(yard.cluster.ask("/api/v0/actors?detail=true"))
    logs = [path for path in (yard.cluster.folder).rglob("logs/**/*") if path.is_file()]
    text = shown + "".join(path.read_text("utf-8", "replace") for path in logs)
    assert f"the driver of default/{NAME}" in text
    assert not [token for token in tokens if token in text]


@pytest.mark.usefixtures("grown")
def test_it_shrinks_when_nobody_needs_it(yard: RayYard) -> None:
    """Nodes that are idle for as long as the cluster says are given back, and Ray ends them."""
    from azureml.core import Workspace

    target = Workspace.from_config().compute_targets[NAME]
    target.update(idle_seconds_before_scaledown=1)
    until(lambda: yard.machines() == 0)
    assert target.get_status().current_node_count == 0
    target.update(idle_seconds_before_scaledown=STAYS)


def _lose_machine_of(pid: int) -> None:
    """Have the machine of a process fail: all that is on it ends at once."""
    family = [each for each in psutil.Process(pid).parents() if "raylet" in each.name()]
    raylet = family[0]
    for each in [*raylet.children(recursive=True), raylet, psutil.Process(pid)]:
        if each.is_running():
            os.kill(each.pid, signal.SIGKILL)
