"""From exit status and log to what a user reads."""

import pytest

from runyard.protocol import codec
from runyard.protocol.jobs import FinishReport
from runyard.runtime import ending


def write(tmp_path, text):
    log = tmp_path / "log"
    log.write_bytes(text.encode("utf-8", "surrogateescape"))
    return str(log)


def test_without_a_traceback_the_exit_code_is_told(tmp_path):
    """A program that only exits is described by its code."""
    report = ending.from_exit(7, write(tmp_path, "usage: x"))
    assert "exit code 7" in report["error"]["message"]
    assert report["error"]["log_tail"] == "usage: x"


def test_only_the_end_of_a_long_log_is_kept(tmp_path):
    """Twenty lines, each of bearable length, whatever bytes they hold."""
    lines = [f"line {i}" for i in range(100)] + ["\udcff" + "z" * 100_000]
    report = ending.from_exit(1, write(tmp_path, "\n".join(lines)))
    tail = report["error"]["log_tail"].split("\n")
    assert len(tail) <= 20
    assert max(len(line) for line in tail) <= 1000


def test_a_log_that_is_not_there_does_no_harm(tmp_path):
    """A script that never printed fails like any other."""
    assert ending.from_exit(1, str(tmp_path / "none"))["error"]["log_tail"] == ""


@pytest.mark.parametrize(
    "report",
    [ending.completed(), ending.canceled(), ending.failed("x", signal_name="SIGSEGV")],
)
def test_reports_are_those_of_the_protocol(report):
    """What an agent says last can be read by the service."""
    plain = codec.to_plain(codec.from_plain(FinishReport, report))
    assert plain == report
