"""The client of compute targets, against a real service."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from runyard.protocol.compute import ChangeCompute, CreateCompute
from runyard.protocol.errors import AlreadyExists, ComputeNotFound, InvalidRequest

if TYPE_CHECKING:
    from runyard.client.workspace import WorkspaceClient

SIZE = "STANDARD_D2_V2"


def test_a_cluster_is_made_changed_and_deleted(client: WorkspaceClient) -> None:
    """Each verb answers with the cluster as it is afterwards."""
    made = client.compute.create(CreateCompute(name="small", vm_size=SIZE, max_nodes=2))
    assert [cluster.name for cluster in client.compute.list()] == [made.name]
    assert client.compute.change("small", ChangeCompute(max_nodes=5)).max_nodes == 5
    assert client.compute.get("small").max_nodes == 5
    assert client.compute.nodes("small") == []
    with pytest.raises(AlreadyExists):
        client.compute.create(CreateCompute(name="small", vm_size=SIZE, max_nodes=3))
    with pytest.raises(InvalidRequest):
        client.compute.change("small", ChangeCompute(min_nodes=9))
    client.compute.delete("small")
    with pytest.raises(ComputeNotFound):
        client.compute.get("small")
