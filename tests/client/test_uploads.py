"""Uploads go on where one before was killed, against a real service."""

from __future__ import annotations

import hashlib
import random
import socket
import time
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from runyard.client import transfer, uploads
from runyard.client.batches import Sized
from runyard.client.local_contents import LocalContents
from runyard.client.progress import Progress
from runyard.protocol.datastores import BLOB_STORE, WriteQuery
from runyard.protocol.errors import AlreadyExists, InvalidRequest
from runyard.protocol.files import FileEntry
from runyard.protocol.routes import BLOBS_WRITE, DATASTORES_WRITE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from runyard.client.workspace import WorkspaceClient

# Above what the service keeps in memory, as the rest of a file that broke off early is.
SIZE = 12 << 20
SENT = 6 << 20


def _file(folder: Path, seed: int) -> tuple[Path, FileEntry, bytes]:
    data = random.Random(seed).randbytes(SIZE)
    path = folder / "model.bin"
    path.write_bytes(data)
    return path, FileEntry("model.bin", hashlib.sha256(data).hexdigest(), SIZE), data


def _break_off(client: WorkspaceClient, target: str, data: bytes) -> None:
    """Begin a request with a body and go away in the midst of it, as a killed client does."""
    connection = client.connection
    place = urlsplit(connection.url)
    head = f"PUT {target} HTTP/1.1\r\nHost: {place.netloc}\r\nContent-Length: {len(data)}\r\n"
    head += f"Authorization: Bearer {connection.token}\r\n\r\n"
    with socket.create_connection((place.hostname, place.port)) as line:
        line.sendall(head.encode() + data[:SENT])


def _until(found: Callable[[], int | None]) -> int:
    """Wait until the service has noticed that a client went away; give how much it has."""
    before = -1
    for _ in range(500):
        there = found()
        if there and there == before:
            return there
        before = there or -1
        time.sleep(0.02)
    raise AssertionError("nothing is kept of what was sent")


def _blob(client: WorkspaceClient, digest: str) -> str:
    url: str = BLOBS_WRITE.url
    return url.format(workspace=client.id, digest=digest)


def test_an_upload_goes_on_where_it_broke_off(client: WorkspaceClient, tmp_path: Path) -> None:
    """What the service has is not sent again, and what comes of it is whole."""
    path, entry, data = _file(tmp_path, 1)
    _break_off(client, _blob(client, entry.digest), data)
    there = _until(lambda: client.blobs.begun(entry.digest))
    told: list[int] = []
    uploads.send(path, SIZE, uploads.content(client, entry.digest), told.append, None)
    assert (told[0], sum(told)) == (there, SIZE)
    with client.blobs.open(entry.digest) as stored:
        assert stored.read() == data


def test_on_the_services_machine_files_do_not_travel(
    client: WorkspaceClient, home: Path, tmp_path: Path
) -> None:
    """They are copied and checked; what changed meanwhile is refused and leaves nothing."""
    path, entry, data = _file(tmp_path, 4)
    local = LocalContents(str(home))
    assert local.hand_over(path, entry.digest, lambda _: None)
    assert client.blobs.begun(entry.digest) == SIZE
    with path.open("rb") as file:
        file.seek(SIZE)
        client.blobs.write(entry.digest, file, 0, SIZE)
    assert local.read(entry.digest, SIZE) == data
    path.write_bytes(data[::-1])
    other = hashlib.sha256(data[1:]).hexdigest()
    assert local.hand_over(path, other, lambda _: None)
    with path.open("rb") as file, pytest.raises(InvalidRequest, match="digest"):
        client.blobs.write(other, file, 0, SIZE)
    assert client.blobs.begun(other) == 0


def test_what_was_copied_before_a_kill_is_not_copied_again(
    client: WorkspaceClient, home: Path, tmp_path: Path
) -> None:
    """On the service's machine, too, the rest alone is brought."""
    path, entry, data = _file(tmp_path, 5)
    _break_off(client, _blob(client, entry.digest), data)
    there = _until(lambda: client.blobs.begun(entry.digest))
    told: list[int] = []
    assert LocalContents(str(home)).hand_over(path, entry.digest, told.append, there)
    assert (told[0] >= there, sum(told)) == (True, SIZE)
    assert client.blobs.begun(entry.digest) == SIZE


