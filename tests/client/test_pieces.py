"""A large file comes in several pieces at once, and is one file whatever happens to them."""

from __future__ import annotations

import hashlib
import random
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from runyard.client import connection, downloads, pieces, transfer
from runyard.client.connection import Connection
from runyard.client.part_files import KEPT_BYTES
from runyard.client.progress import Progress
from runyard.client.transfer import Fetch
from runyard.client.workspace import WorkspaceClient
from runyard.protocol.errors import ServiceUnreachable
from runyard.protocol.routes import DATASTORES_READ, FILES_READ

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PIECE = 1 << 20
# Not a whole number of pieces, and enough to be kept when it breaks off.
DATA = random.Random(1).randbytes(KEPT_BYTES + 3 * PIECE + 3000)
DIGEST = hashlib.sha256(DATA).hexdigest()
# A client of its own, which kills itself when most has come.
KILLED = """
import os, signal, sys
from pathlib import Path
from runyard.client import downloads, pieces, transfer
from runyard.client.connection import Connection
from runyard.client.workspace import WorkspaceClient
from runyard.protocol.files import FileEntry
url, token, workspace, digest, size, piece, folder = sys.argv[1:]
pieces.PIECE_BYTES = downloads._TRIED_BYTES = int(piece)
downloads._FAST_BYTES_A_SECOND = 1e15
class Watch:
    came = 0
    def add(self, size, files=0):
        self.came += size
        if self.came > 5 * int(piece):
            os.kill(os.getpid(), signal.SIGKILL)
entry = FileEntry("x", digest, int(size))
service = WorkspaceClient(Connection(url, token), workspace)
transfer.download(service, transfer.blob(entry, Path(folder)), progress=Watch())
"""


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a file of some megabytes come as one of gigabytes does over a slow line."""
    monkeypatch.setattr(pieces, "PIECE_BYTES", PIECE)
    monkeypatch.setattr(downloads, "_TRIED_BYTES", PIECE)
    monkeypatch.setattr(downloads, "_FAST_BYTES_A_SECOND", 1e15)


@pytest.fixture
def service(fake: Any) -> Iterator[WorkspaceClient]:
    """A workspace of the fake service."""
    with Connection(fake.url, "t") as opened:
        yield WorkspaceClient(opened, "w")


def _fetch(folder: Path) -> Fetch:
    return Fetch(FILES_READ, ("r", "x"), folder / "x", size=len(DATA), digest=DIGEST)


def _gives(
    fake: Any, data: bytes, cut: Callable[[int], int | None] = lambda _: None
) -> Callable[..., Any]:
    """Answer with the range that is asked for; `cut`: where one that begins at a byte breaks."""

    def answer(*_: Any) -> Any:
        asked = fake.here.headers.get("Range")
        first, _, last = asked[6:].partition("-") if asked else ("0", "", "")
        end = int(last) + 1 if last else len(data)
        return fake.say(data[int(first) : end], 206 if asked else 200, cut(int(first)))

    return answer


def test_pieces_come_side_by_side(fake: Any, service: WorkspaceClient, tmp_path: Path) -> None:
    """Where one connection is slow, some are asked for before the first of them has come."""
    all_ask = threading.Barrier(pieces.AT_ONCE)
    answer = _gives(fake, DATA)

    def together(*asked: Any) -> Any:
        # The first request finds out how fast one connection is.
        if 1 < len(fake.requests) <= 1 + pieces.AT_ONCE:
            all_ask.wait(10)
        return answer(*asked)

    fake.answer = together
    transfer.download(service, _fetch(tmp_path))
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [DATA]
    assert len(fake.requests) == 1 + -(-(len(DATA) - PIECE) // PIECE)


def test_a_fast_line_needs_one_connection(
    fake: Any, service: WorkspaceClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There several cost more than they bring."""
    monkeypatch.setattr(downloads, "_FAST_BYTES_A_SECOND", 0)
    fake.answer = _gives(fake, DATA)
    transfer.download(service, _fetch(tmp_path))
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [DATA]
    assert len(fake.requests) == 1


