"""What every compute backend must do, as tests.

Derive a class from `BackendContract`, say how the backend is made, and pytest runs the rest:

    class TestMyBackend(BackendContract):
        def make_backend(self, context): return MyBackend(context, …)

The agents in these tests do nothing: each writes its attempt into `agent.json` of its run folder,
as the real one does, and a line into `starts`, then runs until there is a file `end`, or it is
canceled. Whoever has no processes, or none whose folders the tests can see, replaces `starts`,
`end` and `clean_up` too.
"""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from runyard.protocol.environments import EnvironmentDefinition
from runyard.protocol.errors import TemporaryError
from runyard.protocol.jobs import JobEnvironment
from runyard.protocol.runs import RunSpec
from runyard.protocol.sizes import VmSize
from runyard_server.compute.base import Backend, Job, Need, Observation, SiteContext
from runyard_server.compute.fork_server import ENTRY
from runyard_server.compute.light import Light

URL = "http://127.0.0.1:1"
AGENT = """\
import json, os, sys, time
verb, folder = sys.argv[1:3]
if verb == "agent":
    with open(os.path.join(folder, "job.json")) as file:
        attempt = json.load(file)["attempt"]
    with open(os.path.join(folder, "agent.json.part"), "w") as file:
        json.dump({"attempt": attempt}, file)
    os.rename(file.name, os.path.join(folder, "agent.json"))
line = f"{verb} {os.getpid()} {os.getppid()} {os.getsid(0)} {os.uname().nodename}\\n"
with open(os.path.join(folder, "starts"), "a") as file:
    file.write(line)
print("agent of", folder, flush=True)
end = os.path.join(folder, "end")
while not os.path.exists(end):
    time.sleep(0.01)
sys.exit(int(open(end).read()))
"""
_PATIENCE_SECONDS = 60.0


def context_in(folder: Path) -> SiteContext:
    """What a backend is told in these tests: places in a folder, and agents that wait."""
    light = Light("hash", folder / "light" / "hash")
    # Some backends start agents from the folder, others from the archive that is made of it.
    if not light.folder.exists():
        entry = light.folder / ENTRY
        entry.parent.mkdir(parents=True)
        entry.write_text(AGENT, "utf-8")
        (light.folder / "__main__.py").write_text(AGENT, "utf-8")
    # There before any plan, which writes nothing.
    assert light.zip.exists()
    return SiteContext(
        name="site",
        url=lambda: URL,
        runs=folder / "runs",
        blobs=folder / "blobs",
        connection_file=folder / "service.json",
        light=light,
    )


def job_named(run: str = "exp_1_cafe", node_name: str = "cluster-1") -> Job:
    """A job for the agents of these tests."""
    return Job(
        run=run,
        workspace="default",
        workspace_name="default",
        subscription_id="s",
        resource_group="g",
        experiment_id="e",
        spec=RunSpec("exp", "", "train.py", environment=EnvironmentDefinition()),
        files=[],
        environment=JobEnvironment(sys.executable),
        token="hush",  # noqa: S106 - opens nothing
        node_name=node_name,
        size=VmSize("SMALL", 1, 0.5),
    )


