"""What every backend must do, on a real Ray of one node that wants to be shown its token."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.ray.clusters import PATIENCE_SECONDS, Cluster, until
from tests.ray.exchange import Exchange

from runyard.protocol.errors import TemporaryError
from runyard_server.compute.base import Backend, LaunchPlan, Need, NodeGone, SiteContext
from runyard_server.compute.ray.api import Api
from runyard_server.compute.ray.backend import RayBackend
from runyard_server.testing.backend_contract import BackendContract, job_named

TOKEN = "a-token-of-the-cluster-that-is-long-enough"
SMALL = job_named().size


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A cluster of one machine."""
    with Cluster(cpus=8, token=TOKEN) as found:
        yield found


@pytest.fixture(scope="module")
def exchange() -> Iterator[Exchange]:
    """Where the drivers of all tests dial."""
    with Exchange().running() as found:
        yield found


class Patient(RayBackend):
    """Launches as the scheduler does: again and again, while a driver and nodes come up.

    One driver serves all tests, for each takes seconds to come up: so runs have names of their own.
    """

    test = ""

    def launch(self, plan: LaunchPlan) -> str:
        """Start the agent, after some tries."""
        plan = replace(plan, run=f"{plan.run}_{self.test}")
        end = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return super().launch(plan)
            except NodeGone:
                raise
            except TemporaryError:
                if time.monotonic() > end:
                    raise


@pytest.mark.slow(seconds=3)
class TestRayBackend(BackendContract):
    @pytest.fixture(autouse=True)
    def _on_ray(self, cluster: Cluster, exchange: Exchange) -> None:
        self.cluster, self.exchange = cluster, exchange

    def options(self, folder: Path) -> Mapping[str, Any]:
        """The site's options; several nodes of ours are on the one that there is."""
        found = {"address": self.cluster.address, "folder": str(folder), "share_nodes": True}
        if self.cluster.token:
            found["token_file"] = str(self.cluster.token_file)
        return found

    def make_backend(self, context: SiteContext) -> Backend:
        folder = context.runs.parent
        same = replace(self.exchange.of(context), name="site", runs=self.cluster.folder)
        backend = Patient(same, **self.options(folder / "nodes"))
        backend.test = folder.name
        self.exchange.backend = backend
        until(lambda: backend.capabilities().max_nodes)
        return backend

    def test_a_size_too_large_is_refused_with_what_there_is(self, tmp_path: Path) -> None:
        """Where nothing starts nodes, those that are there are all that can be had."""
        with self.bench(tmp_path) as (backend, _):
            refusal = backend.could_run(Need(1, replace(SMALL, cpus=9))).refusal
            assert "8 CPUs" in refusal


def test_without_its_token_a_cluster_tells_nothing(cluster: Cluster) -> None:
    """Whoever forgot the token reads what is missing, and where to write it."""
    with pytest.raises(TemporaryError, match="token_file"):
        Api(cluster.address).job("any")
