"""Downloads arrive whole or not at all, and never outside their folder."""

from __future__ import annotations

import pytest

from runyard.client import transfer
from runyard.client.connection import Connection
from runyard.client.transfer import Fetch
from runyard.client.workspace import WorkspaceClient
from runyard.protocol.errors import (
    BlobNotFound,
    InvalidRequest,
    RunyardError,
    ServiceUnreachable,
)
from runyard.protocol.routes import BLOBS_READ


@pytest.fixture
def service(fake):
    """A workspace of the fake service."""
    with Connection(fake.url, "t") as connection:
        yield WorkspaceClient(connection, "w")


def test_a_download_that_fails_leaves_nothing(fake, service, tmp_path):
    """A half model must never look like a model."""
    target = tmp_path / "deep" / "model.bin"
    fake.answer = lambda *_: fake.say(b"x" * 1000, cut=0 if "Range" in fake.headers[-1] else 10)
    with pytest.raises(ServiceUnreachable, match="10 of 1000 bytes"):
        transfer.download(service, Fetch(BLOBS_READ, ("d",), target))
    fake.answer = lambda *_: fake.say({"error": {"code": "blob_not_found", "message": "no"}}, 404)
    with pytest.raises(BlobNotFound):
        transfer.download(service, Fetch(BLOBS_READ, ("d",), target))
    assert list(target.parent.iterdir()) == []


def test_an_existing_file_is_replaced_only_when_asked(fake, service, tmp_path):
    """And then by rename, so that a reader sees the old or the new one."""
    target = tmp_path / "a.txt"
    target.write_text("old")
    fake.answer = lambda *_: fake.say(b"new")
    with pytest.raises(FileExistsError):
        transfer.download(service, Fetch(BLOBS_READ, ("d",), target))
    transfer.download(service, Fetch(BLOBS_READ, ("d",), target, executable=True), overwrite=True)
    assert target.read_text() == "new"
    assert target.stat().st_mode & 0o111


def test_many_files_come_in_parallel_and_an_error_is_raised(fake, service, tmp_path):
    """Each in its place; the first failure ends the whole."""
    fake.answer = lambda _m, path, _b: fake.say(path.rpartition("/")[2].encode())
    fetches = [Fetch(BLOBS_READ, (str(n),), tmp_path / str(n)) for n in range(20)]
    transfer.download_many(service, fetches)
    assert [(tmp_path / str(n)).read_text() for n in range(20)] == [str(n) for n in range(20)]
    fake.answer = lambda *_: fake.say({"error": {"code": "blob_not_found", "message": "no"}}, 404)
    with pytest.raises(BlobNotFound):
        transfer.download_many(service, fetches, overwrite=True)


@pytest.mark.parametrize("name", ["/etc/x", "../x", "a/../../x", "a\\..\\x", "", "a\0b"])
def test_names_that_lead_elsewhere_are_refused(tmp_path, name):
    """A service must not write outside the folder the user named."""
    with pytest.raises(RunyardError, match="no path below"):
        transfer.inside(tmp_path, name)


def test_ordinary_names_are_joined(tmp_path):
    """`./` and doubled slashes do no harm."""
    assert transfer.inside(tmp_path, "./a//b") == tmp_path / "a" / "b"


def test_what_has_no_place_is_named_when_all_others_are_there(fake, service, tmp_path):
    """One name that is a file and a folder must not cost a run's other files."""
    fake.answer = lambda _m, path, _b: fake.say(path.rpartition("/")[2].encode())
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    names = ("a", "a/b/c", "a/b", "file/x", "folder", "good", "z/good")
    fetches = [Fetch(BLOBS_READ, (str(n),), tmp_path / name) for n, name in enumerate(names)]
    with pytest.raises(InvalidRequest) as error:
        transfer.download_many(service, fetches, overwrite=True)
    lost = [str(tmp_path / name) for name in ("a", "a/b", "file/x", "folder")]
    assert error.value.details["paths"] == lost
    assert "4 of 7 files were not brought" in error.value.message
    assert f"{lost[0]!r} is a folder" in error.value.message
    assert f"through {str(tmp_path / 'file')!r}, which is a file" in error.value.message
    for name, content in (("a/b/c", "1"), ("good", "5"), ("z/good", "6"), ("file", "mine")):
        assert (tmp_path / name).read_text() == content