def test_what_came_before_is_checked_and_sent_anew(client: WorkspaceClient, tmp_path: Path) -> None:
    """A draft that a power cut has spoilt costs a second upload, not the file."""
    path, entry, data = _file(tmp_path, 2)
    _break_off(client, _blob(client, entry.digest), bytes(SIZE))
    _until(lambda: client.blobs.begun(entry.digest))
    progress = Progress("", SIZE, show=False)
    transfer.put_blobs(client, [(entry, path)], progress)
    assert progress.done == SIZE
    with client.blobs.open(entry.digest) as stored:
        assert stored.read() == data
    with pytest.raises(InvalidRequest, match="digest"):
        client.blobs.write(entry.digest, b"other", 5)


def test_a_datastores_file_goes_on_where_it_broke_off(
    client: WorkspaceClient, tmp_path: Path
) -> None:
    """Until it is whole no list has it; a file that is there is left alone as ever."""
    path, _, data = _file(tmp_path, 3)
    part_of = WriteQuery(size=SIZE, version=uploads.version(path))
    url: str = DATASTORES_WRITE.url.replace(":path", "")
    target = url.format(workspace=client.id, datastore=BLOB_STORE, path="big/model.bin")
    version = part_of.version.replace(" ", "+")
    _break_off(client, f"{target}?offset=0&size={SIZE}&version={version}", data)
    way = uploads.datastore_file(client, BLOB_STORE, "big/model.bin", part_of)
    there = _until(way.begun)
    assert list(client.datastores.files(BLOB_STORE, "big/")) == []
    told: list[int] = []
    uploads.send(path, SIZE, way, told.append, None)
    assert (told[0], sum(told)) == (there, SIZE)
    with client.datastores.open(BLOB_STORE, "big/model.bin") as stored:
        assert stored.read() == data
    path.write_bytes(data[::-1])
    files = [Sized("big/model.bin", path, SIZE)]
    progress = Progress("", SIZE, show=False)
    transfer.write_files(client, BLOB_STORE, files, overwrite=False, progress=progress)
    with client.datastores.open(BLOB_STORE, "big/model.bin") as stored:
        assert stored.read() == data


@pytest.mark.parametrize("overwrite", [False, True])
def test_the_last_part_may_be_sent_twice(client: WorkspaceClient, overwrite: bool) -> None:
    """Whoever lost the answer to it repeats it, and must not hear that the file is taken."""
    stores, part_of = client.datastores, WriteQuery(overwrite, size=8, version="1")
    for offset in (0, 4, 4):
        sent = stores.write_part(BLOB_STORE, "parts", b"half", offset, part_of)
        assert sent.size == offset + 4
    other = WriteQuery(overwrite, size=8, version="2")
    if overwrite:
        assert stores.write_part(BLOB_STORE, "parts", b"anew", 0, other).size == 4
    else:
        with pytest.raises(AlreadyExists):
            stores.write_part(BLOB_STORE, "parts", b"anew", 0, other)


def test_parts_may_be_larger_than_the_services_memory(client: WorkspaceClient) -> None:
    """They come into the file itself, which stays until the last of them."""
    size = 2 * SIZE
    part_of, data = WriteQuery(size=size, version="1"), random.Random(5).randbytes(SIZE)
    stores = client.datastores
    assert stores.write_part(BLOB_STORE, "two", data, 0, part_of).size == SIZE
    with pytest.raises(InvalidRequest, match="goes beyond"):
        stores.write_part(BLOB_STORE, "two", data + data, SIZE, part_of)
    assert stores.write_part(BLOB_STORE, "two", data, 0, part_of).size == SIZE
    assert stores.write_part(BLOB_STORE, "two", data, SIZE, part_of).size == size
    with stores.open(BLOB_STORE, "two") as stored:
        assert stored.read() == data + data


@pytest.mark.parametrize("grows", [False, True])
def test_a_file_that_changes_while_it_goes_to_a_datastore_is_told(
    client: WorkspaceClient, tmp_path: Path, grows: bool
) -> None:
    """No digest tells halves of two versions there; a log that grew is whole as it was."""
    path, _, data = _file(tmp_path, 9)
    name = f"changing/{grows}"

    class Writing(Progress):
        def add(self, size: int, files: int = 0) -> None:
            super().add(size, files)
            with path.open("ab" if grows else "r+b") as file:
                file.write(b"changed")

    progress = Writing("", SIZE, show=False)
    send = partial(
        transfer.write_files, client, BLOB_STORE, [Sized(name, path, SIZE)], overwrite=True
    )
    if not grows:
        with pytest.raises(InvalidRequest, match="changed while it was being sent"):
            send(progress=progress)
        return
    send(progress=progress)
    with client.datastores.open(BLOB_STORE, name) as stored:
        assert stored.read() == data
