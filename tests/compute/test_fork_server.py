"""Agents from the fork server: the same contract, and what happens when the fork server goes."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

import runyard.runtime.fork_server
from runyard.protocol.environments import EnvironmentDefinition
from runyard.protocol.jobs import JobEnvironment, JobSpec
from runyard.protocol.runs import RunSpec
from runyard_server.compute.local import LocalBackend
from runyard_server.testing.backend_contract import BackendContract

# Counts its starts, then waits for a file that says how to end.
AGENT = """
import os, sys, time
def run(folder):
    line = f"{os.getpid()} {os.getppid()} {os.getsid(0)} {os.getcwd()}"
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
    @pytest.fixture(autouse=True)
    def backends(self):
        self.made: list[LocalBackend] = []
        yield
        for each in self.made:
            each.close()

    def make_backend(self, folder: Path) -> LocalBackend:
        self.made.append(backend_in(folder))
        return self.made[-1]

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


@pytest.fixture
def backend(tmp_path: Path):
    """A backend with a fork_server."""
    made = backend_in(tmp_path)
    yield made
    made.close()


def backend_in(folder: Path) -> LocalBackend:
    return LocalBackend(light=light_in(folder))


def light_in(folder: Path) -> Path:
    """A light half with the real fork server and an agent that only waits."""
    runtime = folder / "light" / "runyard" / "runtime"
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
    return folder / "light"


def job_in(folder: Path) -> JobSpec:
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
        light=str(light_in(folder)),
    )


def lines(job: JobSpec) -> list[list[str]]:
    """What agents wrote at their start: pid, parent, session, folder."""
    file = Path(job.run_folder) / "starts"
    return [line.split() for line in file.read_text().splitlines()] if file.exists() else []


def started(job: JobSpec) -> list[str]:
    """Wait for the first agent; give its line."""
    end = time.monotonic() + 20
    while not lines(job):
        assert time.monotonic() < end
        time.sleep(0.01)
    return lines(job)[0]


def end_all(folder: Path) -> None:
    for file in folder.glob("*/starts"):
        for line in file.read_text().splitlines():
            try:
                os.kill(int(line.split()[0]), signal.SIGKILL)
            except ProcessLookupError:
                continue


def gone(pid: int) -> None:
    """Wait until a process is gone, not a zombie either."""
    end = time.monotonic() + 20
    while Path(f"/proc/{pid}").exists():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_an_agent_is_a_fork_of_its_own_session(backend: LocalBackend, job: JobSpec) -> None:
    """Agents share a parent, lead a session each, and work in their run's folder."""
    from dataclasses import replace

    other = replace(job, run="other", run_folder=job.run_folder + "x")
    for each in (job, other):
        backend.launch(backend.plan(each))
    seen = [started(each) for each in (job, other)]
    assert seen[0][1] == seen[1][1] != str(os.getpid())
    assert [line[2] for line in seen] == [line[0] for line in seen]
    assert [line[3] for line in seen] == [job.run_folder, other.run_folder]


def test_the_signal_that_killed_it_is_named(backend: LocalBackend, job: JobSpec) -> None:
    """Of a forked agent that was killed, the backend says by what."""
    handle = backend.launch(backend.plan(job))
    os.kill(int(started(job)[0]), signal.SIGKILL)
    end = time.monotonic() + 20
    while (seen := backend.observe([handle])[handle]).alive:
        assert time.monotonic() < end
        time.sleep(0.01)
    assert (seen.signal, seen.exit_code) == ("SIGKILL", None)


def test_agents_outlive_the_fork_server(backend: LocalBackend, job: JobSpec) -> None:
    """A fork server that is killed costs no agent, and the next launch does not miss it."""
    from dataclasses import replace

    handle = backend.launch(backend.plan(job))
    server = int(started(job)[1])
    os.kill(server, signal.SIGKILL)
    gone(server)
    assert backend.observe([handle])[handle].alive
    other = replace(job, run="other", run_folder=job.run_folder + "x")
    backend.launch(backend.plan(other))
    assert started(other)[1] != str(server)


def test_a_fork_server_nobody_needs_ends(backend: LocalBackend, job: JobSpec) -> None:
    """Without agents and launches for a while, the service is one process again."""
    handle = backend.launch(backend.plan(job))
    server = int(started(job)[1])
    Path(job.run_folder, "end").write_text("0")
    end = time.monotonic() + 20
    while backend.observe([handle])[handle].alive:
        assert time.monotonic() < end
        time.sleep(0.01)
    gone(server)


def test_without_a_fork_server_agents_start_all_the_same(tmp_path: Path, job: JobSpec) -> None:
    """A fork server that cannot be started is no reason to fail a run."""
    entry = Path(job.light) / "runyard" / "runtime" / "__main__.py"
    entry.write_text(entry.read_text().replace("fork_server.run()", "1"))
    backend = backend_in(tmp_path)
    backend.launch(backend.plan(job))
    assert started(job)[1] == str(os.getpid())


def test_a_service_that_dies_while_launching_starts_nothing(job: JobSpec) -> None:
    """Killed before the handle was written, a launch has not happened; the next one does it."""
    code = (
        "import sys, os, msgspec\n"
        "from pathlib import Path\n"
        "from runyard.protocol.jobs import JobSpec\n"
        "from runyard_server.compute import local\n"
        "job = msgspec.json.decode(sys.stdin.buffer.read(), type=JobSpec)\n"
        "local._keep = lambda file, pid: os._exit(9)\n"
        "backend = local.LocalBackend(light=Path(job.light))\n"
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
