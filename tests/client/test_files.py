"""The clients of a run's files, logs and events, against a real service."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from runyard.protocol.errors import AlreadyExists, RunFileNotFound, WrongState
from runyard.protocol.files import FileEntry
from runyard.protocol.runs import StartRun

if TYPE_CHECKING:
    from runyard.client.workspace import WorkspaceClient

LOG = "logs/a.txt"


@pytest.fixture
def run(client: WorkspaceClient) -> str:
    """A run that goes on."""
    return client.runs.start(StartRun(experiment="e")).id


def _stored(client: WorkspaceClient, content: bytes, path: str = "outputs/x") -> FileEntry:
    entry = FileEntry(path, sha256(content).hexdigest(), len(content))
    client.blobs.write(entry.digest, content, entry.size)
    return entry


def test_stored_contents_become_files_that_are_read_from_anywhere(client, run: str) -> None:
    """A file is read from the byte that was asked for."""
    entry = _stored(client, b"0123456789")
    client.files.register(run, [entry])
    assert [file.path for file in client.files.list(run, "outputs/")] == ["outputs/x"]
    with client.files.open(run, "outputs/x", offset=7) as source:
        assert source.read() == b"789"
    with pytest.raises(RunFileNotFound, match="outputs/x"), client.files.open(run, "outputs/y"):
        pass


def test_another_content_replaces_a_file_only_on_demand(client, run: str) -> None:
    """The same content twice is no conflict."""
    client.files.register(run, [_stored(client, b"one")])
    client.files.register(run, [_stored(client, b"one")])
    with pytest.raises(AlreadyExists):
        client.files.register(run, [_stored(client, b"two")])
    client.files.register(run, [_stored(client, b"two")], overwrite=True)
    with client.files.open(run, "outputs/x") as source:
        assert source.read() == b"two"


def test_a_log_takes_each_byte_once(client, run: str) -> None:
    """What overlaps is passed over, a gap is refused, and `anew` begins again."""
    assert client.logs.append(run, LOG, b"abc", 0).size == 3
    assert client.logs.append(run, LOG, b"bcd", 1).size == 4
    with pytest.raises(WrongState):
        client.logs.append(run, LOG, b"z", 9)
    before = client.logs.mark(run, LOG)
    assert client.logs.append(run, LOG, b"new", 0, anew=True).size == 3
    assert client.logs.mark(run, LOG).checksum != before.checksum
    with client.files.open(run, LOG) as source:
        assert source.read() == b"new"


def test_events_are_followed_to_the_run_s_end(client, run: str) -> None:
    """A run that has ended ends the stream, and a number says where to go on."""
    client.runs.complete(run)
    told = [event for event in client.events.follow(run) if event.number]
    assert told[-1].status == "Completed"
    assert [event.number for event in client.events.follow(run, after=told[0].number)] == [
        event.number for event in told[1:]
    ]
    page = client.events.list(run, limit=1)
    assert ([event.number for event in page.items], page.status) == ([1], "Completed")
