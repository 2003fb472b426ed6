"""Files that grow are read in parts, none twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from runyard.client.log_reader import LogReader
from runyard.protocol.errors import RunFileNotFound
from runyard.protocol.runs import StartRun

if TYPE_CHECKING:
    from runyard.client.workspace import WorkspaceClient

LOG = "logs/a.txt"


@pytest.fixture
def run(client: WorkspaceClient) -> str:
    """A run that goes on."""
    return client.runs.start(StartRun(experiment="e")).id


def test_only_what_is_new_is_read(client, run: str) -> None:
    """Each reading goes on where the last one stopped, and a file written anew begins again."""
    reader = LogReader(client.files, run)
    with pytest.raises(RunFileNotFound):
        list(reader.new(LOG))
    client.logs.append(run, LOG, b"one\n", 0)
    assert list(reader.new(LOG)) == [(0, b"one\n")]
    assert list(reader.new(LOG)) == []
    client.logs.append(run, LOG, b"two\n", 4)
    assert list(reader.new(LOG)) == [(4, b"two\n")]
    client.logs.append(run, LOG, b"other", 0, anew=True)
    reader.begin(LOG)
    assert list(reader.new(LOG)) == [(0, b"other")]


@pytest.mark.parametrize("lines", [1, 2, 3, 9, 20_000])
def test_the_last_lines_are_left_to_be_read(client, run: str, lines: int) -> None:
    """Whether the file is short or long, and has so many lines or fewer."""
    for path, count in (("logs/short.txt", 3), ("logs/long.txt", 30_000)):
        text = [b"line %d\n" % number for number in range(count)]
        client.logs.append(run, path, b"".join(text), 0)
        reader = LogReader(client.files, run)
        reader.skip(path, lines)
        assert b"".join(piece for _, piece in reader.new(path)) == b"".join(text[-lines:])
