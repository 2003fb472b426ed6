"""What `run.log` writes: lines that survive threads, forks and kills, in next to no time."""

import json
import os
import threading
import time
from statistics import median

from runyard.client.spool import Spool, writers


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
