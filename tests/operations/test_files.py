"""Files and logs of runs."""

import io
import os
import tracemalloc
from collections.abc import Callable
from zipfile import ZipFile

import pytest

from runyard.protocol.errors import (
    AlreadyExists,
    Conflict,
    InvalidRequest,
    MissingBlobs,
    RunFileNotFound,
    RunNotFound,
    WrongState,
)
from runyard.protocol.events import FILE, EventQuery
from runyard.protocol.files import ArchiveQuery, FileEntry, FileQuery, LogQuery, RegisterFiles
from runyard_server.core.notices import run_topic
from runyard_server.core.system import System
from runyard_server.execution import sealing
from runyard_server.operations import archives, events, files, logs, runs

Store = Callable[..., FileEntry]
DRIVER = "azureml-logs/70_driver_log.txt"


def register(system: System, run: str, *entries: FileEntry, overwrite: bool = False) -> list[str]:
    body = RegisterFiles(files=list(entries), overwrite=overwrite)
    return [f.path for f in files.register(system, "default", run, body=body).items]


def append(system: System, run: str, data: bytes, offset: int = 0, path: str = DRIVER) -> int:
    query = LogQuery(offset=offset)
    mark = logs.append(system, "default", run, path, query=query, body=io.BytesIO(data))
    return mark.size


def test_files_and_logs_are_one_list(system: System, run_with_files: str) -> None:
    """`get_file_names()` knows artifacts and logs alike, sorted, in pages of any size."""
    found, token = [], None
    while True:
        query = FileQuery(page_size=2, page_token=token)
        page = files.list_(system, "default", run_with_files, query)
        assert len(page.items) <= 2
        found += [(file.path, file.kind, file.live) for file in page.items]
        token = page.next_page_token
        if token is None:
            break
    assert found == [
        (DRIVER, "log", True),
        ("outputs/model/graph.meta", "artifact", False),
        ("outputs/model/weights.data", "artifact", False),
        ("outputs/modelling.txt", "artifact", False),
        ("plot.png", "artifact", False),
    ]


def test_a_prefix_narrows_the_list(system: System, run_with_files: str) -> None:
    """Downloads of one folder do not list the others."""
    page = files.list_(system, "default", run_with_files, FileQuery(prefix="outputs/model/"))
    assert [f.path for f in page.items] == [
        "outputs/model/graph.meta",
        "outputs/model/weights.data",
    ]
    page = files.list_(system, "default", run_with_files, FileQuery(prefix="azureml"))
    assert [f.path for f in page.items] == [DRIVER]


def test_reading_gives_the_content(system: System, run_with_files: str) -> None:
    """Artifacts come from the stored contents, logs as far as they have grown."""
    content = files.read(system, "default", run_with_files, "./outputs/model/graph.meta")
    assert (content.path.read_text(), content.size, content.live) == ("graph", 5, False)
    log = files.read(system, "default", run_with_files, DRIVER)
    assert (log.path.read_text(), log.size, log.live) == ("hello\n", 6, True)
    assert log.media_type.startswith("text/plain")
    with pytest.raises(RunFileNotFound, match="70_driver_log") as caught:
        files.read(system, "default", run_with_files, "azureml-logs/70_driver.txt")
    assert caught.value.details["nearest"][0] == DRIVER
    with pytest.raises(InvalidRequest):
        files.read(system, "default", run_with_files, "../../../etc/passwd")


def test_pages_of_others_are_not_served_as_pages(
    system: System, run: str, store_text: Store
) -> None:
    """A file that a job wrote cannot act as a page of the service in a signed-in browser."""
    register(system, run, store_text("x.html", "<script>"), store_text("x.svg", "<svg>"))
    for name in ("x.html", "x.svg"):
        media = files.read(system, "default", run, name).media_type
        assert media in ("text/plain; charset=utf-8", "application/octet-stream")


def test_the_same_content_twice_is_no_conflict(system: System, run: str, store_text: Store) -> None:
    """A script may upload what the collection of outputs uploads again at the end."""
    register(system, run, store_text("outputs/a", "one"))
    register(system, run, store_text("outputs/a", "one"))
    with pytest.raises(AlreadyExists, match="Resource Conflict"):
        register(system, run, store_text("outputs/b", "b"), store_text("outputs/a", "two"))
    with pytest.raises(RunFileNotFound):
        files.read(system, "default", run, "outputs/b")
    register(system, run, store_text("outputs/a", "two"), overwrite=True)
    assert files.read(system, "default", run, "outputs/a").path.read_text() == "two"


def test_a_registration_is_an_event(system: System, run: str, store_text: Store) -> None:
    """Whoever follows the run hears of its files; a repeat is no news."""
    mark = system.notices.mark()
    for _ in range(2):
        register(system, run, store_text("a", "1"), store_text("b", "2"))
    news = [
        event
        for event in events.list_(system, "default", run, EventQuery()).items
        if event.kind == FILE
    ]
    assert [event.message for event in news] == ["a and 1 more"]
    assert system.notices.wait([run_topic("default", run)], 0, since=mark)


def test_contents_must_be_stored_and_paths_sound(
    system: System, run: str, store_text: Store
) -> None:
    """A listed file can always be read, under one unambiguous name."""
    with pytest.raises(MissingBlobs):
        register(system, run, FileEntry("a", "0" * 64, 1))
    entry = store_text("a", "x")
    with pytest.raises(InvalidRequest, match="twice"):
        register(system, run, entry, FileEntry("./a", entry.digest, 1))
    with pytest.raises(InvalidRequest, match="cannot be a file and hold"):
        register(system, run, entry, FileEntry("a/b", entry.digest, 1))
    with pytest.raises(InvalidRequest, match="changed while it was read"):
        register(system, run, FileEntry("a", entry.digest, 2))
    with pytest.raises(RunNotFound):
        register(system, "nope", entry)


