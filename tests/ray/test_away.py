"""A head that is not there, or does not let us in: runs wait, and say for what."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.ray.clusters import Cluster, until
from tests.ray.yard import RayYard

from runyard.protocol.errors import InvalidRequest
from runyard.protocol.sizes import VmSize
from runyard_server.compute import registry
from runyard_server.compute.base import Need
from runyard_server.compute.ray.api import Api
from runyard_server.compute.ray.catalog import Catalog
from runyard_server.testing.backend_contract import context_in
from runyard_server.testing.programs import free_port
from runyard_server.testing.services import running_service


@pytest.fixture
def yard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RayYard]:
    """A service whose Ray cluster is down."""
    home = tmp_path / "home"
    address = f"http://127.0.0.1:{free_port()}"
    with running_service(home, "--site", f"ray={address}") as service:
        monkeypatch.setenv("RUNYARD_HOME", str(home))
        monkeypatch.delenv("RUNYARD_URL", raising=False)
        yield RayYard(Cluster.__new__(Cluster), service, tmp_path)


def test_a_run_waits_for_a_head_that_is_down(yard: RayYard) -> None:
    """Whoever submits sees no error: the run is queued, says what it waits for, and can go."""
    run = yard.submit(yard.target("early"), "print('later')")
    until(lambda: "the Ray head cannot be reached at" in yard.reason(run))
    assert run.get_status() == "Queued"
    run.cancel()
    until(lambda: run.get_status() == "Canceled")


def test_an_address_that_is_none_is_refused(tmp_path: Path) -> None:
    """A slip in the settings ends the service's start, not the first run."""
    with pytest.raises(InvalidRequest, match=r"http://head:8265"):
        registry.make("ray", context_in(tmp_path), {"address": "head:8265"})
    with pytest.raises(InvalidRequest, match="CPU must be there"):
        options = {"address": "http://head:8265", "node_types": "gpu: GPU=1"}
        registry.make("ray", context_in(tmp_path), options)


def test_nodes_that_share_a_machine_are_counted_by_what_it_holds() -> None:
    """With `share_nodes` a cluster may have more nodes than Ray has, and no more than fit there."""
    kinds = "plain: CPU=8 max=2; gpu: CPU=8 GPU=1 max=1"
    catalog = Catalog(Api("http://head.invalid:8265"), kinds)
    size, beside = VmSize("small", 3, 0), VmSize("beside", 3, 0, 1)
    assert catalog.could_run(Need(6, size), 0.0, shares=True).refusal == ""
    assert "can have 6 of that size" in catalog.could_run(Need(7, size), 0.0, shares=True).refusal
    assert "can have 3 of that size" in catalog.could_run(Need(4, size), 0.0).refusal
    assert "can have 1 of that size" in catalog.could_run(Need(2, beside), 0.0, shares=True).refusal
