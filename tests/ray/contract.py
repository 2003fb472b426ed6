"""What every backend must do, on a real Ray; whoever derives from it says on which."""

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.ray.clusters import PATIENCE_SECONDS, Cluster, until
from tests.ray.exchange import Exchange

from runyard.protocol.errors import TemporaryError
from runyard_server.compute.base import Backend, LaunchPlan, NodeGone, SiteContext
from runyard_server.compute.ray.backend import RayBackend
from runyard_server.testing.backend_contract import BackendContract


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


class RayContract(BackendContract):
    """The contract on the cluster and the exchange of the fixtures `cluster` and `exchange`."""

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
