"""Texts are found in logs of any size, by line and byte."""

import time
from pathlib import Path

import pytest

from runyard.protocol.errors import InvalidRequest
from runyard.protocol.files import LogHits, LogSearchQuery
from runyard_server.store import log_search
from runyard_server.store.log_search import search


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log.txt"
    path.write_bytes("eins\nzwei Loss 1\nÄpfel\ndrei loss 2 loss\r\nvier".encode())
    return path


def offsets(found: LogHits) -> list[tuple[int, int, str]]:
    return [(hit.offset, hit.line, hit.text) for hit in found.items]


def test_lines_are_found_once_with_their_place(log: Path) -> None:
    """The link to a line is the byte where it begins, whichever bytes are before it."""
    found = search(log, LogSearchQuery("loss"))
    assert offsets(found) == [(24, 4, "drei loss 2 loss")]
    assert (found.next_start, found.size) == (None, log.stat().st_size)
    assert offsets(search(log, LogSearchQuery("vier"))) == [(42, 5, "vier")]


@pytest.mark.parametrize(
    ("query", "lines"),
    [
        (LogSearchQuery("LOSS", ignore_case=True), [2, 4]),
        (LogSearchQuery("äPFEL"), []),
        (LogSearchQuery(r"[Ll]oss \d$", regex=True), []),
        (LogSearchQuery(r"(?m)[Ll]oss \d$", regex=True), [2]),
        (LogSearchQuery(r"L.S", regex=True, ignore_case=True), [2, 4]),
    ],
)
def test_case_and_expressions(log: Path, query: LogSearchQuery, lines: list[int]) -> None:
    """What people type in an editor's search works here."""
    assert [hit.line for hit in search(log, query).items] == lines


def test_a_long_list_is_gone_on_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every line is found once, however the file falls into blocks and answers."""
    monkeypatch.setattr(log_search, "STEP", 64)
    path = tmp_path / "log.txt"
    path.write_text("".join(f"line {n} {'x' * (n % 90)}\n" for n in range(500)))
    found, query = [], LogSearchQuery("line ", limit=7)
    for _ in range(200):
        page = search(path, query)
        found += page.items
        if page.next_start is None:
            break
        query = LogSearchQuery("line ", limit=7, start=page.next_start, line=page.next_line)
    assert [hit.line for hit in found] == list(range(1, 501))
    text = path.read_bytes()
    assert all(text[hit.offset :].startswith(b"line %d " % (hit.line - 1)) for hit in found)


def test_a_long_line_is_shown_around_the_place(tmp_path: Path) -> None:
    """A progress bar of a megabyte does not fill the answer."""
    path = tmp_path / "log.txt"
    path.write_bytes(b"a" * 1_000_000 + b"needle" + b"b" * 1_000_000)
    (hit,) = search(path, LogSearchQuery("needle")).items
    assert len(hit.text) < 400
    assert "needle" in hit.text


def test_a_bad_expression_is_refused(log: Path) -> None:
    """A wrong one at once; one that would try for ever within seconds, without harm to others."""
    with pytest.raises(InvalidRequest, match="no regular expression"):
        search(log, LogSearchQuery("(", regex=True))
    log.write_bytes(b"a" * 5000 + b"!")
    begin = time.monotonic()
    with pytest.raises(InvalidRequest, match="too long"):
        search(log, LogSearchQuery("(a*)*b", regex=True))
    assert time.monotonic() - begin < 20
