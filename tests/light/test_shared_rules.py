"""Rules that both halves keep: near names, safe paths, who hangs, which process is meant."""

import os
import subprocess
import sys

import pytest

from runyard.client import leftovers, spool
from runyard.protocol import data as protocol_data
from runyard.protocol import exit_deadline, jobs, metrics, paths, procfs, suggestions
from runyard.protocol.compute import DEDICATED, LOW_PRIORITY, CreateCompute
from runyard.sdk import clusters
from runyard.sdk import data as sdk_data
from runyard.sdk import jobs as sdk_jobs


@pytest.mark.parametrize(
    ("wrong", "near"),
    [("trian.py", ["train.py"]), ("TRAIN.PY", ["train.py"]), ("zzz", [])],
)
def test_a_slip_finds_its_name(wrong, near):
    """Also one in the wrong case; what is like nothing finds nothing."""
    assert suggestions.nearest(wrong, ["train.py", "notes"]) == near


def test_few_names_are_all_told():
    """Where nothing is alike, a handful of choices still helps; many would not."""
    assert suggestions.suggest("zzz", ["a", "b"], "none").sentence == "there are: 'a', 'b'"
    many = [str(number) for number in range(100, 120)]
    assert suggestions.suggest("zzz", many, "none") == ([], "none there is like it")
    assert suggestions.suggest("zzz", [], "it has none").sentence == "it has none"


def test_a_wrong_script_finds_scripts():
    """The nearest file, else the ones that Python could start."""
    files = ["src/train.py", "data.csv", "eval.py"]
    assert suggestions.nearest_scripts("train.py", files)[0] == "src/train.py"
    assert suggestions.nearest_scripts("0000", files) == ["eval.py", "src/train.py"]


@pytest.mark.parametrize("path", ["", ".", "/", "/a", "..", "a/..", "a/../b", "a\\b", "a\0b"])
def test_a_path_that_leads_elsewhere_is_refused(path):
    """Whoever writes files by names from outside asks this rule first."""
    with pytest.raises(ValueError, match=r"path|file|allowed"):
        paths.parts(path)


def test_a_path_has_one_spelling():
    """Empty segments and dots say nothing; other dots are names."""
    assert paths.parts("./a//b/./c.d/...") == ["a", "b", "c.d", "..."]


@pytest.mark.parametrize(
    ("completed", "unended", "seconds", "left"),
    [([10.0, 8.0], 1, 5.0, 3.0), ([], 1, 5.0, None), ([8.0], 0, 5.0, None), ([8.0], 1, None, None)],
)
def test_the_first_that_completes_starts_the_deadline(completed, unended, seconds, left):
    """Nobody is late before one has completed, after all have ended, or without a deadline."""
    assert exit_deadline.left(completed, unended, seconds, 10.0) == left


def test_a_process_is_told_from_the_next_with_its_number():
    """Its fields are found behind a name that may hold anything; nobody has no fields."""
    code = "import sys; sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE) as child:
        fields = procfs.stat(child.pid)
        assert int(fields[procfs.PARENT]) == os.getpid()
        assert not procfs.is_dead(fields)
        child.stdin.close()
        child.wait()
    assert procfs.stat(child.pid) == []
    assert procfs.is_dead(["Z", *["1"] * 30])
    assert not procfs.is_dead(["Z", *["2"] * 30])


def test_words_that_are_written_out_are_the_protocols():
    """What must start quickly writes words of the protocol out: another word would be nobody's."""
    assert sdk_data.MODES == protocol_data.MODES
    assert (clusters.DEDICATED, clusters.LOW_PRIORITY) == (DEDICATED, LOW_PRIORITY)
    assert CreateCompute("c", "s", 1).idle_seconds == clusters.DEFAULT_IDLE_SECONDS
    assert spool.LARGEST_LINE == metrics.LARGEST_LINE
    assert leftovers.IN_JOB == sdk_jobs.RUN_ID == jobs.RUN_ID_VARIABLE
    assert sdk_jobs.WORKSPACE == jobs.WORKSPACE_VARIABLE
