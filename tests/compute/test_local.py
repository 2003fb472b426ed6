"""This machine as a backend: the contract, and what is particular to processes."""

import os
import signal
import stat
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from runyard.protocol.sizes import VmSize
from runyard_server.compute.base import Job, SiteContext
from runyard_server.compute.local import AGENT_LOG, LocalBackend
from runyard_server.compute.processes import Process, identify, is_alive
from runyard_server.testing.backend_contract import BackendContract, context_in, job_named


class TestLocalBackend(BackendContract):
    def make_backend(self, context: SiteContext) -> LocalBackend:
        return LocalBackend(context, fork_server=False)


@pytest.fixture
def context(tmp_path: Path):
    """A context whose agents wait; they are ended after the test."""
    yield context_in(tmp_path)
    BackendContract().clean_up(tmp_path)


@pytest.fixture
def backend(context: SiteContext) -> LocalBackend:
    """A backend whose agents start by themselves."""
    return LocalBackend(context, fork_server=False)


@pytest.fixture
def job() -> Job:
    """A job whose agent waits."""
    return job_named()


def lines(backend: LocalBackend, job: Job) -> list[list[str]]:
    """What agents wrote at their start: verb, pid, parent, session."""
    return [line.split() for line in BackendContract().starts(backend, job)]


def started(backend: LocalBackend, job: Job) -> list[str]:
    """Wait for the first agent; give its line."""
    end = time.monotonic() + 60
    while not lines(backend, job):
        assert time.monotonic() < end
        time.sleep(0.01)
    return lines(backend, job)[0]


def test_the_signal_that_killed_it_is_named(backend: LocalBackend, job: Job) -> None:
    """Of an agent that was killed, the backend says by what."""
    handle = backend.launch(backend.plan(job))
    os.kill(int(started(backend, job)[1]), signal.SIGKILL)
    end = time.monotonic() + 60
    while (seen := backend.observe([handle])[handle]).alive:
        assert time.monotonic() < end
        time.sleep(0.01)
    assert (seen.signal, seen.exit_code) == ("SIGKILL", None)


def test_agents_are_detached(backend: LocalBackend, job: Job) -> None:
    """An agent leads a session of its own, and its output goes to a file of the run."""
    backend.launch(backend.plan(job))
    _, pid, _, session, _ = started(backend, job)
    assert session == pid
    end = time.monotonic() + 60
    log = Path(backend.plan(job).folder) / AGENT_LOG
    while "agent of" not in log.read_text():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_what_an_agent_left_is_saved_by_its_own_code(backend: LocalBackend, job: Job) -> None:
    """A salvage reads the job as the agent had it, with the light half that it began with."""
    plan = backend.plan(job)
    backend.launch(plan)
    started(backend, job)
    file = Path(plan.folder) / "job.json"
    file.write_text(file.read_text().replace(plan.job.light, "/older"))
    rescue = backend.plan(job, "it was lost")
    assert rescue.job.light == "/older"
    assert rescue.command[3].startswith("/older/")
    fresh = backend.plan(replace(job, attempt=2), "it was lost")
    assert fresh.job.light == plan.job.light


def test_sizes_are_slots(backend: LocalBackend, job: Job) -> None:
    """A job without a size may use the whole machine; one with a size gets no GPU that is not."""
    can = backend.capabilities()
    assert backend.plan(replace(job, size=None)).job.cpus == can.cpus
    large = backend.plan(replace(job, size=VmSize("LARGE", 96, 900, 8))).job
    assert (large.cpus, large.gpus) == (96, can.gpus)


def test_secrets_are_for_the_owner_alone(backend: LocalBackend, job: Job) -> None:
    """The job file holds a token: nobody else may read it or enter the folder."""
    backend.launch(backend.plan(job))
    folder = Path(backend.plan(job).folder)
    assert stat.S_IMODE((folder / "job.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert "hush" not in repr(backend.plan(job))


DIES = """
import os, pathlib, sys
from runyard_server.compute import local
from runyard_server.testing.backend_contract import context_in, job_named
real = local._write
def write(path, content):
    if path.name.endswith(".handle") and sys.argv[2] == "before": os._exit(9)
    real(path, content)
    if path.name.endswith(".handle"): os._exit(9)
local._write = write
context = context_in(pathlib.Path(sys.argv[1]))
backend = local.LocalBackend(context, fork_server=sys.argv[3] == "forked")
backend.launch(backend.plan(job_named()))
"""


@pytest.mark.parametrize("how", ["spawned", "forked"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_service_that_dies_while_launching_starts_nothing(
    backend: LocalBackend, job: Job, tmp_path: Path, when: str, how: str
) -> None:
    """Killed before the handle is written or right after it, a launch has not happened; the next
    one starts the one agent."""
    words = [sys.executable, "-P", "-c", DIES, str(tmp_path), when, how]
    done = subprocess.run(words, check=False)
    assert done.returncode == 9
    time.sleep(0.3)
    assert lines(backend, job) == []
    handle = backend.launch(backend.plan(job))
    started(backend, job)
    time.sleep(0.1)
    assert len(lines(backend, job)) == 1
    assert backend.observe([handle])[handle].alive


def test_a_zombie_is_dead() -> None:
    """A process that has ended counts as gone before anybody has waited for it."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    process = identify(child.pid)
    end = time.monotonic() + 60
    while identify(child.pid) is not None:
        assert time.monotonic() < end
        time.sleep(0.01)
    assert child.returncode is None
    assert process is None or not is_alive(process)
    child.wait()


def test_a_pid_used_again_is_another_process() -> None:
    """A handle means the process that started then, not whoever has its pid now."""
    me = identify(os.getpid())
    assert me is not None
    assert is_alive(me)
    assert not is_alive(Process(me.pid, "another start"))
