"""The log of requests: what is kept of them, and for how long."""

import asyncio
import threading

from runyard_server.serving import requestlog
from runyard_server.serving.requestlog import Line, RequestLog, stamp, text_of


def line(text: str) -> Line:
    """A request with this input."""
    return Line("id", stamp(), "main", "score", "/score", 200, 1.0, 0.0, 1.0, text, "", 0, 0)


def test_files_are_rotated_by_size_and_the_oldest_go(tmp_path, monkeypatch):
    """An endpoint that is called for months does not fill the disk."""
    monkeypatch.setattr(requestlog, "LARGEST_FILE", 100)
    monkeypatch.setattr(requestlog, "KEPT", 2)

    async def write() -> None:
        log = RequestLog(tmp_path / "digits")
        for number in range(5):
            log.add(line(f"input {number}"))
            log.flush()

    asyncio.run(write())
    found = {path.name: path.read_text() for path in (tmp_path / "digits").iterdir()}
    assert sorted(found) == ["requests.jsonl", "requests.jsonl.1", "requests.jsonl.2"]
    assert "input 4" in found["requests.jsonl"]
    assert "input 2" in found["requests.jsonl.2"]


def test_a_file_of_yesterday_is_put_aside(tmp_path, monkeypatch):
    """A quiet endpoint's files end by age."""

    async def write() -> None:
        log = RequestLog(tmp_path)
        log.add(line("old"))
        log.flush()
        monkeypatch.setattr(requestlog, "OLDEST_SECONDS", -1.0)
        log.add(line("new"))
        log.flush()

    asyncio.run(write())
    assert "old" in (tmp_path / "requests.jsonl.1").read_text()
    assert "new" in (tmp_path / "requests.jsonl").read_text()


def test_a_disk_that_hangs_takes_one_thread_and_little_memory(tmp_path, monkeypatch):
    """What cannot be written is dropped, and what can be follows once the disk is back."""
    monkeypatch.setattr(requestlog, "WRITE_SECONDS", 0.01)
    monkeypatch.setattr(requestlog, "MOST_WAITING", 1000)
    back, written = threading.Event(), []

    def write(_log: RequestLog, lines: list[bytes]) -> None:
        written.append(len(lines))
        back.wait(60)

    monkeypatch.setattr(RequestLog, "_write", write)

    async def log_much() -> None:
        log = RequestLog(tmp_path)
        for _ in range(20):
            log.add(line("x" * 50))
            await asyncio.sleep(0.01)
        assert written == [1]
        back.set()

    asyncio.run(log_much())
    assert sum(written) * len(line("x" * 50).input) < 1000


def test_bodies_are_cut_and_told_as_text(tmp_path):
    """A picture in a request is a text like any other, and a large one only begins."""
    assert text_of([b"[1,", b" 2]"]) == "[1, 2]"
    assert text_of([b"\xff"]) == "\\xff"
    assert len(text_of([b"x" * 50_000, b"y" * 50_000])) == requestlog.LONGEST