def test_a_log_grows_and_wakes_its_readers(system: System, run: str) -> None:
    """A viewer sees a line as soon as it has arrived."""
    topic, mark = run_topic("default", run), system.notices.mark()
    assert append(system, run, b"one\n") == 4
    assert system.notices.wait([topic], 0, since=mark)
    assert append(system, run, b"one\ntwo\n") == 8
    with pytest.raises(WrongState, match="has 8 bytes"):
        append(system, run, b"x", offset=9)
    with pytest.raises(InvalidRequest):
        append(system, run, b"x", offset=-1)
    with pytest.raises(RunNotFound):
        append(system, "nope", b"x")
    assert files.read(system, "default", run, DRIVER).path.read_text() == "one\ntwo\n"


def test_logs_stay_listed_when_the_run_has_ended(system: System, run: str) -> None:
    """Sealing writes logs down; what arrives later is still appended and shown."""
    append(system, run, b"one\n")
    runs.complete(system, "default", run)
    sealing.list_logs(system, "default", run)
    sealing.list_logs(system, "default", run)
    append(system, run, b"two\n", offset=4)
    found = files.list_(system, "default", run, FileQuery()).items
    assert [(f.path, f.size, f.kind, f.live) for f in found] == [(DRIVER, 8, "log", False)]
    assert not files.read(system, "default", run, DRIVER).live


def test_a_path_is_a_file_or_a_folder(system: System, run: str, store_text: Store) -> None:
    """What no disk can hold together is refused by name, but never to a job's delivery."""
    register(system, run, store_text("a", "1"), store_text("d/e/f", "2"), store_text("d2", "3"))
    for path, there in (("a/b/c", "a"), ("d", "d/e/f"), ("d/e", "d/e/f")):
        with pytest.raises(Conflict, match=f"{path!r} cannot stand beside {there!r}"):
            register(system, run, store_text("new", "n"), store_text(path, "x"))
    with pytest.raises(RunFileNotFound):
        files.read(system, "default", run, "new")
    register(system, run, store_text("d/e/g", "4"), store_text("a", "1"))
    register(system, run, store_text("a/b", "5"), overwrite=True)
    register(system, run, store_text("a/b", "5"))
    assert files.read(system, "default", run, "a/b").path.read_text() == "5"


def archived(system: System, run: str, folder: str = "") -> tuple[str, ZipFile]:
    """What a browser is sent of a folder: the archive's name, and the archive."""
    answer = files.archive(system, "default", run, ArchiveQuery(folder))
    return answer.name, ZipFile(io.BytesIO(b"".join(answer.chunks)))


def test_an_archive_has_a_folder_whole_and_spreads_nothing(
    system: System, run_with_files: str
) -> None:
    """Unpacked it is one folder with the bytes that were stored, a log as far as it had come."""
    name, whole = archived(system, run_with_files)
    assert name == f"{run_with_files}.zip"
    assert whole.testzip() is None
    assert {
        file.removeprefix(f"{run_with_files}/"): whole.read(file) for file in whole.namelist()
    } == {
        "azureml-logs/70_driver_log.txt": b"hello\n",
        "outputs/model/graph.meta": b"graph",
        "outputs/model/weights.data": b"weights",
        "outputs/modelling.txt": b"notes",
        "plot.png": b"picture",
    }
    for folder in ("outputs/model", "outputs/model/"):
        name, part = archived(system, run_with_files, folder)
        assert name == f"{run_with_files}-outputs-model.zip"
        assert part.namelist() == ["model/graph.meta", "model/weights.data"]


def test_an_archive_keeps_what_may_be_executed(system: System, run: str, store_text: Store) -> None:
    """A script that was made to be started can be started where it is unpacked."""
    entry = store_text("outputs/go.sh", "#!/bin/sh\n")
    register(system, run, FileEntry(entry.path, entry.digest, entry.size, executable=True))
    _, found = archived(system, run)
    (info,) = found.infolist()
    assert info.external_attr >> 16 & 0o777 == 0o755


def test_no_archive_is_begun_that_could_not_be_whole(
    system: System, run_with_files: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is missing, leads upwards or is too much is refused before the first byte."""
    with pytest.raises(RunFileNotFound, match="outputs/model"):
        archived(system, run_with_files, "outputs/models")
    with pytest.raises(InvalidRequest):
        archived(system, run_with_files, "../default")
    monkeypatch.setattr(archives, "MOST_ARCHIVED_FILES", 4)
    with pytest.raises(InvalidRequest, match="runyard runs download"):
        archived(system, run_with_files)
    monkeypatch.setattr(archives, "MOST_ARCHIVED_BYTES", 11)
    with pytest.raises(InvalidRequest, match="runyard runs download"):
        archived(system, run_with_files, "outputs/model")


def test_a_large_archive_takes_no_more_memory(system: System, run: str) -> None:
    """A model of gigabytes is sent while it is read, and no copy of it is made on the disk."""
    append(system, run, os.urandom(1 << 20) * 24)
    sent = files.archive(system, "default", run, ArchiveQuery()).chunks
    tracemalloc.start()
    size = sum(map(len, sent))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # What is random gets no smaller.
    assert size > 24 << 20
    assert most < 8 << 20
