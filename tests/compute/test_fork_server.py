"""Agents from the fork server: the same contract, and what happens when the fork server goes."""

import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

import runyard.runtime.fork_server
from runyard_server.compute.base import Job, SiteContext
from runyard_server.compute.fork_server import ForkServer
from runyard_server.compute.local import LocalBackend
from runyard_server.testing.backend_contract import BackendContract, context_in, job_named

# Writes its attempt as the real one does, counts its starts, waits for a file that says how to end.
AGENT = """
import json, os, sys, time
def run(folder):
    attempt = json.load(open(os.path.join(folder, "job.json")))["attempt"]
    json.dump({"attempt": attempt}, open(os.path.join(folder, "state.part"), "w"))
    os.rename(os.path.join(folder, "state.part"), os.path.join(folder, "agent.json"))
    line = f"agent {os.getpid()} {os.getppid()} {os.getsid(0)} {os.getcwd()}"
    open(os.path.join(folder, "starts"), "a").write(line + "\\n")
    end = os.path.join(folder, "end")
    while not os.path.exists(end):
        time.sleep(0.01)
    return int(open(end).read())
"""
ENTRY = """
import os, sys
sys.path[0] = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from runyard.runtime import agent, fork_server
fork_server.IDLE_SECONDS = 0.5
sys.exit(fork_server.run() if sys.argv[1] == "fork-server" else agent.run(sys.argv[2]))
"""


class TestForkServer(BackendContract):
    def make_backend(self, context: SiteContext) -> LocalBackend:
        return LocalBackend(with_fork_server(context))


@pytest.fixture
def job(tmp_path: Path):
    """A job whose agent waits; ended after the test."""
    yield job_named()
    BackendContract().clean_up(tmp_path)


@pytest.fixture
def backend(tmp_path: Path):
    """A backend with a fork_server."""
    made = LocalBackend(with_fork_server(context_in(tmp_path)))
    yield made
    made.close()


def with_fork_server(context: SiteContext) -> SiteContext:
    """The context with a light half that has the real fork server."""
    light = replace(context.light, folder=light_in(context.light.folder.parent / "forked"))
    return replace(context, light=light)


def light_in(folder: Path) -> Path:
    """A light half with the real fork server and an agent that only waits."""
    runtime = folder / "runyard" / "runtime"
    if not runtime.exists():
        runtime.mkdir(parents=True)
        for name in ("__init__", "delivery", "gang", "link", "listener", "usage"):
            (runtime / f"{name}.py").write_text("")
        (runtime / "launchers").mkdir()
        for name in ("__init__", "mpi", "multi_worker", "parameter_server", "torch"):
            (runtime / "launchers" / f"{name}.py").write_text("")
        (runtime / "agent.py").write_text(AGENT)
        (runtime / "__main__.py").write_text(ENTRY)
        shutil.copy(runyard.runtime.fork_server.__file__, runtime / "fork_server.py")
    return folder


def lines(backend: LocalBackend, job: Job) -> list[list[str]]:
    """What agents wrote at their start: pid, parent, session, folder."""
    return [line.split()[1:] for line in BackendContract().starts(backend, job)]


def started(backend: LocalBackend, job: Job) -> list[str]:
    """Wait for the first agent; give its line."""
    end = time.monotonic() + 60
    while not lines(backend, job):
        assert time.monotonic() < end
        time.sleep(0.01)
    return lines(backend, job)[0]


