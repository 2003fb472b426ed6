"""Small files get their places whole, and what a kill leaves goes with the next download."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from runyard.client.placing import Placing

if TYPE_CHECKING:
    from pathlib import Path

# Writes a file and is killed before it has its place; then what is there is its part.
KILLED = """
import os, signal, sys
from runyard.client.placing import Placing
os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
Placing(True).put(b"half of another version, and longer", sys.argv[1], False)
"""


@pytest.fixture
def part(tmp_path: Path) -> Path:
    """What a killed download has left of `a`."""
    command = [sys.executable, "-P", "-c", KILLED, str(tmp_path / "a")]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    (left,) = tmp_path.iterdir()
    assert left.name != "a"
    return left


def _put(folder: Path) -> dict[str, bytes]:
    Placing(overwrite=False).put(b"whole", str(folder / "a"), executable=False)
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_what_a_kill_left_is_written_over(part: Path, tmp_path: Path) -> None:
    """Else each killed download would leave hidden files, which an upload takes for the user's."""
    assert part.exists()
    assert _put(tmp_path) == {"a": b"whole"}


def test_what_another_download_writes_is_left_alone(part: Path, tmp_path: Path) -> None:
    """Two that bring the same file into one folder at once do not mix."""
    with part.open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        there = part.read_bytes()
        assert _put(tmp_path) == {"a": b"whole", part.name: there}


def test_a_second_name_of_a_file_is_not_emptied(part: Path, tmp_path: Path) -> None:
    """Who may write into the folder may have given a file of ours the name of a part."""
    mine = tmp_path / "mine"
    mine.write_bytes(b"kept")
    part.unlink()
    part.hardlink_to(mine)
    assert _put(tmp_path) == {"a": b"whole", "mine": b"kept", part.name: b"kept"}


@pytest.mark.parametrize("stranger", ["link", "pipe"])
def test_what_is_no_part_is_neither_followed_nor_waited_for(
    part: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, stranger: str
) -> None:
    """In a folder of several people somebody may have put it there."""
    part.unlink()
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "theirs"
    elsewhere.write_bytes(b"theirs")
    if stranger == "link":
        part.symlink_to(elsewhere)
    else:
        os.mkfifo(part)
    assert _put(tmp_path)["a"] == b"whole"
    assert elsewhere.read_bytes() == b"theirs"
    assert part.is_symlink() or part.is_fifo()


def test_where_nothing_can_be_locked_nothing_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on file systems of some networks: the part has a name of chance and gets its place."""

    def flock(*_: Any) -> None:
        raise OSError(errno.ENOLCK, "no locks available")

    monkeypatch.setattr(fcntl, "flock", flock)
    assert _put(tmp_path) == {"a": b"whole"}
