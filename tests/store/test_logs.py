"""Logs of runs."""

import io
import os
import subprocess
import threading
import zlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runyard.protocol.errors import InvalidRequest, StorageFull, WrongState
from runyard_server.store.logs import LogStore

DRIVER = "azureml-logs/70_driver_log.txt"


@pytest.fixture
def logs(tmp_path: Path) -> LogStore:
    return LogStore(tmp_path / "logs")


def append(logs: LogStore, offset: int, data: bytes, path: str = DRIVER) -> int:
    return logs.append("default", "r1", path, offset, io.BytesIO(data))


@settings(max_examples=50, deadline=None)
@given(
    data=st.binary(max_size=200), cuts=st.lists(st.tuples(st.integers(0, 200), st.integers(0, 200)))
)
def test_any_sending_again_gives_the_same_log(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, cuts: list[tuple[int, int]]
) -> None:
    """A courier may repeat, overlap and start over: each byte stands once, in its place."""
    logs = LogStore(tmp_path_factory.mktemp("logs"))
    size = 0
    for start, end in [*cuts, (0, len(data))]:
        if min(start, len(data)) > size:
            with pytest.raises(WrongState):
                append(logs, start, data[start:end])
            continue
        size = append(logs, min(start, size), data[min(start, size) : end])
    assert logs.path("default", "r1", DRIVER).read_bytes() == data


def test_a_gap_is_refused_with_the_size(logs: LogStore) -> None:
    """The courier learns where to go on."""
    append(logs, 0, b"abc")
    with pytest.raises(WrongState, match="has 3 bytes") as caught:
        append(logs, 5, b"x")
    assert caught.value.details == {"size": 3}


def test_appends_at_once_do_not_mix(logs: LogStore) -> None:
    """Two couriers of one log (an agent and its salvage) do not double lines."""
    data = os.urandom(300_000)
    threads = [threading.Thread(target=append, args=(logs, 0, data)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert logs.path("default", "r1", DRIVER).read_bytes() == data


def test_logs_are_listed_by_path(logs: LogStore) -> None:
    """All logs of a run and of no other, with sizes."""
    append(logs, 0, b"ab", "logs/deep/x.txt")
    append(logs, 0, b"abc")
    logs.append("default", "r2", "other.txt", 0, io.BytesIO(b"x"))
    found = [(log.path, log.size) for log in logs.list_("default", "r1")]
    assert found == [(DRIVER, 3), ("logs/deep/x.txt", 2)]
    assert logs.list_("default", "unknown") == []
    assert logs.size("default", "r1", DRIVER) == 3
    assert logs.size("default", "r1", "no.txt") is None


@pytest.mark.parametrize("path", ["../r2/x", "/etc/x", "a\\b"])
def test_a_log_stays_in_its_run(logs: LogStore, path: str) -> None:
    """A job cannot write outside its own run."""
    with pytest.raises(InvalidRequest):
        append(logs, 0, b"x", path)


def test_a_full_disk_loses_nothing_for_good(
    logs: LogStore, room_for: Callable[[int], AbstractContextManager[None]]
) -> None:
    """What fits is kept; when there is space again the courier sends the rest."""
    data = os.urandom(200_000)
    with room_for(100_000), pytest.raises(StorageFull, match="no space is left"):
        append(logs, 0, data)
    kept = logs.size("default", "r1", DRIVER)
    assert kept == 100_000
    assert append(logs, kept, data[kept:]) == 200_000
    assert logs.path("default", "r1", DRIVER).read_bytes() == data


def test_a_file_written_anew_replaces_its_log(logs: LogStore) -> None:
    """`json.dump` of each epoch leaves the last one, and who reads the old one is not disturbed."""
    append(logs, 0, b'{"epoch": 1, "loss": 0.5}', "logs/m.json")
    (before,) = logs.list_("default", "r1")
    with logs.path("default", "r1", "logs/m.json").open("rb") as reader:
        size = logs.append("default", "r1", "logs/m.json", 0, io.BytesIO(b"{}"), anew=True)
        assert reader.read() == b'{"epoch": 1, "loss": 0.5}'
    assert size == logs.size("default", "r1", "logs/m.json") == 2
    (after,) = logs.list_("default", "r1")
    assert after.content != before.content
    assert append(logs, 2, b"more", "logs/m.json") == 6
    assert logs.checksum("default", "r1", "logs/m.json") == f"{zlib.crc32(b'{}more'):08x}"
    assert logs.checksum("default", "r1", "logs/none") == "00000000"


@pytest.mark.parametrize("path", ["a", "a/b/c", "a/b/c/d", "n" * 256, "d/" * 300 + "f"])
def test_what_cannot_be_a_log_is_refused(logs: LogStore, path: str) -> None:
    """A folder's name, a way through a file, a path longer than the system takes: no error 500."""
    append(logs, 0, b"x", "a/b")
    for anew in (False, True):
        with pytest.raises(InvalidRequest):
            logs.append("default", "r1", path, 0, io.BytesIO(b"x"), anew=anew)
    assert [log.path for log in logs.list_("default", "r1")] == ["a/b"]


def test_logs_deeper_than_the_stack_take_the_listing_from_nobody(
    logs: LogStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing recurses."""
    append(logs, 0, b"x", "a")
    monkeypatch.chdir(logs.folder("default", "r1"))
    for _ in range(1000):
        Path("d").mkdir()
        os.chdir("d")
    monkeypatch.undo()
    try:
        assert [log.path for log in logs.list_("default", "r1")] == ["a"]
    finally:
        subprocess.run(["rm", "-rf", logs.folder("default", "r1") / "d"], check=True)
