"""Which files of a folder a job gets, and that only new contents travel."""

from __future__ import annotations

import hashlib
import io
import os
from typing import TYPE_CHECKING, Any

import pytest

from runyard.client import source_folders, transfer
from runyard.client.connection import Connection
from runyard.protocol.batches import split
from runyard.protocol.errors import InvalidRequest, MissingBlobs
from runyard.protocol.files import BatchResult, MissingBlobList
from runyard.protocol.snapshots import SnapshotRecord, snapshot_id

if TYPE_CHECKING:
    from pathlib import Path


class Store:
    """Keeps contents and snapshots as the service does."""

    def __init__(self) -> None:
        self.blobs: dict[str, bytes] = {}
        self.sent: list[str] = []
        self.connection = Connection("http://127.0.0.1:1", "")

    def call(self, route: Any, *_: str, body: Any) -> Any:
        if route.name == "blobs.missing":
            return MissingBlobList([d for d in body.digests if d not in self.blobs])
        missing = [f.digest for f in body.files if f.digest not in self.blobs]
        if missing:
            raise MissingBlobs("send them", {"missing": missing})
        return SnapshotRecord(snapshot_id(body.files), body.files)

    def send(self, _route: Any, *_: str, data: bytes, size: int, query: Any = None) -> BatchResult:
        assert (len(data), query) == (size, None)
        body = io.BytesIO(data)
        contents = list(split(body.read))
        self.blobs.update((name, data) for name, data in contents if data is not None)
        self.sent += [name for name, _ in contents]
        return BatchResult(len(contents))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A folder with a script, data and a folder below."""
    (tmp_path / "train.py").write_text("print(1)")
    (tmp_path / "run.sh").write_text("echo")
    (tmp_path / "run.sh").chmod(0o755)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "x.bin").write_bytes(b"x" * 100)
    return tmp_path


def _names(folder: Path) -> list[str]:
    return [name for name, _ in source_folders.files(folder)]


def test_without_an_ignore_file_everything_goes_in(source):
    """Also dot-files: nothing is left out that was not named."""
    (source / ".hidden").write_text("")
    assert _names(source) == [".hidden", "data/x.bin", "run.sh", "train.py"]


def test_amlignore_beats_gitignore_and_only_the_top_counts(source):
    """Never both files, never one deeper down."""
    (source / ".gitignore").write_text("*.py\n")
    assert "train.py" not in _names(source)
    (source / ".amlignore").write_text("data/\n.*\n")
    (source / "deep").mkdir()
    (source / "deep" / ".amlignore").write_text("*")
    (source / "deep" / "kept.txt").write_text("")
    assert _names(source) == ["deep/kept.txt", "run.sh", "train.py"]


@pytest.mark.parametrize("name", source_folders.IGNORE_FILES)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_first_pattern_counts_whatever_editor_wrote_the_file(source, name, encoding):
    """A key that was to stay here does not travel because of a byte order mark."""
    (source / "secret.pem").write_text("")
    (source / name).write_bytes("secret.pem\r\ndata/\r\n".encode(encoding))
    assert _names(source) == [name, "run.sh", "train.py"]


def test_an_ignore_file_that_cannot_be_read_is_refused_by_name(source):
    """Patterns that are lost silently send what was to stay here."""
    (source / ".amlignore").write_bytes("geheim-größe.txt".encode("cp1252"))
    with pytest.raises(InvalidRequest, match=r"\.amlignore is not UTF-8"):
        _names(source)
    (source / ".amlignore").unlink()
    (source / ".amlignore").symlink_to("nowhere")
    with pytest.raises(InvalidRequest, match=r"\.amlignore' cannot be read: No such file"):
        _names(source)


def test_links_are_followed_and_loops_refused(source, tmp_path_factory):
    """A link to data elsewhere is data; a link to a folder above is a mistake."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "far.txt").write_text("far")
    (source / "link").symlink_to(elsewhere)
    assert "link/far.txt" in _names(source)
    (source / "data" / "up").symlink_to(source)
    with pytest.raises(InvalidRequest, match="contains itself"):
        _names(source)


def test_what_has_no_content_is_named_once_and_the_rest_goes_in(source):
    """Links to nothing, links to themselves, pipes, empty folders: one warning, no refusal."""
    (source / "gone").symlink_to("/nowhere")
    (source / "circle").symlink_to("circle")
    os.mkfifo(source / "pipe")
    for name in ("empty", "outputs", "logs"):
        (source / name).mkdir()
    with pytest.warns(UserWarning, match="left out of the snapshot") as told:
        found = source_folders.scan(source)
    assert [entry.path for entry, _ in found] == ["data/x.bin", "run.sh", "train.py"]
    (text,) = [str(one.message) for one in told]
    assert text.endswith(
        "'circle' (a link that leads to itself); 'empty' (an empty folder); 'gone' (a link to "
        "nothing); 'pipe' (a fifo)"
    )
    (source / ".amlignore").write_text("gone\ncircle\npipe\nempty/\n")
    assert len(source_folders.scan(source)) == 4


