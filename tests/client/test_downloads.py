"""Downloads take the shortest way, and go on where one before was killed."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import random
from typing import TYPE_CHECKING, Any

import pytest

from runyard.client import part_files, transfer
from runyard.client.connection import Connection
from runyard.client.part_files import KEPT_BYTES
from runyard.client.transfer import Fetch
from runyard.client.workspace import WorkspaceClient
from runyard.protocol.errors import RunyardError, ServiceUnreachable
from runyard.protocol.files import FileEntry
from runyard.protocol.paths import content
from runyard.protocol.routes import DATASTORES_READ, FILES_READ

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

DATA = random.Random(1).randbytes(KEPT_BYTES + 3000)
DIGEST = hashlib.sha256(DATA).hexdigest()
CUT = KEPT_BYTES + 1000


@pytest.fixture
def service(fake: Any) -> Iterator[WorkspaceClient]:
    """A workspace of the fake service."""
    with Connection(fake.url, "t") as connection:
        yield WorkspaceClient(connection, "w")


def _serves(fake: Any, data: bytes, cut: int | None = None) -> Callable[..., Any]:
    """Answer with a file, or the rest of it that is asked for; `cut`: break off there, always."""

    def answer(*_: Any) -> Any:
        first = int(fake.headers[-1].get("Range", "bytes=0-")[6:-1])
        left = None if cut is None else max(0, cut - first)
        return fake.say(data[first:], 206 if first else 200, left)

    return answer


def test_contents_of_this_machine_are_not_asked_for(fake: Any, tmp_path: Path) -> None:
    """The service would read them from the same disk; what is damaged there comes from it."""
    home, small = tmp_path / "home", b"small"
    entries = []
    for name, data in (("large", DATA), ("small", small), ("damaged", small + b"!")):
        digest = hashlib.sha256(data).hexdigest()
        place = home / "blobs" / content(digest)
        place.parent.mkdir(parents=True)
        place.write_bytes(data)
        place.chmod(0o444)
        entries.append(FileEntry(name, digest, len(data), executable=name == "large"))
    place.chmod(0o644)
    place.write_bytes(b"SMALL!")
    fake.answer = lambda *_: fake.say(transfer.batches.join([(entries[2].digest, small + b"!")]))
    with Connection(fake.url, "t", home=str(home)) as connection:
        fetches = [transfer.blob(entry, tmp_path / "out") for entry in entries]
        transfer.download_many(WorkspaceClient(connection, "w"), fetches)
    out = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    assert out == {"large": DATA, "small": small, "damaged": small + b"!"}
    assert (tmp_path / "out" / "large").stat().st_mode & 0o311 == 0o311
    assert [(request[0], DIGEST in str(request)) for request in fake.requests] == [("POST", False)]


def test_a_large_download_goes_on_where_it_broke_off(
    fake: Any, service: WorkspaceClient, tmp_path: Path
) -> None:
    """Gigabytes are not fetched twice because a notebook was closed."""
    target = tmp_path / "model.bin"
    fetch = Fetch(FILES_READ, ("r", "model.bin"), target, size=len(DATA), digest=DIGEST)
    fake.answer = _serves(fake, DATA, CUT)
    with pytest.raises(ServiceUnreachable):
        transfer.download(service, fetch)
    assert not target.exists()
    fake.answer = _serves(fake, DATA)
    fake.headers.clear()
    transfer.download(service, fetch)
    assert [headers.get("Range") for headers in fake.headers] == [f"bytes={CUT}-"]
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [DATA]


def test_what_came_before_is_checked(fake: Any, service: WorkspaceClient, tmp_path: Path) -> None:
    """A power cut may have spoilt it: it is dropped, and the next download begins anew."""
    target = tmp_path / "model.bin"
    fetch = Fetch(FILES_READ, ("r", "model.bin"), target, size=len(DATA), digest=DIGEST)
    fake.answer = _serves(fake, bytes(len(DATA)), CUT)
    with pytest.raises(ServiceUnreachable):
        transfer.download(service, fetch)
    fake.answer = _serves(fake, DATA)
    with pytest.raises(RunyardError, match="arrived damaged"):
        transfer.download(service, fetch)
    transfer.download(service, fetch)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [DATA]


@pytest.mark.parametrize("changed", [False, True])
def test_a_datastores_file_is_gone_on_with_only_if_it_is_the_same(
    fake: Any, service: WorkspaceClient, tmp_path: Path, changed: bool
) -> None:
    """It has no digest: half of one version and half of the next would be nobody's file."""
    now = DATA[::-1] if changed else DATA
    target = tmp_path / "data.bin"
    fetch = Fetch(DATASTORES_READ, ("d", "a"), target, size=len(DATA), modified_at="then")
    fake.answer = _serves(fake, DATA, CUT)
    with pytest.raises(ServiceUnreachable):
        transfer.download(service, fetch)
    rest = _serves(fake, now)
    row = {"path": "a", "size": len(DATA), "modified_at": "now" if changed else "then"}
    fake.answer = lambda _m, path, _b: fake.say({"items": [row]}) if "prefix=" in path else rest()
    transfer.download(service, fetch)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [now]


