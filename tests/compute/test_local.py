"""This machine as a backend: the contract, and what is particular to processes."""

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from runyard.protocol.environments import EnvironmentDefinition
from runyard.protocol.jobs import JobEnvironment, JobSpec
from runyard.protocol.runs import RunSpec
from runyard_server.compute.local import AGENT_LOG, LocalBackend
from runyard_server.compute.processes import Process, identify, is_alive
from runyard_server.testing.backend_contract import BackendContract

# Counts its starts, then waits for a file that says how to end.
AGENT = """
import os, sys, time
verb, folder = sys.argv[1:3]
with open(os.path.join(folder, "starts"), "a") as file:
    file.write(f"{verb} {os.getpid()} {os.getppid()} {os.getsid(0)}\\n")
print("agent of", folder, flush=True)
end = os.path.join(folder, "end")
while not os.path.exists(end):
    time.sleep(0.01)
sys.exit(int(open(end).read()))
"""


class TestLocalBackend(BackendContract):
    def make_backend(self, _folder: Path) -> LocalBackend:
        return LocalBackend()

    def make_job(self, folder: Path) -> JobSpec:
        return job_in(folder)

    def end(self, _folder: Path, job: JobSpec, exit_code: int) -> None:
        part = Path(job.run_folder) / "end.part"
        part.write_text(str(exit_code))
        part.rename(part.with_name("end"))

    def starts(self, _folder: Path, job: JobSpec) -> int:
        return len(lines(job))

    def clean_up(self, folder: Path) -> None:
        end_all(folder)


@pytest.fixture
def job(tmp_path: Path):
    """A job whose agent waits; ended after the test."""
    yield job_in(tmp_path)
    end_all(tmp_path)


def job_in(folder: Path) -> JobSpec:
    light = folder / "light"
    entry = light / "runyard" / "runtime" / "__main__.py"
    if not entry.exists():
        entry.parent.mkdir(parents=True)
        entry.write_text(AGENT)
    return JobSpec(
        run="exp_1_cafe",
        workspace="default",
        workspace_name="default",
        subscription_id="s",
        resource_group="g",
        experiment_id="e",
        spec=RunSpec("exp", "", "train.py", environment=EnvironmentDefinition()),
        files=[],
        environment=JobEnvironment(sys.executable),
        url="http://127.0.0.1:1",
        token="hush",
        run_folder=str(folder / "run"),
        light=str(light),
    )


def lines(job: JobSpec) -> list[list[str]]:
    """What agents wrote at their start: verb, pid, parent, session."""
    file = Path(job.run_folder) / "starts"
    return [line.split() for line in file.read_text().splitlines()] if file.exists() else []


def end_all(folder: Path) -> None:
    for file in folder.glob("*/starts"):
        for line in file.read_text().splitlines():
            try:
                os.kill(int(line.split()[1]), signal.SIGKILL)
            except ProcessLookupError:
                continue


def started(job: JobSpec) -> list[str]:
    """Wait for the first agent; give its line."""
    end = time.monotonic() + 20
    while not lines(job):
        assert time.monotonic() < end
        time.sleep(0.01)
    return lines(job)[0]


def test_the_signal_that_killed_it_is_named(job: JobSpec) -> None:
    """Of an agent that was killed, the backend says by what."""
    backend = LocalBackend()
    handle = backend.launch(backend.plan(job))
    os.kill(int(started(job)[1]), signal.SIGKILL)
    end = time.monotonic() + 20
    while (seen := backend.observe([handle])[handle]).alive:
        assert time.monotonic() < end
        time.sleep(0.01)
    assert (seen.signal, seen.exit_code) == ("SIGKILL", None)


def test_agents_are_detached(job: JobSpec) -> None:
    """An agent leads a session of its own, and its output goes to a file of the run."""
    backend = LocalBackend()
    backend.launch(backend.plan(job))
    _, pid, _, session = started(job)
    assert session == pid
    end = time.monotonic() + 20
    log = Path(job.run_folder) / AGENT_LOG
    while "agent of" not in log.read_text():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_secrets_are_for_the_owner_alone(job: JobSpec) -> None:
    """The job file holds a token: nobody else may read it or enter the folder."""
    backend = LocalBackend()
    backend.launch(backend.plan(job))
    folder = Path(job.run_folder)
    assert stat.S_IMODE((folder / "job.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert "hush" not in repr(backend.plan(job))


def test_a_service_that_dies_while_launching_starts_nothing(job: JobSpec) -> None:
    """Killed between starting the gate and writing the handle, a launch has not happened; the
    next one starts the one agent."""
    code = (
        "import sys, os, msgspec\n"
        "from runyard.protocol.jobs import JobSpec\n"
        "from runyard_server.compute import local\n"
        "job = msgspec.json.decode(sys.stdin.buffer.read(), type=JobSpec)\n"
        "real = local._write\n"
        "def write(path, content):\n"
        "    if path.name.endswith('.handle'): os._exit(9)\n"
        "    real(path, content)\n"
        "local._write = write\n"
        "backend = local.LocalBackend()\n"
        "backend.launch(backend.plan(job))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], input=msgspec.json.encode(job), check=False)
    assert done.returncode == 9
    time.sleep(0.3)
    assert lines(job) == []
    backend = LocalBackend()
    backend.launch(backend.plan(job))
    started(job)
    time.sleep(0.1)
    assert len(lines(job)) == 1


def test_a_zombie_is_dead() -> None:
    """A process that has ended counts as gone before anybody has waited for it."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    process = identify(child.pid)
    end = time.monotonic() + 20
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