def test_the_state_folder_in_the_source_is_left_out_before_sizes_count(source, monkeypatch):
    """`cd ~; submit(".")` takes neither the secret nor gigabytes of former runs."""
    monkeypatch.setenv("RUNYARD_HOME", str(source / "state"))
    (source / "state" / "blobs").mkdir(parents=True)
    (source / "state" / "blobs" / "large").write_bytes(bytes(5000))
    with pytest.warns(UserWarning, match=r"'state' \(the folder of the service's own files\)"):
        found = source_folders.scan(source, limit=1000)
    assert [entry.path for entry, _ in found] == ["data/x.bin", "run.sh", "train.py"]


def test_a_file_that_cannot_be_read_is_named(source, monkeypatch):
    """The script may need it: it is neither left out silently nor told as "[Errno 13]"."""

    def describe(path, _name):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(transfer, "describe", describe)
    with pytest.raises(InvalidRequest, match=r"data/x\.bin cannot be read: Permission denied"):
        source_folders.scan(source)


def test_a_file_that_vanishes_meanwhile_is_named_and_the_rest_goes_in(source, monkeypatch):
    """Editors write files that live for a moment."""
    describe = transfer.describe

    def describing(path, name):
        (source / "train.py").unlink(missing_ok=True)
        return describe(path, name)

    monkeypatch.setattr(transfer, "THREADS", 1)
    monkeypatch.setattr(transfer, "describe", describing)
    with pytest.warns(UserWarning, match=r"'train\.py' \(it vanished meanwhile\)"):
        found = source_folders.scan(source)
    assert [entry.path for entry, _ in found] == ["data/x.bin", "run.sh"]


def test_a_file_that_grows_meanwhile_is_taken_as_it_was(source):
    """`nohup python submit.py > out.log &` in the source folder is no error."""
    store = Store()
    found = source_folders.scan(source)
    with (source / "train.py").open("a") as file:
        file.write("# and more")
    source_folders.send(store, found)
    assert b"print(1)" in store.blobs.values()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda folder: folder / "missing", "does not exist"),
        (lambda folder: folder / "train.py", "is a file"),
        (lambda folder: (folder / "empty").mkdir() or folder / "empty", "has no files"),
    ],
)
def test_a_folder_that_is_none_is_named(source, make, said):
    """Before anything is sent."""
    with pytest.raises(InvalidRequest, match=said):
        source_folders.scan(make(source))


def test_a_large_folder_names_its_ten_largest_files(source):
    """The message is the list of what to put into .amlignore."""
    for number in range(12):
        (source / f"big-{number:02}.bin").write_bytes(b"b" * (2000 + number))
    with pytest.raises(InvalidRequest) as error:
        source_folders.scan(source, limit=10_000)
    assert "big-11.bin" in error.value.message
    assert "big-01.bin" not in error.value.message
    assert ".amlignore" in error.value.message


def test_the_same_folder_is_the_same_snapshot_and_sends_nothing_twice(source):
    """A second submit costs hashing alone; one changed file costs one file."""
    store = Store()
    first = source_folders.take(store, source)
    assert len(store.sent) == 3
    assert source_folders.take(store, source) == first
    assert len(store.sent) == 3
    (source / "train.py").write_text("print(2)")
    assert source_folders.take(store, source) != first
    assert len(store.sent) == 4


def test_a_file_of_the_same_size_and_age_is_still_read_again(source):
    """Hashes are remembered only of files that have been left alone for a while."""
    old = {e.path: e.digest for e, _ in source_folders.scan(source)}
    path = source / "train.py"
    times = path.stat()
    path.write_text("print(3)")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    new = {e.path: e.digest for e, _ in source_folders.scan(source)}
    assert old["train.py"] != new["train.py"]
    assert {e.path for e, _ in source_folders.scan(source) if e.executable} == {"run.sh"}


def test_files_that_are_rewritten_meanwhile_are_taken_as_of_one_moment(source):
    """A program that writes its state each second into the folder stops nobody from submitting."""

    class Checking(Store):
        def send(self, _route: Any, *names: str, data: Any, size: int, **_: Any) -> Any:
            content = b"" if isinstance(data, bytes) else data.read(size)
            if not names or hashlib.sha256(content).hexdigest() != names[0]:
                raise InvalidRequest("the content has another digest")
            self.blobs[names[0]] = content

    store = Checking()
    found = source_folders.scan(source)
    (source / "train.py").write_text("print('another')")
    (source / "run.sh").write_text("e")
    (source / "data" / "x.bin").unlink()
    with pytest.warns(UserWarning, match=r"'data/x\.bin' \(it vanished meanwhile\)"):
        made = source_folders.send(store, found)
    assert {b"print('another')", b"e"} == set(store.blobs.values())
    assert made != snapshot_id([entry for entry, _ in found])


def test_a_file_that_changes_while_it_is_sent_is_named(source):
    """Never a snapshot with half of a file."""

    class Strict(Store):
        def send(self, *_: Any, **__: Any) -> None:
            raise InvalidRequest("the content has another digest")

    found = source_folders.scan(source)
    (source / "train.py").write_text("print(4)")
    only = [pair for pair in found if pair[0].path == "train.py"]
    with pytest.raises(InvalidRequest, match=r"train\.py changed"):
        transfer.put_blobs(Strict(), only)
