"""Metric lines and log bytes arrive once, in order, whatever happens on the way."""

import json
import threading
import time
import zlib
from pathlib import Path

import pytest

from runyard.client import sender as module
from runyard.client.sender import Destination, Sender
from runyard.protocol.errors import (
    Forbidden,
    InvalidRequest,
    ServiceUnreachable,
    StorageFull,
    Unauthenticated,
    WrongState,
)


class Books(Destination):
    """Keeps what arrives as the service does, and fails when told to."""

    def __init__(self) -> None:
        self.logs: dict[str, bytes] = {}
        self.lines: dict[str, list[bytes]] = {}
        self.error: Exception | None = None
        self.calls = 0

    def append_log(self, path: str, offset: int, data: bytes, anew: bool = False) -> int:
        self._enter()
        stored = b"" if anew else self.logs.get(path, b"")
        if offset > len(stored):
            raise WrongState("bytes before are missing", {"size": len(stored)})
        self.logs[path] = stored + data[len(stored) - offset :]
        return len(self.logs[path])

    def log_checksum(self, path: str) -> str | None:
        self._enter()
        return f"{zlib.crc32(self.logs.get(path, b'')):08x}"

    def append_lines(self, writer: str, first: int, data: bytes) -> int:
        self._enter()
        stored = self.lines.setdefault(writer, [])
        if b"BAD" in data:
            raise InvalidRequest("bad line")
        if first > len(stored):
            raise WrongState("lines before are missing", {"lines": len(stored)})
        stored.extend(data.splitlines()[len(stored) - first :])
        return len(stored)

    def _enter(self) -> None:
        self.calls += 1
        if self.error is not None:
            raise self.error


@pytest.fixture
def books() -> Books:
    return Books()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "driver.txt"


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    folder = tmp_path / "spool"
    folder.mkdir()
    return folder


def test_a_log_that_grows_is_followed(books, log, spool):
    """Each poll brings what is new, and nothing twice."""
    sender = Sender(books, spool, {log: "driver"})
    assert not sender.poll()
    log.write_bytes(b"one")
    assert sender.poll()
    with log.open("ab") as stream:
        stream.write(b" two")
    assert sender.drain()
    assert books.logs["driver"] == b"one two"
    calls = books.calls
    assert not sender.poll()
    assert books.calls == calls


def _rewrite(log: Path, content: bytes) -> None:
    log.write_bytes(content)


def _replace(log: Path, content: bytes) -> None:
    draft = log.with_suffix(".tmp")
    draft.write_bytes(content)
    draft.replace(log)


@pytest.mark.parametrize("write", [_rewrite, _replace])
@pytest.mark.parametrize(
    "versions",
    [
        [b'{"epoch": 1, "loss": 0.5}', b'{"epoch": 2}'],
        [b'{"epoch": 1}', b'{"epoch": 1, "next": 2}'],
        [b"[1]", b"[1, 2]", b"[1, 2, 3]"],
        [b"x" * 5000, b"y" * 9000, b""],
        [b"h" * 3000 + b"1" + b"t" * 3000, b"h" * 3000 + b"2" + b"t" * 3000],
        [b"h" * 3000 + b"1" + b"t" * 3000, b"h" * 3000 + b"2" + b"t" * 3000 + b"more"],
    ],
)
def test_a_file_written_anew_is_brought_as_it_is_at_last(
    books, log, spool, monkeypatch, write, versions
):
    """`json.dump` of each epoch: never a mixture of versions, whatever they have in common."""
    monkeypatch.setattr(module, "BLOCK_BYTES", 1000)
    sender = Sender(books, spool, {log: "logs/m.json"})
    for version in versions:
        write(log, version)
        sender.drain()
    assert sender.settle()
    assert books.logs == {"logs/m.json": versions[-1]}
    calls = books.calls
    assert sender.settle()
    assert books.calls == calls


def test_another_sender_notices_what_was_rewritten_while_nobody_looked(books, log, spool):
    """An agent that was killed is followed by one that knows nothing of what was sent."""
    log.write_bytes(b"first version")
    Sender(books, spool, {log: "logs/m"}).drain()
    log.write_bytes(b"other version, longer")
    assert Sender(books, spool, {log: "logs/m"}, resumes=True).settle()
    assert books.logs["logs/m"] == b"other version, longer"
    log.write_bytes(b"other")
    assert Sender(books, spool, {log: "logs/m"}, resumes=True).settle()
    assert books.logs["logs/m"] == b"other version, longer"


