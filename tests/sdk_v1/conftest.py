"""A workspace that answers from memory, and a folder with a script."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from runyard.client.workspace import WorkspaceClient
from runyard.protocol.compute import ComputePage, ComputeRecord, NodePage, NodeRecord
from runyard.protocol.datastores import DatastorePage, DatastoreRecord
from runyard.protocol.environments import EnvironmentPage, EnvironmentRecord
from runyard.protocol.errors import ComputeNotFound, InvalidRequest
from runyard.sdk.datastores import Datastore

if TYPE_CHECKING:
    from pathlib import Path


class FakeService(WorkspaceClient):
    """Answers the routes that compute targets, environments and datastores ask."""

    def __init__(self) -> None:
        self.clusters: dict[str, ComputeRecord] = {}
        self.registered: list[EnvironmentRecord] = []
        self.calls: list[str] = []

    def call(self, route: Any, *segments: str, body: Any = None, query: Any = None) -> Any:
        self.calls.append(route.name)
        return getattr(self, route.name.replace(".", "_"))(*segments, **_given(body, query))

    def compute_create(self, body: Any) -> ComputeRecord:
        record = ComputeRecord(
            name=body.name,
            vm_size=body.vm_size,
            min_nodes=body.min_nodes,
            max_nodes=body.max_nodes,
            idle_seconds=body.idle_seconds,
            vm_priority=body.vm_priority,
            created_at="2026-01-01T00:00:00Z",
            modified_at="2026-01-01T00:00:00Z",
            current_nodes=body.min_nodes,
            target_nodes=body.min_nodes,
            idle_nodes=body.min_nodes,
            tags=body.tags,
            kind=body.kind,
        )
        self.clusters[body.name] = record
        return record

    def compute_get(self, name: str) -> ComputeRecord:
        if name not in self.clusters:
            raise ComputeNotFound(
                f"no compute target {name!r}; there are: {', '.join(self.clusters)}"
            )
        return self.clusters[name]

    def compute_list(self) -> ComputePage:
        return ComputePage(list(self.clusters.values()))

    def compute_change(self, name: str, body: Any) -> ComputeRecord:
        if (body.min_nodes or 0) > (body.max_nodes or self.clusters[name].max_nodes):
            raise InvalidRequest("max_nodes is below min_nodes")
        given = {key: value for key, value in vars(body).items() if value is not None}
        self.clusters[name] = replace(self.clusters[name], **given)
        return self.clusters[name]

    def compute_delete(self, name: str) -> None:
        del self.clusters[name]

    def compute_nodes(self, name: str) -> NodePage:
        del name
        return NodePage([NodeRecord("node-0", "running", "run_1")])

    def environments_list(self, query: Any) -> EnvironmentPage:
        wanted = (None, query.name)
        return EnvironmentPage(
            [e for e in self.registered if query.name is None or e.name in wanted]
        )

    def environments_register(self, body: Any) -> EnvironmentRecord:
        mine = [e for e in self.registered if e.name == body.name]
        plain = replace(body.definition, version="")
        if mine and (mine[-1].definition, mine[-1].document) == (plain, body.document):
            return mine[-1]
        version = str(1 + len(mine))
        record = EnvironmentRecord(body.name, version, plain, body.document)
        self.registered.append(record)
        return record

    def datastores_get(self, name: str) -> DatastoreRecord:
        return DatastoreRecord(name, "AzureBlob", "runyard", name, is_default=True)

    def datastores_list(self) -> DatastorePage:
        return DatastorePage([self.datastores_get("workspaceblobstore")])


class FakeWorkspace:
    """What the SDK needs of a workspace."""

    name = "w"
    subscription_id = "s"
    resource_group = "g"
    location = "local"
    default_datastore_name = "workspaceblobstore"

    def __init__(self) -> None:
        self.service = FakeService()


class FakeExperiment:
    """What a submission needs of an experiment."""

    name = "e"
    workspace: Any = None


def _given(body: Any, query: Any) -> dict[str, Any]:
    return {k: v for k, v in (("body", body), ("query", query)) if v is not None}


@pytest.fixture
def workspace() -> FakeWorkspace:
    """A workspace that answers from memory."""
    return FakeWorkspace()


@pytest.fixture
def experiment() -> FakeExperiment:
    """An experiment to submit to."""
    return FakeExperiment()


@pytest.fixture
def datastore(workspace: FakeWorkspace) -> Datastore:
    """The default datastore."""
    return Datastore(workspace)  # type: ignore[arg-type]  # a stand-in


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A source folder with `train.py`."""
    (tmp_path / "train.py").write_text("print(1)\n")
    return tmp_path