class BackendContract:
    """The contract; `folder` is a fresh folder for each test."""

    def make_backend(self, context: SiteContext) -> Backend:
        """Make a backend; a second call with a context is the same engine after a restart."""
        raise NotImplementedError

    def starts(self, backend: Backend, job: Job) -> list[str]:
        """The lines of all agents that have begun for a job: verb, pid, parent, session, host."""
        file = Path(backend.plan(job).folder) / "starts"
        return file.read_text("utf-8").splitlines() if file.exists() else []

    def end(self, backend: Backend, job: Job, exit_code: int) -> None:
        """Let the agent of a job end with an exit status.

        Args:
            backend: The backend.
            job: The job.
            exit_code: Its exit code.
        """
        part = Path(backend.plan(job).folder) / "end.part"
        part.write_text(str(exit_code), "utf-8")
        # Renamed, so that no agent reads half of it.
        part.rename(part.with_name("end"))

    def clean_up(self, folder: Path) -> None:
        """End whatever a test left below its folder."""
        for file in folder.rglob("starts"):
            for line in file.read_text("utf-8").splitlines():
                with suppress(ProcessLookupError):
                    os.kill(int(line.split()[1]), signal.SIGKILL)

    @contextmanager
    def bench(self, folder: Path) -> Iterator[tuple[Backend, SiteContext]]:
        """A backend of a test's own, and what it was told; all is ended afterwards."""
        context = context_in(folder)
        backend = self.make_backend(context)
        try:
            yield backend, context
        finally:
            backend.close()
            self.clean_up(folder)

    def test_it_tells_what_it_can_do(self, tmp_path: Path) -> None:
        """Figures make sense, and are the same each time."""
        with self.bench(tmp_path) as (backend, _):
            can = backend.capabilities()
            assert can == backend.capabilities()
            assert can.cpus >= 1
            assert min(can.memory_gb, can.gpus) >= 0
            assert can.max_nodes is None or can.max_nodes >= 1
            assert can.called

    def test_nodes_of_other_machines_dial_the_service(self, tmp_path: Path) -> None:
        """Only where its sockets can be reached is a job told of the file that leads to them."""
        with self.bench(tmp_path) as (backend, _):
            told = backend.plan(job_named()).job.connection_file
            assert not told or backend.capabilities().on_this_machine

    def test_what_it_has_could_run(self, tmp_path: Path) -> None:
        """A need within what the site says of itself is met in full."""
        with self.bench(tmp_path) as (backend, _):
            can = backend.capabilities()
            size = VmSize("ALL", can.cpus, can.memory_gb, can.gpus)
            answer = backend.could_run(Need(can.max_nodes or 2, size))
            assert (answer.refusal, answer.gpus) == ("", can.gpus)

    def test_what_it_lacks_is_refused_or_done_without(self, tmp_path: Path) -> None:
        """Beyond that it says why not and what could be, or goes on with fewer GPUs."""
        with self.bench(tmp_path) as (backend, _):
            can = backend.capabilities()
            large = VmSize("STANDARD_TOO_LARGE", can.cpus + 1, can.memory_gb + 1, can.gpus + 1)
            answer = backend.could_run(Need(1, large))
            if not answer.refusal:
                assert answer.gpus <= can.gpus
            else:
                assert large.name in answer.refusal
            if can.max_nodes is not None:
                many = backend.could_run(Need(can.max_nodes + 1))
                assert str(can.max_nodes) in many.refusal

    def test_plan_touches_nothing(self, tmp_path: Path) -> None:
        """A plan is the same each time, names the job, and starts and writes nothing."""
        with self.bench(tmp_path) as (backend, context):
            job = job_named()
            before = sorted(tmp_path.rglob("*"))
            plan = backend.plan(job)
            assert plan == backend.plan(job) == self.make_backend(context).plan(job)
            assert (plan.run, plan.node, plan.attempt) == (job.run, job.node, job.attempt)
            assert plan.command
            assert sorted(tmp_path.rglob("*")) == before
            assert self.starts(backend, job) == []

    def test_a_plan_can_be_shown(self, tmp_path: Path) -> None:
        """What is printed of a plan says what is started, and not the run's token."""
        with self.bench(tmp_path) as (backend, _):
            job = job_named()
            shown = repr(backend.plan(job))
            assert job.run in shown
            assert job.token not in shown

    def test_the_agent_reads_the_whole_job(self, tmp_path: Path) -> None:
        """Paths and addresses are the site's; all else is as it was given."""
        with self.bench(tmp_path) as (backend, _):
            job = replace(job_named(), node=1, attempt=2)
            made = backend.plan(job).job
            same = ("run", "workspace", "spec", "files", "token", "node", "node_name", "attempt")
            assert [getattr(made, name) for name in same] == [getattr(job, name) for name in same]
            assert made.url
            assert made.environment.interpreter
            first = backend.plan(job_named()).job
            assert made.run_folder != first.run_folder

    def test_an_agent_lives_until_it_ends(self, tmp_path: Path) -> None:
        """A launched agent is seen alive, and gone once it has ended."""
        with self.bench(tmp_path) as (backend, _):
            job = job_named()
            handle = backend.launch(backend.plan(job))
            _until(lambda: len(self.starts(backend, job)) == 1)
            # None, not to be known, is an answer: only False is a verdict.
            assert _look(backend, handle).alive is not False
            self.end(backend, job, 3)
            seen = _gone(backend, handle)
            # Who is not the parent of a process need not learn how it ended.
            assert seen.exit_code in (3, None)

    def test_launching_twice_starts_one(self, tmp_path: Path) -> None:
        """The same launch again, also by a backend made anew, gives the handle of the first."""
        with self.bench(tmp_path) as (backend, context):
            job = job_named()
            handle = backend.launch(backend.plan(job))
            assert backend.launch(backend.plan(job)) == handle
            again = self.make_backend(context)
            assert _launched(again, job) == handle
            _until(lambda: bool(self.starts(backend, job)))
            assert len(self.starts(backend, job)) == 1
            again.close()

    def test_another_attempt_is_another_agent(self, tmp_path: Path) -> None:
        """A second attempt of a run, and its salvage, are launches of their own."""
        with self.bench(tmp_path) as (backend, _):
            job = job_named()
            first = backend.launch(backend.plan(job))
            _until(lambda: len(self.starts(backend, job)) == 1)
            self.end(backend, job, 1)
            _gone(backend, first)
            salvage = backend.launch(backend.plan(job, "it was lost"))
            second = backend.launch(backend.plan(replace(job, attempt=2)))
            assert len({first, salvage, second}) == 3  # noqa: PLR2004 - three launches
            for each in (salvage, second):
                backend.cancel(each)
                _gone(backend, each)

    def test_a_salvage_that_was_killed_is_launched_again(self, tmp_path: Path) -> None:
        """While it lives it is the same; afterwards the same launch starts another one."""
        with self.bench(tmp_path) as (backend, _):
            plan = backend.plan(job_named(), "it was lost")
            first = backend.launch(plan)
            assert backend.launch(plan) == first
            backend.cancel(first)
            _gone(backend, first)
            second = backend.launch(plan)
            assert _look(backend, second).alive is not False
            # One that has not begun yet could not be found by `clean_up`.
            backend.cancel(second)
            _gone(backend, second)

    def test_handles_outlive_the_backend(self, tmp_path: Path) -> None:
        """A handle that was stored means the same agent to a backend made after a restart."""
        with self.bench(tmp_path) as (backend, context):
            job = job_named()
            handle = backend.launch(backend.plan(job))
            _until(lambda: len(self.starts(backend, job)) == 1)
            backend.close()
            again = self.make_backend(context)
            assert _look(again, handle).alive is not False
            again.cancel(handle)
            _gone(again, handle)
            again.close()

    def test_cancel_ends_the_agent(self, tmp_path: Path) -> None:
        """A canceled agent is gone soon; canceling it again is harmless."""
        with self.bench(tmp_path) as (backend, _):
            job = job_named()
            handle = backend.launch(backend.plan(job))
            _until(lambda: len(self.starts(backend, job)) == 1)
            backend.cancel(handle)
            assert _gone(backend, handle).alive is False
            backend.cancel(handle)
            assert _look(backend, handle).alive is False

    def test_one_look_serves_all(self, tmp_path: Path) -> None:
        """Several handles are observed in one call, each for itself; none is no handle."""
        with self.bench(tmp_path) as (backend, _):
            job, other = job_named(), job_named("exp_2_beef")
            handles = [backend.launch(backend.plan(each)) for each in (job, other)]
            _until(lambda: all(len(self.starts(backend, each)) == 1 for each in (job, other)))
            self.end(backend, job, 0)
            _gone(backend, handles[0])
            assert set(backend.observe(handles)) == set(handles)
            assert _look(backend, handles[1]).alive is not False
            assert backend.observe([]) == {}

    def test_a_handle_of_nobody_is_gone(self, tmp_path: Path) -> None:
        """A text that means nothing here is no reason to fail: its agent is not there."""
        with self.bench(tmp_path) as (backend, _):
            assert _look(backend, "nobody's").alive is False
            backend.cancel("nobody's")

    def test_resize_grants_no_more_than_asked(self, tmp_path: Path) -> None:
        """A backend answers with the nodes it has, never more than were asked for."""
        with self.bench(tmp_path) as (backend, _):
            for count in (0, 2, 1):
                need = Need(count, VmSize("SMALL", 1, 0.5))
                assert 0 <= backend.resize("w/cluster", need).nodes <= count


def _launched(backend: Backend, job: Job) -> str:
    # As the scheduler does: what was made first lives on, and may take its connection back.
    end = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            return backend.launch(backend.plan(job))
        except TemporaryError:
            assert time.monotonic() < end, "it cannot be launched"
            time.sleep(0.02)


def _look(backend: Backend, handle: str) -> Observation:
    return backend.observe([handle])[handle]


def _gone(backend: Backend, handle: str) -> Observation:
    """Wait until an agent is seen gone; give what is seen then."""
    seen = _look(backend, handle)
    end = time.monotonic() + _PATIENCE_SECONDS
    while seen.alive is not False:
        assert time.monotonic() < end, "the agent is still there"
        time.sleep(0.02)
        seen = _look(backend, handle)
    return seen


def _until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + _PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.02)
