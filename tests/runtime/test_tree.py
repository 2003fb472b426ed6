"""Finding all that belongs to a run."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from runyard.runtime import tree


@pytest.fixture
def sleeper():
    """Starts sleeping processes with chosen variables."""
    started = []

    def start(**variables: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-S", "-c", "import time; print(flush=True); time.sleep(600)"]
        env = {**os.environ, **variables}
        process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, start_new_session=True)
        assert process.stdout is not None
        process.stdout.readline()
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def pids(*arguments: Any, **more: str):
    return {seen.pid for seen in tree.members(*arguments, **more)}


def test_a_marked_process_is_found(sleeper):
    """Whoever carries the run in its environment belongs to it, whatever its session is."""
    mine = sleeper(RUNYARD_RUN_ID="tree_1", RUNYARD_NODE="0")
    other = sleeper(RUNYARD_RUN_ID="tree_12", RUNYARD_NODE="0")
    found = pids("tree_1", 0, ())
    assert mine.pid in found
    assert other.pid not in found


def test_nodes_on_one_machine_are_told_apart(sleeper):
    """Ending one node's processes does not end those of another slot of this machine."""
    second = sleeper(RUNYARD_RUN_ID="tree_2", RUNYARD_NODE="1")
    assert second.pid not in pids("tree_2", 0, ())
    assert second.pid in pids("tree_2", 1, ())


def test_a_session_is_found_without_a_mark(sleeper):
    """A script may clear its environment; its session remains."""
    mine = sleeper()
    assert pids("tree_3", 0, {mine.pid}) == {mine.pid}


def test_the_caller_and_its_parents_are_never_found(monkeypatch):
    """An agent that runs in a marked environment does not end itself."""
    monkeypatch.setattr(tree, "_marked", lambda *_: True)
    assert os.getpid() not in pids("any", 0, ())
    assert os.getppid() not in pids("any", 0, ())


def test_older_processes_are_not_looked_at(sleeper):
    """Nothing that was there before the agent can be the job's."""
    early = sleeper(RUNYARD_RUN_ID="tree_4", RUNYARD_NODE="0")
    time.sleep(0.05)
    late = sleeper(RUNYARD_RUN_ID="tree_4", RUNYARD_NODE="0")
    assert pids("tree_4", 0, (), since=tree.started(late.pid)) == {late.pid}
    assert early.poll() is None


def test_a_zombie_is_dead(sleeper):
    """A process that nobody has waited for does not keep a run open."""
    process = sleeper(RUNYARD_RUN_ID="tree_5")
    when = tree.started(process.pid)
    assert tree.alive(process.pid, when)
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert not tree.alive(process.pid, when)
    assert process.pid not in pids("tree_5", 0, ())


def test_a_process_whose_first_thread_has_ended_lives():
    """A program of many threads ends bit by bit; it is gone when all of it is."""
    text = """
import ctypes, platform, threading, time
threading.Thread(target=time.sleep, args=[600]).start()
exit_of_one_thread = 60 if platform.machine() == "x86_64" else 93
ctypes.CDLL(None).syscall(exit_of_one_thread, 0)
"""
    process = subprocess.Popen([sys.executable, "-S", "-c", text], start_new_session=True)
    state = Path(f"/proc/{process.pid}/stat")
    until = time.monotonic() + 20
    while " Z " not in state.read_text():
        assert time.monotonic() < until
        time.sleep(0.01)
    assert tree.started(process.pid)
    assert pids("tree_7", 0, {process.pid}) == {process.pid}
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert not tree.started(process.pid)
    process.wait()


def test_without_proc_ps_tells_the_same(sleeper, monkeypatch, tmp_path):
    """The other branch, for systems without /proc, finds the same processes."""
    process = sleeper(RUNYARD_RUN_ID="tree_6")
    monkeypatch.setattr(tree, "PROC", str(tmp_path))
    monkeypatch.setattr(tree, "_environment", lambda _pid: [])
    assert tree.started(process.pid)
    assert process.pid in pids("tree_6", 0, {process.pid})
    assert tree.started(2**22 - 3) == ""
