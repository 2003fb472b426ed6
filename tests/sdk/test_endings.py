"""A process's end is its runs' end: with the right status, and the reason in words."""

import json
import subprocess
import sys

import pytest

from runyard.sdk import endings
from runyard.sdk.workspaces import Workspace
from runyard_server.testing.yard import until

# Each end is a fork, which spares it the start of an interpreter.
DRIVER = """
import json, os, sys, threading
from runyard import Experiment, Workspace
experiment = Experiment(Workspace.from_config(), "exp")
for name, last in json.load(open("ends.json")).items():
    if os.fork() == 0:
        run = experiment.start_logging(snapshot_directory=None)
        os.write(1, f"{name}:{run.id}\\n".encode())
        sys.stderr = open(name + ".err", "w")
        run.log("a", 1)
        exec(last)
        break
else:
    for _ in range(len(json.load(open("ends.json")))):
        os.wait()
"""
WITH = "\nwith run:\n    "
FORK = "\nif os.fork() == 0:\n    {}\nos.wait()\n"
# What a process does last, the status of its run, and what the error says.
ENDS = {
    "last line": ("pass", "Completed", ""),
    "exception": ("raise ValueError('no data')", "Failed", "ValueError: no data"),
    "exit 0": ("sys.exit(0)", "Completed", ""),
    "exit": ("sys.exit()", "Completed", ""),
    "exit 2": ("sys.exit(2)", "Failed", "the process ended with exit code 2"),
    "exit text": ("sys.exit('too few images')", "Failed", "too few images"),
    "quit": ("quit(3)", "Failed", "exit code 3"),
    "own hook": (
        "sys.excepthook = lambda *_: None\nraise KeyError('k')",
        "Failed",
        "KeyError: 'k'",
    ),
    "caught": ("try:\n    sys.exit(2)\nexcept SystemExit as e:\n    saved = e", "Completed", ""),
    "thread": (
        "t = threading.Thread(target=sys.exit, args=(2,)); t.start(); t.join()",
        "Completed",
        "",
    ),
    "thread raises": (
        "t = threading.Thread(target=int, args=('x',)); t.start(); t.join()",
        "Completed",
        "",
    ),
    "with exit 0": (WITH + "sys.exit(0)", "Completed", ""),
    "with exit 2": (WITH + "sys.exit(2)", "Failed", "the process ended with exit code 2"),
    "with text": (WITH + "sys.exit('too few')", "Failed", "too few"),
    "fork": (FORK.format("sys.exit(1)") + "run.log('b', 2)", "Completed", ""),
    "fork raises": (FORK.format("raise ValueError") + "sys.exit(2)", "Failed", "exit code 2"),
    "with fork": (
        "\nwith run:" + FORK.format("sys.exit(1)").replace("\n", "\n    "),
        "Completed",
        "",
    ),
    "killed": ("os.kill(os.getpid(), 9)", "Failed", "has ended without a word"),
    "late child": (
        "run.complete(); run.child_run('late').child_run()\nsys.exit(2)",
        "Completed",
        "",
    ),
    "child": ("run.child_run().log('x', 1)\nsys.exit(2)", "Failed", "exit code 2"),
}


def test_runs_end_as_their_process_ends(workspace, folder):
    """Nothing that was forgotten is Running for ever, and each failure has its own reason."""
    (folder / "ends.json").write_text(json.dumps({name: end[0] for name, end in ENDS.items()}))
    driver = [sys.executable, "-W", "ignore::ResourceWarning", "-c", DRIVER]
    done = subprocess.run(driver, capture_output=True, text=True, check=True, timeout=120)
    found = Workspace.from_config()
    runs = {
        name: found.get_run(run)
        for name, _, run in (line.partition(":") for line in done.stdout.splitlines())
    }
    until(lambda: runs["killed"].get_status() != "Running")
    for name, (_, status, message) in ENDS.items():
        error = runs[name].get_details().get("error", {}).get("error", {}).get("message", "")
        told = (folder / f"{name}.err").read_text()
        assert (runs[name].get_status(), "runyard:" in told) == (status, False), (name, error, told)
        assert message in error, name
    (child,) = runs["child"].get_children()
    late = list(runs["late child"].get_children(recursive=True))
    assert [one.get_status() for one in late] == ["Failed", "Failed"]
    assert "its parent" in child.get_details()["error"]["error"]["message"]


def test_whatever_is_caught_is_no_end():
    """`sys.exit` that a caller takes, as in a cell of a notebook, leaves no cause behind."""
    endings._causes.clear()
    for _ in range(2):
        with pytest.raises(SystemExit):
            raise endings._Exit(2)
    assert endings._cause() is None
    assert endings.reason_of(SystemExit(None)) is None
    assert endings.reason_of(SystemExit(1)) == "the process ended with exit code 1"


def test_an_open_run_beats(experiment, monkeypatch):
    """A service on another machine hears of the process, and of a run that it did not know."""
    run = experiment.start_logging(snapshot_directory=None)
    beats = []
    tell = endings._tell
    monkeypatch.setattr(endings, "_tell", lambda one: beats.append(tell(one)))
    monkeypatch.setattr("runyard.sdk.endings.SESSION_BEAT_SECONDS", 0.01)
    thread = endings.threading.Thread(target=endings._beat, daemon=True)
    thread.start()
    until(lambda: len(beats) > 2)
    run.complete()
    assert run not in endings._open.values()