def test_a_piece_that_breaks_goes_on_where_it_stopped(
    fake: Any, service: WorkspaceClient, tmp_path: Path
) -> None:
    """Each connection breaks once: what has come of a piece is not asked for again."""
    fake.answer = _gives(fake, DATA, lambda first: None if first % PIECE else 1000)
    transfer.download(service, _fetch(tmp_path))
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [DATA]


def test_what_has_come_is_one_part_of_the_file(
    fake: Any, service: WorkspaceClient, tmp_path: Path
) -> None:
    """A piece that cannot be had leaves what is before it, and the next download begins there."""
    lost = 5 * PIECE
    fake.answer = _gives(fake, DATA, lambda first: 0 if first >= lost else None)
    with pytest.raises(ServiceUnreachable):
        transfer.download(service, _fetch(tmp_path))
    fake.answer = _gives(fake, DATA)
    fake.headers.clear()
    transfer.download(service, _fetch(tmp_path))
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [DATA]
    firsts = [int(headers["Range"][6:].partition("-")[0]) for headers in fake.headers]
    assert min(firsts) == lost


def test_where_ranges_are_not_known_the_whole_comes_once(
    fake: Any, service: WorkspaceClient, tmp_path: Path
) -> None:
    """A proxy that strips them would send all of a file for each of its pieces."""
    fake.answer = lambda *_: fake.say(DATA)
    transfer.download(service, _fetch(tmp_path))
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [DATA]
    assert len(fake.requests) <= 2 + pieces.AT_ONCE


def test_where_so_many_are_refused_one_goes_on(
    fake: Any, service: WorkspaceClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The requests of one run that may be open at once are counted, with those of all its nodes."""
    monkeypatch.setattr(connection, "PAUSES", ())
    answer = _gives(fake, DATA)

    def refused(*asked: Any) -> Any:
        first, _, end = fake.here.headers.get("Range", "bytes=0-")[6:].partition("-")
        if end and int(first) >= 3 * PIECE:
            return fake.say({"error": {"code": "temporary", "message": "run r has too many"}}, 503)
        return answer(*asked)

    fake.answer = refused
    transfer.download(service, _fetch(tmp_path))
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [DATA]
    assert fake.headers[-1]["Range"] == f"bytes={3 * PIECE}-"


@pytest.mark.parametrize("grows", [False, True])
def test_pieces_of_two_versions_are_nobodys_file(
    fake: Any, service: WorkspaceClient, tmp_path: Path, grows: bool
) -> None:
    """A datastore's file that changes while it comes is taken as it is at one moment after."""
    now = DATA + b"more" if grows else DATA[::-1]
    target = tmp_path / "a"
    fetch = Fetch(DATASTORES_READ, ("d", "a"), target, size=len(DATA), modified_at="then")
    row = {"path": "a", "size": len(now), "modified_at": "now"}
    old, new = _gives(fake, DATA), _gives(fake, now)

    def answer(method: str, path: str, body: bytes) -> Any:
        if "prefix=" in path:
            return fake.say({"items": [row]})
        return (old if len(fake.requests) < pieces.AT_ONCE else new)(method, path, body)

    fake.answer = answer
    transfer.download(service, fetch)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [now]
    # From one answer: what grows all the time is never twice the same for pieces.
    assert "Range" not in fake.headers[-1]


def test_a_killed_client_is_gone_on_with(client: WorkspaceClient, tmp_path: Path) -> None:
    """What came in pieces before the kill is not fetched again, and the whole is as it was."""
    source = tmp_path / "source"
    source.write_bytes(DATA)
    (entry,) = transfer.store(client, [("x", source)])
    opened, folder = client.connection, tmp_path / "out"
    given = (opened.url, opened.token, client.id, DIGEST, len(DATA), PIECE, folder)
    command = [sys.executable, "-P", "-c", KILLED, *map(str, given)]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    (part,) = folder.iterdir()
    there = part.stat().st_size
    assert 4 * PIECE < there < len(DATA)
    told: list[int] = []

    class Watch(Progress):
        def add(self, size: int, files: int = 0) -> None:
            told.append(size)
            super().add(size, files)

    watch = Watch("", len(DATA), show=False)
    transfer.download(client, transfer.blob(entry, folder), progress=watch)
    assert told[0] == there
    assert [path.read_bytes() for path in folder.iterdir()] == [DATA]
