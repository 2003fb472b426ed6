"""What `run.log` writes: lines that survive threads, forks and kills, in next to no time."""

import json
import os
import threading
import time
from statistics import median

import pytest

from runyard.client import spool as module
from runyard.client.own_file import take
from runyard.client.spool import LineTooLong, Spool, writers
from runyard.protocol import escapes, metrics


def _lines(folder):
    return [json.loads(line) for path in writers(folder) for line in path.read_bytes().splitlines()]


def test_each_kind_of_value_becomes_a_line_of_the_protocol(tmp_path):
    """The service and the courier read exactly these lines."""
    spool = Spool(tmp_path)
    spool.scalar("a", 0.5)
    spool.scalar("a", 3, 7)
    spool.scalar("b", value=True)
    spool.scalar("b", None)
    spool.scalar("t", 'say "é"\n')
    spool.append("l", "list", [1, float("inf")])
    found = [(row["n"], row["k"], row["v"], row["s"]) for row in _lines(tmp_path)]
    assert found == [
        ("a", "scalar", 0.5, None),
        ("a", "scalar", 3, 7),
        ("b", "scalar", True, None),
        ("b", "scalar", None, None),
        ("t", "scalar", 'say "é"\n', None),
        ("l", "list", [1, "Infinity"], None),
    ]
    assert all(abs(row["t"] / 1e6 - time.time()) < 60 for row in _lines(tmp_path))


def test_numbers_that_json_lacks_are_marked(tmp_path):
    """A logged NaN comes back as NaN, and a logged text "NaN" stays a text."""
    spool = Spool(tmp_path)
    for value in (float("nan"), float("inf"), float("-inf"), "NaN"):
        spool.scalar("x", value)
    rows = _lines(tmp_path)
    assert [row["v"] for row in rows] == ["NaN", "Infinity", "-Infinity", "NaN"]
    assert [row.get("x") for row in rows] == [1, 1, 1, None]


