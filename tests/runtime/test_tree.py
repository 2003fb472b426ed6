"""Finding all that belongs to a run."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
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


def pids(*arguments: Any, **more: Any):
    return {seen.pid for seen in tree.members(*arguments, **more)}


def test_a_marked_process_is_found(sleeper):
    """Whoever carries the run in its environment belongs to it, whatever its session is."""
    mine = sleeper(RUNYARD_RUN_ID="tree_1", RUNYARD_NODE="0")
    other = sleeper(RUNYARD_RUN_ID="tree_12", RUNYARD_NODE="0")
    found = pids("tree_1", 0, ())
    assert mine.pid in found
    assert other.pid not in found


HIDDEN = """
import os, resource, sys
resource.setrlimit(10, (int(sys.argv[1]), int(sys.argv[1])))
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.chdir("/")
        text = "import os, time; print(os.getpid(), flush=True); os.closerange(0, 99)"
        text += "; time.sleep(600)"
        os.execve(sys.executable, [sys.executable, "-S", "-c", text], {})
    os._exit(0)
os.wait()
"""


@pytest.fixture
def hidden():
    """Starts processes that bear a mark and no other sign, and ends them."""
    started = []

    def start(mark: int) -> int:
        command = [sys.executable, "-S", "-c", HIDDEN, str(mark)]
        told = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
        started.append(int(told))
        return started[-1]

    yield start
    for pid in started:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def test_the_mark_alone_is_enough(hidden):
    """Two forks, a session of its own, no environment, no files, no parent: it is found."""
    mine, other = hidden(1 << 50), hidden(1 << 51)
    assert pids("tree_8", 0, (), mark=1 << 50) == {mine}
    assert pids("tree_8", 0, (), mark=1 << 51) == {other}
    assert pids("tree_8", 0, ()) == set()


def test_a_service_that_a_script_has_started_is_left_alone(sleeper, hidden):
    """What has stepped out of the job is not ended with it, nor what it has started."""
    script = sleeper()
    service = hidden((1 << 50) - 1)
    everything = {**tree.everything()}
    everything[service].parent = script.pid
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tree, "everything", lambda: everything)
        assert pids("tree_9", 0, {script.pid}, mark=1 << 50) == {script.pid}


def test_a_signal_never_reaches_who_has_the_number_now(sleeper):
    """Process ids are used again: who started at another time is another."""
    process = sleeper()
    seen = tree.everything()[process.pid]
    tree.send(tree.Seen(seen.pid, seen.parent, seen.session, "1"), signal.SIGKILL)
    assert process.poll() is None
    tree.send(seen, signal.SIGKILL)
    assert process.wait(60) == -signal.SIGKILL


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
    monkeypatch.setattr(tree, "_named", lambda *_: True)
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
    until = time.monotonic() + 60
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
