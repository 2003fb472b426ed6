"""Snapshots and contents."""

import hashlib
import io
from collections.abc import Callable

import pytest

from runyard.protocol.errors import (
    BlobNotFound,
    InvalidRequest,
    MissingBlobs,
    SnapshotNotFound,
    WorkspaceNotFound,
)
from runyard.protocol.files import BlobList, FileEntry
from runyard.protocol.snapshots import CreateSnapshot, snapshot_id
from runyard_server.core.system import System
from runyard_server.operations import blobs, snapshots

Store = Callable[..., FileEntry]


def test_the_same_files_are_the_same_snapshot(system: System, store_text: Store) -> None:
    """Submitting an unchanged folder again sends and stores nothing."""
    files = [store_text("train.py", "print(1)", executable=True), store_text("a/b.txt", "x")]
    made = snapshots.create(system, "default", CreateSnapshot(files))
    assert made.id == snapshot_id(files)
    assert [entry.path for entry in made.files] == ["a/b.txt", "train.py"]
    assert made.size == 9
    assert snapshots.create(system, "default", CreateSnapshot(files[::-1])) == made
    assert snapshots.get(system, "default", made.id) == made
    other = snapshots.create(system, "default", CreateSnapshot(files[:1]))
    assert other.id != made.id


def test_missing_contents_are_listed(system: System, store_text: Store) -> None:
    """The client sends exactly what is missing, then asks again."""
    absent = hashlib.sha256(b"new").hexdigest()
    files = [store_text("a", "x"), FileEntry("b", absent, 3)]
    with pytest.raises(MissingBlobs, match="1 of 2 contents") as caught:
        snapshots.create(system, "default", CreateSnapshot(files))
    assert caught.value.details == {"missing": [absent]}
    assert blobs.missing(system, "default", BlobList([absent, files[0].digest])).digests == [absent]
    blobs.write(system, "default", absent, io.BytesIO(b"new"))
    assert snapshots.create(system, "default", CreateSnapshot(files)).size == 4


def test_a_snapshot_belongs_to_its_workspace(system: System, store_text: Store) -> None:
    """An id from elsewhere, or in a workspace that is not there, is not found."""
    made = snapshots.create(system, "default", CreateSnapshot([store_text("a", "x")]))
    with pytest.raises(SnapshotNotFound, match="take one"):
        snapshots.get(system, "default", "0" * 64)
    with pytest.raises(WorkspaceNotFound):
        snapshots.get(system, "nowhere", made.id)


@pytest.mark.parametrize("path", ["../x", "/x", "a\\b", ""])
def test_paths_are_checked(system: System, store_text: Store, path: str) -> None:
    """A snapshot laid out in a job never writes outside the job's folder."""
    entry = store_text("a", "x")
    with pytest.raises(InvalidRequest, match="cannot be used"):
        snapshots.create(system, "default", CreateSnapshot([FileEntry(path, entry.digest, 1)]))


def test_contents_are_read_by_digest(system: System, store_text: Store) -> None:
    """A node on another machine fetches what it lacks."""
    entry = store_text("a", "x")
    content = blobs.read(system, "default", entry.digest)
    assert (content.path.read_text(), content.size) == ("x", 1)
    with pytest.raises(BlobNotFound):
        blobs.read(system, "default", "0" * 64)
    with pytest.raises(InvalidRequest):
        blobs.read(system, "default", "../runyard.db")