def test_threads_never_mix_their_lines(tmp_path):
    """Data loaders log from threads."""
    spool = Spool(tmp_path)

    def work(number):
        for _ in range(500):
            spool.scalar(f"metric-{number}", number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(_lines(tmp_path)) == 2000
    assert spool.mark()[1] == 2000


def test_a_forked_process_writes_a_file_of_its_own(tmp_path):
    """Line numbers are per writer: two processes must not share a file."""
    spool = Spool(tmp_path)
    spool.scalar("x", 1)
    child = os.fork()
    if child == 0:
        spool.scalar("x", 2)
        os._exit(0)
    os.waitpid(child, 0)
    spool.scalar("x", 3)
    assert len(writers(tmp_path)) == 2
    assert sorted(row["v"] for row in _lines(tmp_path)) == [1, 2, 3]
    assert spool.mark()[1] == 2


def test_logging_costs_microseconds(tmp_path):
    """A training loop that logs every step must not notice."""
    spool = Spool(tmp_path)
    spool.scalar("acc", 0.5)
    times = []
    for _ in range(3000):
        begun = time.perf_counter()
        spool.scalar("acc", 0.5)
        times.append(time.perf_counter() - begun)
    assert median(times) < 50e-6  # 10 in `make bench`; here others share the machine


def test_a_text_that_json_cannot_carry_is_escaped(tmp_path):
    """A file name that is not UTF-8 is logged as any text, and nothing around it is lost."""
    spool = Spool(tmp_path)
    cut, path = "x \ud83d", "d\\\udce9.csv"
    spool.scalar("a", cut)
    spool.scalar("a", "whole \U0001f600")
    spool.append("r", "row", {"c": path, "n": "NaN", "f": float("nan")})
    with pytest.warns(UserWarning, match="half of a surrogate pair"):
        spool.append("\udce9", "row", {"c": 1})
    with pytest.warns(UserWarning, match="half of a surrogate pair"):
        spool.scalar("n\udce9", 1)
    rows = _lines(tmp_path)
    assert [row["n"] for row in rows] == ["a", "a", "r", "\\udce9", "n\\udce9"]
    assert all(path_.read_bytes().isascii() for path_ in writers(tmp_path))
    assert escapes.complaint(rows) is None
    assert escapes.unescape(rows[0]["v"]) == cut
    assert rows[1]["v"] == "whole \U0001f600"
    assert {k: escapes.unescape(v) for k, v in rows[2]["v"].items()} == {
        "c": path,
        "n": "NaN",
        "f": "NaN",
    }
    assert rows[2]["v"]["f"] == "NaN"


def test_a_line_that_no_service_takes_is_refused_at_the_call(tmp_path, monkeypatch):
    """The error comes where it was logged, and what is logged before and after is there."""
    assert module.LARGEST_LINE == metrics.LARGEST_LINE
    monkeypatch.setattr(module, "LARGEST_LINE", 1 << 20)
    spool = Spool(tmp_path)
    spool.scalar("a", 1)
    with pytest.raises(LineTooLong, match="1 MiB are the limit"):
        spool.scalar("a", "x" * (1 << 20))
    with pytest.raises(LineTooLong):
        spool.append("a", "list", ["x" * 1024] * 1024)
    spool.scalar("a", 2)
    assert [row["v"] for row in _lines(tmp_path)] == [1, 2]


def test_a_file_of_the_script_never_gets_our_lines(tmp_path):
    """A helper closes all descriptors, the script's next files get the numbers: they stay clean."""
    spool = Spool(tmp_path / "spool")
    spool.scalar("a", 1)
    taken = spool._file._descriptor
    os.close(taken)
    mine = (tmp_path / "mine.txt").open("w")
    assert mine.fileno() == taken
    spool.scalar("a", 2)
    mine.write("mine")
    mine.close()
    spool.scalar("a", 3)
    assert (tmp_path / "mine.txt").read_text() == "mine"
    assert [row["v"] for row in _lines(tmp_path / "spool")] == [1, 2, 3]
    assert spool.mark()[1] == 3
    spool.close()


def test_a_file_that_was_taken_is_not_written_again(tmp_path):
    """Lines behind one that was brought and removed would count as sent: they go elsewhere."""
    spool = Spool(tmp_path)
    spool.scalar("a", 1)
    first = writers(tmp_path)[0]
    assert take(first) is None
    os.close(spool._file._descriptor)
    other = os.open(os.devnull, os.O_RDONLY)
    held = take(first)
    assert held is not None
    spool.scalar("a", 2)
    os.close(held)
    os.close(other)
    assert len(writers(tmp_path)) == 2
    assert [row["v"] for row in _lines(tmp_path)] == [1, 2]
    assert spool.mark()[1] == 1


def test_a_line_cut_by_a_full_disk_is_alone_in_that(tmp_path, monkeypatch):
    """The next line, when there is room again, is whole."""
    spool = Spool(tmp_path)
    spool.scalar("a", 1)
    write = os.write
    room = [10]

    def short(descriptor, data):
        if not room:
            raise OSError(28, "No space left on device")
        return write(descriptor, data[: room.pop()])

    monkeypatch.setattr(os, "write", short)
    with pytest.raises(OSError, match="No space"):
        spool.scalar("a", 2)
    monkeypatch.undo()
    spool.scalar("a", 3)
    lines = writers(tmp_path)[0].read_bytes().splitlines()
    assert len(lines) == 3
    assert json.loads(lines[2])["v"] == 3


def test_the_folder_is_for_its_owner_alone(tmp_path):
    """What a notebook logs others of the machine cannot read, nor any folder made on the way."""
    before = os.umask(0)
    try:
        spool = Spool(tmp_path / "state" / "spool" / "run")
        spool.scalar("a", 1)
        spool.close()
    finally:
        os.umask(before)
    made = sorted((tmp_path / "state").rglob("*"))
    assert len(made) == 3
    assert [path for path in (tmp_path / "state", *made) if path.stat().st_mode & 0o077] == []
