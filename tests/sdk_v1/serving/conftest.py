"""A workspace with endpoints, images and models that answers from memory, and a script."""

from __future__ import annotations

import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from runyard.client.workspace import WorkspaceClient
from runyard.protocol.endpoints import (
    DeploymentRecord,
    EndpointKeys,
    EndpointLog,
    EndpointPage,
    EndpointRecord,
    EndpointToken,
    OperationRecord,
)
from runyard.protocol.errors import ModelNotFound, NotFound, WrongState
from runyard.protocol.files import FileEntry
from runyard.protocol.images import ImagePage, ImageRecord
from runyard.protocol.models import ModelRecord
from runyard.protocol.snapshots import SnapshotRecord
from runyard.sdk.environments import Environment
from runyard.sdk.v1.serving.inference import InferenceConfig

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BEGAN = "2026-01-01T00:00:00.000000Z"
SCRIPT = "def init():\n    pass\n\ndef run(data):\n    return data\n"


class FakeService(WorkspaceClient):
    """Keeps endpoints, and what was asked; deployments succeed at once."""

    def __init__(self) -> None:
        self.endpoints_there: dict[str, EndpointRecord] = {}
        self.models_there: dict[str, ModelRecord] = {}
        self.sent: list[list[str]] = []
        self.calls: list[str] = []
        self.bodies: list[Any] = []
        self.logs_asked: list[Any] = []
        self.keys = EndpointKeys("first", "second")
        self.address = "http://127.0.0.1:9000"
        self.state, self.error = "Healthy", ""
        self.images_there: dict[str, ImageRecord] = {}
        self.image_state = "Succeeded"

    def call(self, route: Any, *segments: str, body: Any = None, query: Any = None) -> Any:
        self.calls.append(route.name)
        self.bodies.append(body)
        given = {k: v for k, v in (("body", body), ("query", query)) if v is not None}
        return getattr(self, route.name.replace(".", "_"))(*segments, **given)

    def model(self, name: str, version: int = 1, **fields: Any) -> ModelRecord:
        """Register a model."""
        paths = fields.pop("paths", ["model.pkl"])
        files = [FileEntry(path, "0" * 64, 1, executable=False) for path in paths]
        record = ModelRecord(
            f"{name}:{version}", name, version, BEGAN, "model.pkl", 1, 1, files=files, **fields
        )
        self.models_there[record.id] = self.models_there[name] = record
        return record

    def models_get(self, name: str) -> ModelRecord:
        if name not in self.models_there:
            raise ModelNotFound(f"no model {name!r}")
        return self.models_there[name]

    def snapshots_create(self, body: Any) -> SnapshotRecord:
        self.sent.append([entry.path for entry in body.files])
        return SnapshotRecord(f"snapshot-{len(self.sent)}", [], 0, BEGAN)

    def endpoints_get(self, name: str) -> EndpointRecord:
        if name not in self.endpoints_there:
            raise NotFound(f"no endpoint {name!r}")
        return self.endpoints_there[name]

    def endpoints_list(self, query: Any) -> EndpointPage:
        rows = self.endpoints_there.values()
        return EndpointPage([row for row in rows if query.kind in {None, row.kind}])

    def endpoints_create(self, body: Any) -> EndpointRecord:
        deployment = DeploymentRecord(
            body.deployment, self.state, body.spec, revision=1, percent=100, is_default=True
        )
        record = EndpointRecord(
            name=body.name,
            workspace="w",
            kind=body.kind,
            state=self.state,
            created_at=BEGAN,
            access=body.access,
            deployments=[deployment],
            operation=self._operation("create"),
            address=self.address,
            error=self.error,
            created_by=body.created_by,
            description=body.description,
            tags=body.tags,
            properties=body.properties,
            v1=body.v1,
        )
        self.endpoints_there[body.name] = record
        return record

    def _operation(self, kind: str) -> OperationRecord:
        state = "Failed" if self.state == "Failed" else "Succeeded"
        return OperationRecord("operation-1", kind, state, self.error, BEGAN)

    def endpoints_change(self, name: str, body: Any) -> EndpointRecord:
        old = self.endpoints_get(name)
        tags = {k: v for k, v in old.tags.items() if k not in body.removed_tags} | body.tags
        rows = [
            replace(one, percent=(body.traffic or {}).get(one.name, one.percent))
            for one in old.deployments
        ]
        made = replace(
            old,
            tags=tags,
            properties=old.properties | body.properties,
            description=old.description if body.description is None else body.description,
            access=body.access or old.access,
            deployments=rows,
        )
        self.endpoints_there[name] = made
        return made

    def endpoints_deploy(self, name: str, deployment: str, body: Any) -> EndpointRecord:
        old = self.endpoints_get(name)
        rows = [one for one in old.deployments if one.name != deployment]
        there = [one for one in old.deployments if one.name == deployment]
        made = replace(there[0], spec=body.spec) if there else None
        made = made or DeploymentRecord(deployment, self.state, body.spec)
        if body.percent is not None:
            made = replace(made, percent=body.percent)
        if body.is_default:
            rows = [replace(one, is_default=False) for one in rows]
            made = replace(made, is_default=True)
        record = replace(old, deployments=[*rows, made], operation=self._operation("update"))
        self.endpoints_there[name] = record
        return record

    def endpoints_undeploy(self, name: str, deployment: str) -> EndpointRecord:
        old = self.endpoints_get(name)
        rows = [one for one in old.deployments if one.name != deployment]
        self.endpoints_there[name] = replace(old, deployments=rows)
        return self.endpoints_there[name]

    def endpoints_delete(self, name: str) -> None:
        self.endpoints_get(name)
        del self.endpoints_there[name]

    def endpoints_keys(self, name: str) -> EndpointKeys:
        if self.endpoints_get(name).access.auth != "key":
            raise WrongState(f"endpoint {name!r} is not opened by keys")
        return self.keys

    def endpoints_regenerate(self, name: str, body: Any) -> EndpointKeys:
        del name
        self.keys = replace(self.keys, **{body.which: body.key or "new"})
        return self.keys

    def endpoints_token(self, name: str) -> EndpointToken:
        del name
        return EndpointToken("token", "2026-01-01T10:00:00Z", "2026-01-01T12:00:00Z")

    def endpoints_logs(self, name: str, query: Any) -> EndpointLog:
        del name
        self.logs_asked.append(query)
        return EndpointLog("\n".join(["loading", "Traceback", "ImportError: x"][-query.lines :]))

    def images_create(self, body: Any) -> ImageRecord:
        version = 1 + sum(one.name == body.name for one in self.images_there.values())
        record = ImageRecord(
            f"{body.name}:{version}",
            body.name,
            version,
            self.image_state,
            body.spec,
            BEGAN,
            error="no such package" if self.image_state == "Failed" else "",
            tags=body.tags,
        )
        self.images_there[record.id] = record
        return record

    def images_get(self, image: str) -> ImageRecord:
        if image not in self.images_there:
            raise NotFound(f"no image {image!r}")
        return self.images_there[image]

    def images_list(self, query: Any) -> ImagePage:
        rows = reversed(self.images_there.values())
        return ImagePage([row for row in rows if query.name in {None, row.name}])

    def images_delete(self, image: str) -> None:
        del self.images_there[image]


