"""Contents by digest."""

import errno
import io
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from tests.store.blobs_contract import BlobsContract, digest_of

from runyard.protocol.errors import InvalidRequest, StorageFull
from runyard_server.store import batch_logs, together, writeback
from runyard_server.store.batch_logs import FOLDER
from runyard_server.store.blobs import FolderBlobs

RoomFor = Callable[[int], AbstractContextManager[None]]


def files_below(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]


@pytest.fixture
def blobs(tmp_path: Path) -> FolderBlobs:
    return FolderBlobs(tmp_path / "blobs")


class TestFolderBlobs(BlobsContract):
    """A folder is the first of the stores."""


def test_a_content_comes_back_and_cannot_be_changed(blobs: FolderBlobs) -> None:
    """What is stored under a digest is exactly that content, for good."""
    data = os.urandom(3 << 20)
    assert blobs.write(digest_of(data), io.BytesIO(data)) == len(data)
    place = blobs.path(digest_of(data))
    assert place.read_bytes() == data
    assert place.stat().st_mode & 0o777 == 0o444
    assert blobs.size(digest_of(data)) == len(data)


def test_a_full_disk_is_said_and_leaves_nothing(blobs: FolderBlobs, room_for: RoomFor) -> None:
    """On a full disk the request fails with the reason, and space is not eaten up by halves."""
    data = os.urandom(512 << 10)
    with room_for(256 << 10):
        with pytest.raises(StorageFull, match="no space is left"):
            blobs.write(digest_of(data), io.BytesIO(data))
        with pytest.raises(StorageFull):
            blobs.add(io.BytesIO(data))
    assert files_below(blobs.root) == []
    assert blobs.write(digest_of(data), io.BytesIO(data)) == len(data)


def _stopped(blobs: FolderBlobs, *, machine: bool) -> FolderBlobs:
    """The store as the next service finds it, after a power cut or after a kill."""
    for log in (blobs.root / FOLDER).iterdir():
        boot, _, rest = log.name.partition("_")
        log.rename(log.with_name(f"{'another' if machine else boot}_0-{rest.partition('-')[2]}"))
    return FolderBlobs(blobs.root)


def test_what_a_power_cut_takes_of_a_batch_comes_back(blobs: FolderBlobs) -> None:
    """The batch was acknowledged; its files had not been waited for."""
    contents = {digest_of(data): data for data in (b"emptied", b"gone", b"spoilt", b"kept", b"")}
    assert blobs.write_many(contents.items()) == (5, {})
    emptied, gone, spoilt, *_ = map(blobs.path, contents)
    for place, left in ((emptied, b""), (spoilt, b"\0" * 6)):
        place.chmod(0o644)
        place.write_bytes(left)
    gone.unlink()
    after = _stopped(blobs, machine=True)
    assert after.recover() == 1
    assert {digest: after.path(digest).read_bytes() for digest in contents} == contents
    assert all(place.stat().st_mode & 0o777 == 0o444 for place in (emptied, gone, spoilt))


def test_logs_of_batches_are_removed_when_all_is_on_the_disk(blobs: FolderBlobs) -> None:
    """Each would take as much space as its files once more; a kill leaves them to the next."""
    blobs.write_many([(digest_of(b"a"), b"a")])
    after = _stopped(blobs, machine=False)
    after.write_many([(digest_of(b"b"), b"b")])
    assert len(list((blobs.root / FOLDER).iterdir())) == 2
    assert after.recover() == 0
    batch_logs.of(blobs.root / FOLDER).settle()
    assert sorted(files_below(blobs.root)) == sorted(map(blobs.path, map(digest_of, (b"a", b"b"))))


@pytest.mark.parametrize("is_killed", [False, True])
def test_what_a_disk_refused_of_a_batch_is_written_anew(
    blobs: FolderBlobs, monkeypatch: pytest.MonkeyPatch, is_killed: bool
) -> None:
    """The kernel tells of a failed write once; what it has in memory then is not on the disk."""
    digest = digest_of(b"acknowledged")
    blobs.write_many([(digest, b"acknowledged")])
    logs = batch_logs.of(blobs.root / FOLDER)
    before = blobs.path(digest).stat().st_ino

    def refused(_folder: Path) -> None:
        raise OSError(errno.EIO, "input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(writeback, "all_of", refused)
        logs.settle()
    if is_killed:
        assert _stopped(blobs, machine=False).recover() == 1
    else:
        logs.settle()
        assert list((blobs.root / FOLDER).iterdir()) == []
    # Another file with the same bytes: of the first one nobody knows what the disk has.
    assert blobs.path(digest).stat().st_ino != before
    assert blobs.path(digest).read_bytes() == b"acknowledged"


def test_a_log_that_a_power_cut_tore_gives_what_is_whole_in_it(blobs: FolderBlobs) -> None:
    """It was never acknowledged, and must not keep the service from starting."""
    blobs.write_many([(digest_of(data), data) for data in (b"first", b"second")])
    (log,) = (blobs.root / FOLDER).iterdir()
    log.write_bytes(log.read_bytes()[:-3])
    for data in (b"first", b"second"):
        blobs.path(digest_of(data)).unlink()
    after = _stopped(blobs, machine=True)
    assert after.recover() == 1
    assert after.missing([digest_of(b"first"), digest_of(b"second")]) == [digest_of(b"second")]


def test_a_batch_that_fails_half_way_keeps_its_log(
    blobs: FolderBlobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What has its name by then is counted on by others, and only the log is on the disk."""
    real = together.name
    named: list[str] = []

    def name(temporary: str, place: str) -> None:
        if named:
            raise OSError(errno.ENOSPC, "no space left")
        named.append(place)
        real(temporary, place)

    monkeypatch.setattr(together, "name", name)
    contents = {digest_of(data): data for data in (b"first", b"second")}
    with pytest.raises(StorageFull):
        blobs.write_many(contents.items())
    Path(named[0]).unlink()
    after = _stopped(blobs, machine=True)
    after.recover()
    assert after.missing(contents) == []


def test_holes_in_a_log_spoil_nothing(blobs: FolderBlobs) -> None:
    """A power cut may leave zeros in a log that nobody waited for; other uploads' contents stay."""
    digest = digest_of(b"x" * 500)
    blobs.write_many([(digest, b"x" * 500)])
    (log,) = (blobs.root / FOLDER).iterdir()
    log.write_bytes(log.read_bytes().replace(b"x" * 500, b"\0" * 500))
    after = _stopped(blobs, machine=True)
    after.recover()
    assert after.path(digest).read_bytes() == b"x" * 500


def test_an_upload_that_was_killed_at_its_very_end_goes_on(
    blobs: FolderBlobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was read-only by then, as a content is, and had no name yet."""
    digest = digest_of(b"whole")
    draft = blobs.draft(digest)
    draft.path.parent.mkdir(parents=True)
    draft.path.write_bytes(b"who")
    draft.path.chmod(0o444)
    real = os.open

    def opened(path: Path, flags: int, mode: int = 0o777) -> int:
        # As it is for whoever is not root.
        if flags & os.O_RDWR and path == draft.path and not path.stat().st_mode & 0o200:
            raise PermissionError(errno.EACCES, "permission denied")
        return real(path, flags, mode)

    monkeypatch.setattr(os, "open", opened)
    with pytest.raises(InvalidRequest, match="offset must be 0 or more"):
        draft.taking(-1, hashed=True)
    body = draft.taking(3, hashed=True)
    assert body is not None
    body.close()
