"""Files of a run at the prompt: a download that was interrupted goes on when it is repeated."""

import errno
import os

import pytest

from runyard.protocol import routes
from runyard.protocol.errors import AlreadyExists, InvalidRequest
from runyard.protocol.files import DRIVER_LOG, LogQuery
from runyard.sdk import run_files
from runyard_server.cli import transfers


@pytest.fixture
def here(place, run_id, tmp_path):
    """The files of a run and its log, downloaded once."""
    (tmp_path / "a").write_text("first")
    (tmp_path / "b").write_text("other")
    pairs = [("out/a", tmp_path / "a"), ("out/b", tmp_path / "b")]
    run_files.upload(place.client, run_id, pairs)
    found = transfers.download_run(
        place.client, run_id, "", str(tmp_path / "here"), overwrite=False
    )
    assert {one.path for one in found} == {"out/a", "out/b", DRIVER_LOG}
    return tmp_path / "here"


def test_what_is_here_is_no_reason_to_refuse(place, run_id, here):
    """What was whole stays as it is, what lacks comes, and a log goes on behind what has come."""
    kept = (here / "out/a").stat().st_ino
    (here / "out/b").unlink()
    more = b"line three\n"
    offset = (here / DRIVER_LOG).stat().st_size
    query = LogQuery(offset=offset)
    place.client.send(
        routes.LOGS_APPEND, run_id, DRIVER_LOG, data=more, size=len(more), query=query
    )
    found = transfers.download_run(place.client, run_id, "", str(here), overwrite=False)
    assert len(found) == 3
    assert (here / "out/a").stat().st_ino == kept
    assert (here / "out/b").read_text() == "other"
    assert (here / DRIVER_LOG).read_text() == "line one\nline two\nline three\n"


@pytest.mark.parametrize("name", ["out/b", DRIVER_LOG])
def test_what_somebody_has_changed_is_replaced_only_when_asked(place, run_id, here, name):
    """Of the same size, too: and nothing is replaced before the refusal."""
    right = (here / name).read_text()
    (here / name).write_text(right.upper())
    (here / "out/a").unlink()
    with pytest.raises(AlreadyExists, match=f"{name} is there already, with another content"):
        transfers.download_run(place.client, run_id, "", str(here), overwrite=False)
    assert not (here / "out/a").exists()
    transfers.download_run(place.client, run_id, "", str(here), overwrite=True)
    assert (here / name).read_text() == right
    assert (here / "out/a").read_text() == "first"


def test_what_cannot_be_sent_is_said_as_commands_say_it(cli, run_id):
    """Without a line of the program, which Python's own warnings quote."""
    (cli.folder / "data").mkdir()
    (cli.folder / "data" / "a").write_text("a")
    os.mkfifo(cli.folder / "data" / "pipe")
    sent = cli("runs", "upload", run_id, "data")
    assert (sent.status, sent.out) == (0, "sent 1 file, 1 B\n")
    assert sent.err == "warning: left out of the folder data: 'data/pipe' (a fifo)\n"
    for words in (("datastores", "upload", "workspaceblobstore"), ("models", "register")):
        refused = cli(*words, "data/pipe", "x")
        assert (refused.status != 0, "data/pipe" in refused.err) == (True, True)


def test_a_place_that_cannot_be_written_to_is_named(place, run_id, here, monkeypatch):
    """The folder that was given and what to do, not the name of a hidden file in it."""

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    (here / "out/a").unlink()
    monkeypatch.setattr(os, "write", full)
    with pytest.raises(InvalidRequest, match=f"--to '{here}' found no space on its disk; free"):
        transfers.download_run(place.client, run_id, "", str(here), overwrite=False)
    assert [path.name for path in (here / "out").iterdir()] == ["b"]
