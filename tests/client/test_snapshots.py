"""The clients of blobs and snapshots, against a real service."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from runyard.protocol.batches import Content, join
from runyard.protocol.errors import InvalidRequest, MissingBlobs, SnapshotNotFound
from runyard.protocol.files import FileEntry

if TYPE_CHECKING:
    from runyard.client.workspace import WorkspaceClient


def _entry(path: str, content: bytes) -> FileEntry:
    return FileEntry(path, sha256(content).hexdigest(), len(content))


def test_contents_are_stored_once_and_checked(client: WorkspaceClient) -> None:
    """Only what is missing needs to be sent, and a content is what its digest says."""
    # Contents that no other test of this service has stored before.
    first, second = b"the first of two", b"the second of two"
    one, two = _entry("a", first), _entry("b", second)
    client.blobs.write(one.digest, first, one.size)
    assert client.blobs.missing([one.digest, two.digest]) == [two.digest]
    result = client.blobs.write_many(join([Content(two.digest, second)]))
    assert (result.stored, result.refused) == (1, [])
    with client.blobs.open(two.digest) as source:
        assert source.read() == second
    with pytest.raises(InvalidRequest):
        client.blobs.write(_entry("c", b"three").digest, b"other", 5)


def test_the_same_files_are_the_same_snapshot(client: WorkspaceClient) -> None:
    """A snapshot is read back with its files, by path."""
    files = [_entry("train.py", b"x"), _entry("data/a", b"y")]
    with pytest.raises(MissingBlobs):
        client.snapshots.create(files)
    for entry, content in zip(files, (b"x", b"y"), strict=True):
        client.blobs.write(entry.digest, content, 1)
    made = client.snapshots.create(files)
    assert client.snapshots.create(files[::-1]).id == made.id
    assert [file.path for file in client.snapshots.get(made.id).files] == ["data/a", "train.py"]
    with pytest.raises(SnapshotNotFound):
        client.snapshots.get("0" * 64)