class FakeWorkspace:
    """What the SDK needs of a workspace."""

    name = "w"
    location = "local"

    def __init__(self) -> None:
        self.service = FakeService()


@pytest.fixture
def workspace() -> FakeWorkspace:
    """A workspace that answers from memory."""
    return FakeWorkspace()


@pytest.fixture
def service(workspace: FakeWorkspace) -> FakeService:
    """Its service."""
    return workspace.service


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with `score.py`."""
    (tmp_path / "score.py").write_text(SCRIPT)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def config(here: Path) -> InferenceConfig:
    """The script with an environment that needs nothing."""
    del here
    environment = Environment("mine")
    environment.python.user_managed_dependencies = True
    return InferenceConfig("score.py", environment=environment)


class Model:
    """An HTTP server that answers as a model does."""

    def __init__(self) -> None:
        self.status, self.content = 200, b'{"said": [1]}'
        self.keys: set[str] = set()
        self.seen: list[tuple[str, str, bytes]] = []
        self.deployments: list[str | None] = []
        self.url = ""

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        given = handler.headers.get("Authorization", "")
        self.seen.append((handler.path, given, body))
        self.deployments.append(handler.headers.get("runyard-deployment"))
        allowed = not self.keys or given in {f"Bearer {key}" for key in self.keys}
        handler.send_response(self.status if allowed else 401)
        content = self.content if allowed else b"{}"
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)


@pytest.fixture
def model(service: FakeService) -> Iterator[Model]:
    """A model that is served at the address that endpoints have."""
    found = Model()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            found.answer(self)

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    service.address = found.url = f"http://127.0.0.1:{server.server_port}"
    yield found
    server.shutdown()
    thread.join()
    server.server_close()
