"""The client of datastores, against a real service."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from runyard.protocol.batches import Content, join
from runyard.protocol.datastores import BLOB_STORE
from runyard.protocol.errors import AlreadyExists, DatastoreNotFound, DatastorePathNotFound

if TYPE_CHECKING:
    from runyard.client.workspace import WorkspaceClient


def test_files_are_written_whole_and_replaced_on_demand(client: WorkspaceClient) -> None:
    """What is there stays unless the caller says otherwise."""
    stores = client.datastores
    assert stores.write(BLOB_STORE, "d/a.txt", io.BytesIO(b"one"), 3).size == 3
    with pytest.raises(AlreadyExists):
        stores.write(BLOB_STORE, "d/a.txt", b"two", 3)
    stores.write(BLOB_STORE, "d/a.txt", b"two", 3, overwrite=True)
    with stores.open(BLOB_STORE, "d/a.txt") as source:
        assert source.read() == b"two"
    with pytest.raises(DatastorePathNotFound), stores.open(BLOB_STORE, "d/b.txt"):
        pass


def test_many_files_travel_together(client: WorkspaceClient) -> None:
    """A file that is there is refused by name, and its neighbours are written."""
    stores = client.datastores
    files = [Content(f"m/{number}", b"%d" % number) for number in range(3)]
    stores.write(BLOB_STORE, "m/1", b"old", 3)
    result = stores.write_many(BLOB_STORE, join(files))
    assert (result.stored, [one.name for one in result.refused]) == (2, ["m/1"])
    assert [file.path for file in stores.files(BLOB_STORE, "m/")] == ["m/0", "m/1", "m/2"]
    some = stores.files(BLOB_STORE, "m/", limit=2)
    assert [file.path for file in some] == ["m/0", "m/1"]
    assert some.next_page_token
    assert b"old" in stores.read_many(BLOB_STORE, ["m/0", "m/1"])


def test_datastores_are_looked_up_by_name(client: WorkspaceClient) -> None:
    """A slip of the pen names the nearest."""
    names = [store.name for store in client.datastores.list()]
    assert client.datastores.get(names[0]).name == names[0]
    with pytest.raises(DatastoreNotFound, match=BLOB_STORE):
        client.datastores.get(BLOB_STORE[:-1])
