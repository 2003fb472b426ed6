"""What every backend must do, on a real Ray of one node."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.ray.clusters import Cluster, until
from tests.ray.exchange import Exchange

from runyard_server.compute import registry
from runyard_server.compute.base import Backend, SiteContext
from runyard_server.testing.backend_contract import BackendContract


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A cluster of one machine."""
    with Cluster(cpus=8) as found:
        yield found


@pytest.fixture(scope="module")
def exchange() -> Iterator[Exchange]:
    """Where the drivers of all tests dial."""
    with Exchange().running() as found:
        yield found


@pytest.mark.slow(60)
class TestRayBackend(BackendContract):
    @pytest.fixture(autouse=True)
    def _on_ray(self, cluster: Cluster, exchange: Exchange) -> None:
        self.cluster, self.exchange = cluster, exchange

    def make_backend(self, context: SiteContext) -> Backend:
        # A name of its own: drivers of a test before must not serve this one.
        named = replace(context, name=f"site-{context.runs.parent.name}")
        folder = str(context.runs.parent / "nodes")
        options = {"address": self.cluster.address, "folder": folder, "share_nodes": True}
        backend = registry.make("ray", self.exchange.of(named), options)
        self.exchange.backends[named.name] = backend
        until(lambda: backend.capabilities().cpus > 1)
        return backend

    def clean_up(self, folder: Path) -> None:
        """End the agents; the driver hears that nobody wants it any more."""
        super().clean_up(folder)
        self.exchange.backends.pop(f"site-{folder.name}", None)
