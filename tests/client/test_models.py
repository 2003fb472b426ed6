"""The client of models, against a real service."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from runyard.protocol.errors import AlreadyExists, MissingBlobs, ModelNotFound
from runyard.protocol.files import FileEntry
from runyard.protocol.models import ChangeModel, ModelQuery, RegisterModel

if TYPE_CHECKING:
    from runyard.client.workspace import WorkspaceClient

WEIGHTS = b"weights"
ENTRY = FileEntry("m.bin", sha256(WEIGHTS).hexdigest(), len(WEIGHTS))


def _register(client: WorkspaceClient, name: str, **fields: object) -> str:
    client.blobs.write(ENTRY.digest, WEIGHTS, len(WEIGHTS))
    order = RegisterModel(name=name, path="m.bin", files=[ENTRY], **fields)  # type: ignore[arg-type]  # as given
    return client.models.register(order).id


def test_versions_are_registered_found_changed_and_deleted(client: WorkspaceClient) -> None:
    """A name alone is the newest version; its files come with it."""
    assert [_register(client, "m"), _register(client, "m")] == ["m:1", "m:2"]
    assert client.models.get("m").version == 2
    assert client.models.get("m:1").files == [ENTRY]
    changed = client.models.change("m:1", ChangeModel(tags={"good": "yes"}, properties={"p": "1"}))
    assert changed.tags == {"good": "yes"}
    with pytest.raises(AlreadyExists):
        client.models.change("m:1", ChangeModel(properties={"p": "2"}))
    client.models.delete("m:2")
    assert client.models.get("m").version == 1
    with pytest.raises(ModelNotFound):
        client.models.get("m:2")


def test_models_are_listed_by_what_they_have(client: WorkspaceClient) -> None:
    """A query record says which."""
    _register(client, "a", tags={"t": "1"})
    _register(client, "b")
    assert [model.name for model in client.models.list()] == ["b", "a"]
    assert [model.name for model in client.models.list(ModelQuery(tags=["t=1"]))] == ["a"]
    assert [model.name for model in client.models.list(limit=1)] == ["b"]


def test_a_model_without_its_contents_is_refused(client: WorkspaceClient) -> None:
    """No version exists that cannot be downloaded."""
    absent = FileEntry("m.bin", "0" * 64, 1)
    with pytest.raises(MissingBlobs):
        client.models.register(RegisterModel(name="m", path="m.bin", files=[absent]))