def test_an_empty_log_is_a_log_and_one_that_cannot_be_read_is_named(books, log, spool, tmp_path):
    """What cannot be read is no outage: the others arrive."""
    (tmp_path / "folder").mkdir()
    log.write_bytes(b"")
    warned: list[str] = []
    sender = Sender(books, spool, {tmp_path / "folder": "bad", log: "good"}, warned.append)
    assert sender.settle(time.monotonic() + 60)
    assert books.logs == {"good": b""}
    (text,) = warned
    assert text.startswith("bad could not be sent")
    assert "cannot be read: Is a directory" in text


def test_only_whole_lines_of_metrics_are_brought(books, spool):
    """A line that is being written waits for its end."""
    file = spool / "7-aa.jsonl"
    file.write_bytes(b'{"v":1}\n{"v":')
    sender = Sender(books, spool)
    sender.drain()
    assert books.lines["7-aa"] == [b'{"v":1}']
    with file.open("ab") as stream:
        stream.write(b"2}\n")
    sender.drain()
    assert books.lines["7-aa"] == [b'{"v":1}', b'{"v":2}']


def test_a_line_longer_than_a_block_is_brought(books, spool, monkeypatch):
    """A large table logged at once is one line, however long."""
    monkeypatch.setattr(module, "BLOCK_BYTES", 64)
    lines = [b"s" * 10, b"l" * 1000, b"e" * 10]
    (spool / "7-aa.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    assert Sender(books, spool).drain()
    assert books.lines["7-aa"] == lines


@pytest.mark.parametrize(("soon", "requests"), [(60.0, 6), (0.0, 100)])
def test_a_log_that_lags_behind_is_brought_in_larger_blocks(
    books, log, spool, monkeypatch, soon, requests
):
    """Only while they arrive soon: metrics wait behind them, and a slow line must not stall."""
    monkeypatch.setattr(module, "BLOCK_BYTES", 100)
    monkeypatch.setattr(module, "LARGEST_BLOCK_BYTES", 4000)
    monkeypatch.setattr(module, "SOON_SECONDS", soon)
    log.write_bytes(b"0123456789" * 1000)
    assert Sender(books, spool, {log: "driver"}).drain()
    assert books.logs["driver"] == log.read_bytes()
    # 100, 200, 400 … 3,200 and the rest; or 100 each time.
    assert books.calls == pytest.approx(requests, abs=2)


def test_another_sender_goes_on_where_the_first_stopped(books, log, spool, monkeypatch):
    """A sender that begins anew on the same files adds only what is missing."""
    monkeypatch.setattr(module, "BLOCK_BYTES", 50)
    log.write_bytes(b"0123456789" * 30)
    (spool / "7-aa.jsonl").write_bytes(b"".join(b"line %d\n" % i for i in range(100)))
    first = Sender(books, spool, {log: "driver"})
    for _ in range(3):
        first.poll()
    assert Sender(books, spool, {log: "driver"}).drain()
    assert books.logs["driver"] == log.read_bytes()
    assert books.lines["7-aa"] == [b"line %d" % i for i in range(100)]


def test_a_service_that_lost_its_last_second_is_brought_up_to_date(books, log, spool):
    """After a crash the service may have less than it said: the rest is sent again."""
    log.write_bytes(b"0123456789")
    (spool / "7-aa.jsonl").write_bytes(b"a\nb\nc\n")
    sender = Sender(books, spool, {log: "driver"})
    sender.drain()
    books.logs["driver"] = b"0123"
    del books.lines["7-aa"][1:]
    with log.open("ab") as stream:
        stream.write(b"!")
    with (spool / "7-aa.jsonl").open("ab") as stream:
        stream.write(b"d\n")
    assert sender.drain()
    assert books.logs["driver"] == b"0123456789!"
    assert books.lines["7-aa"] == [b"a", b"b", b"c", b"d"]


def test_an_outage_is_waited_for(books, log, spool):
    """While the service is away nothing is asked of it too often, and nothing is lost."""
    log.write_bytes(b"x")
    books.error = ServiceUnreachable("away")
    sender = Sender(books, spool, {log: "driver"})
    assert not sender.poll()
    assert sender.away
    assert not sender.poll()
    assert books.calls == 1
    assert not sender.drain(time.monotonic() + 0.3)
    books.error = None
    assert sender.drain(time.monotonic() + 60)
    assert not sender.away
    assert books.logs["driver"] == b"x"


def test_a_file_that_is_refused_does_not_stop_the_others(books, log, spool):
    """What can never be sent is told once; the rest goes on."""
    logs = {log: "driver"}
    told: list[str] = []
    sender = Sender(books, spool, logs, told.append)
    log.write_bytes(b"x")
    books.error = Forbidden("not yours")
    sender.poll()
    books.error = None
    other = log.with_name("other.txt")
    other.write_bytes(b"y")
    logs[other] = "other"
    assert sender.drain()
    assert books.logs == {"other": b"y"}
    assert told == ["driver could not be sent: not yours"]


def test_the_thread_brings_the_rest_when_it_is_stopped(books, log, spool):
    """`stop` ends the thread after one more look."""
    sender = Sender(books, spool, lambda: {log: "driver"})
    thread = threading.Thread(target=sender.run)
    thread.start()
    log.write_bytes(b"last words")
    sender.stop()
    thread.join(60)
    assert not thread.is_alive()
    assert books.logs["driver"] == b"last words"


def test_trouble_of_the_service_is_not_waited_for_without_end(books, log, spool, monkeypatch):
    """A log that the service cannot store after many attempts is given up, and told."""
    monkeypatch.setattr(module, "FIRST_PAUSE", 0.001)
    monkeypatch.setattr(module, "LONGEST_PAUSE", 0.001)
    log.write_bytes(b"x")
    told: list[str] = []
    books.error = StorageFull("no space is left")
    sender = Sender(books, spool, {log: "driver"}, told.append)
    assert sender.drain(time.monotonic() + 60)
    assert books.calls == module.PATIENCE
    assert told == ["driver could not be sent: no space is left"]


def test_a_refused_token_is_no_last_word(books, log, spool):
    """Another service may answer at the address for a while."""
    log.write_bytes(b"x")
    books.error = Unauthenticated("who are you?")
    sender = Sender(books, spool, {log: "driver"})
    sender.poll()
    books.error = None
    assert sender.drain(time.monotonic() + 60)
    assert books.logs["driver"] == b"x"


def test_a_refused_line_holds_nothing_up(books, spool):
    """One line that the service does not take costs that line, and it is kept with the run."""
    lines = [b"BAD %d" % n if n in (0, 500, 999) else b"line %d" % n for n in range(1000)]
    file = spool / "7-aa.jsonl"
    file.write_bytes(b"\n".join(lines) + b"\n")
    told: list[str] = []
    for _ in range(2):
        sender = Sender(books, spool, warn=told.append)
        assert sender.drain(time.monotonic() + 60)
    arrived = books.lines["7-aa"]
    assert len(arrived) == 1000
    for number, line in enumerate(lines):
        if line.startswith(b"BAD"):
            assert json.loads(arrived[number]) | {"t": 0} == {
                "n": "",
                "k": "lost",
                "v": "bad line; kept in logs/metrics_refused_7-aa.jsonl",
                "s": None,
                "t": 0,
            }
        else:
            assert arrived[number] == line
    kept = books.logs["logs/metrics_refused_7-aa.jsonl"].splitlines()
    assert kept == [b"BAD 0", b"BAD 500", b"BAD 999"]
    assert told == []


def test_a_service_that_takes_no_line_in_its_place_is_told_of_once(books, spool):
    """An older service refuses that too: then the process's metrics stay in their file."""
    books.error = InvalidRequest("nothing is right")
    (spool / "7-aa.jsonl").write_bytes(b"line\n")
    told: list[str] = []
    assert Sender(books, spool, warn=told.append).drain(time.monotonic() + 60)
    assert told == ["7-aa could not be sent: nothing is right"]