def test_a_file_that_is_replaced_while_it_comes_is_fetched_anew(
    fake: Any, service: WorkspaceClient, tmp_path: Path
) -> None:
    """The connection breaks, and what goes on behind the break is the next version's."""
    now = DATA[::-1]
    fetch = Fetch(DATASTORES_READ, ("d", "a"), tmp_path / "a", size=len(DATA), modified_at="then")
    row = {"path": "a", "size": len(DATA), "modified_at": "now"}
    answers = [_serves(fake, DATA, CUT), *[_serves(fake, now)] * 2]
    fake.answer = lambda _m, path, _b: (
        fake.say({"items": [row]}) if "prefix=" in path else answers.pop(0)()
    )
    transfer.download(service, fetch)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [now]
    assert answers == []


def test_two_downloads_of_one_file_do_not_mix(
    fake: Any, service: WorkspaceClient, tmp_path: Path
) -> None:
    """Each writes to a part of its own."""
    fake.answer = _serves(fake, DATA)
    fetch = Fetch(FILES_READ, ("r", "x"), tmp_path / "x", size=len(DATA), digest=DIGEST)
    transfer.parallel(lambda each: transfer.download(service, each, overwrite=True), [fetch] * 4)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [DATA]


def test_a_folder_that_several_people_share_hinders_nobody(
    fake: Any, service: WorkspaceClient, tmp_path: Path
) -> None:
    """A part of somebody else's, or a link in its place, is left alone."""
    fake.answer = _serves(fake, DATA)
    fetch = Fetch(FILES_READ, ("r", "x"), tmp_path / "x", size=len(DATA), digest=DIGEST)
    other = tmp_path / "other"
    other.write_bytes(b"theirs")
    name = part_files._hash(f"x\0{DIGEST}")
    (tmp_path / f".{name}.part").symlink_to(other)
    transfer.download(service, fetch)
    assert (tmp_path / "x").read_bytes() == DATA
    assert other.read_bytes() == b"theirs"


def test_no_part_stays_where_nothing_can_be_locked(
    fake: Any, service: WorkspaceClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a run's outputs it would be kept as one of its files."""
    fake.answer = _serves(fake, DATA)

    def flock(*_: Any) -> None:
        raise OSError(errno.ENOLCK, "no locks available")

    monkeypatch.setattr(fcntl, "flock", flock)
    fetch = Fetch(FILES_READ, ("r", "x"), tmp_path / "x", size=len(DATA), digest=DIGEST)
    transfer.download(service, fetch)
    assert [path.name for path in tmp_path.iterdir()] == ["x"]