def gone(pid: int) -> None:
    """Wait until a process is gone, not a zombie either."""
    end = time.monotonic() + 60
    while Path(f"/proc/{pid}").exists():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_fork_server_killed_as_it_opens_a_gate(
    backend: LocalBackend, job: Job, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """Whether or not the word was passed on, one agent works, and its handle is what is given."""
    whole = ForkServer.go

    def go(self: ForkServer, pid: int) -> bool:
        opened = when == "after" and whole(self, pid)
        server = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        os.kill(server, signal.SIGKILL)
        return opened and whole(self, pid)

    monkeypatch.setattr(ForkServer, "go", go)
    handle = backend.launch(backend.plan(job))
    pid = started(backend, job)[0]
    time.sleep(0.2)
    assert [line[0] for line in lines(backend, job)] == [pid]
    assert f'"pid":{pid}' in handle
    assert backend.observe([handle])[handle].alive


def test_an_agent_is_a_fork_of_its_own_session(backend: LocalBackend, job: Job) -> None:
    """Agents share a parent, lead a session each, and work in their run's folder."""
    other = replace(job, run="other")
    for each in (job, other):
        backend.launch(backend.plan(each))
    seen = [started(backend, each) for each in (job, other)]
    assert seen[0][1] == seen[1][1] != str(os.getpid())
    assert [line[2] for line in seen] == [line[0] for line in seen]
    assert [line[3] for line in seen] == [backend.plan(each).folder for each in (job, other)]


def test_who_expects_an_agent_has_its_parent_started(backend: LocalBackend, job: Job) -> None:
    """It is there before the launch; one that has ended for want of work is started again."""
    server = backend._fork_server
    assert server is not None
    for _ in range(2):
        backend.expect()
        assert server._process is not None
        expected = server._process
        expected.kill()
        expected.wait()
    backend.expect()
    assert server._process is not expected
    backend.launch(backend.plan(job))
    assert started(backend, job)[1] == str(server._process.pid)


def test_the_signal_that_killed_it_is_named(backend: LocalBackend, job: Job) -> None:
    """Of a forked agent that was killed, the backend says by what."""
    handle = backend.launch(backend.plan(job))
    os.kill(int(started(backend, job)[0]), signal.SIGKILL)
    end = time.monotonic() + 60
    while (seen := backend.observe([handle])[handle]).alive:
        assert time.monotonic() < end
        time.sleep(0.01)
    assert (seen.signal, seen.exit_code) == ("SIGKILL", None)


def test_agents_outlive_the_fork_server(backend: LocalBackend, job: Job) -> None:
    """A fork server that is killed costs no agent, and the next launch does not miss it."""
    handle = backend.launch(backend.plan(job))
    server = int(started(backend, job)[1])
    os.kill(server, signal.SIGKILL)
    gone(server)
    assert backend.observe([handle])[handle].alive
    other = replace(job, run="other")
    backend.launch(backend.plan(other))
    assert started(backend, other)[1] != str(server)


def test_a_fork_server_nobody_needs_ends(backend: LocalBackend, job: Job) -> None:
    """Without agents and launches for a while, the service is one process again."""
    handle = backend.launch(backend.plan(job))
    server = int(started(backend, job)[1])
    Path(backend.plan(job).folder, "end").write_text("0")
    end = time.monotonic() + 60
    while backend.observe([handle])[handle].alive:
        assert time.monotonic() < end
        time.sleep(0.01)
    gone(server)


def test_without_a_fork_server_agents_start_all_the_same(backend: LocalBackend, job: Job) -> None:
    """A fork server that cannot be started is no reason to fail a run."""
    entry = Path(backend.plan(job).command[3])
    entry.write_text(entry.read_text().replace("fork_server.run()", "1"))
    backend.launch(backend.plan(job))
    assert started(backend, job)[1] == str(os.getpid())


def test_a_service_that_dies_while_launching_starts_nothing(
    backend: LocalBackend, job: Job, tmp_path: Path
) -> None:
    """Killed before the handle was written, a launch has not happened; the next one does it."""
    code = (
        "import os, sys\n"
        "from dataclasses import replace\n"
        "from pathlib import Path\n"
        "from runyard_server.compute import local\n"
        "from runyard_server.testing.backend_contract import context_in, job_named\n"
        "local._keep = lambda file, pid: os._exit(9)\n"
        "context = context_in(Path(sys.argv[1]))\n"
        "light = replace(context.light, folder=Path(sys.argv[2]))\n"
        "backend = local.LocalBackend(replace(context, light=light))\n"
        "backend.launch(backend.plan(job_named()))\n"
    )
    light = backend.plan(job).job.light
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path), light], check=False)
    assert done.returncode == 9
    time.sleep(0.3)
    assert lines(backend, job) == []
    backend.launch(backend.plan(job))
    started(backend, job)
    time.sleep(0.1)
    assert len(lines(backend, job)) == 1
