"""What every compute backend must do, as tests.

Derive a class from `BackendContract`, fill in the first five methods, and pytest runs the rest:

    class TestMyBackend(BackendContract):
        def make_backend(self, folder): return MyBackend(...)
        ...

The agents in these tests do nothing: each runs until `end` lets it end or it is canceled.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from runyard.protocol.jobs import JobSpec
from runyard_server.compute.base import Backend, Observation

_PATIENCE_SECONDS = 20.0


class BackendContract:
    """The contract; `folder` is a fresh folder for each test."""

    def make_backend(self, folder: Path) -> Backend:
        """Make a backend; a second call for a folder is the same engine after a restart."""
        raise NotImplementedError

    def make_job(self, folder: Path) -> JobSpec:
        """Make a job whose agent runs until it is told to end."""
        raise NotImplementedError

    def end(self, folder: Path, job: JobSpec, exit_code: int) -> None:
        """Let the agent of a job end with an exit status."""
        raise NotImplementedError

    def starts(self, folder: Path, job: JobSpec) -> int:
        """Count how many agents have begun for a job."""
        raise NotImplementedError

    def clean_up(self, folder: Path) -> None:
        """End whatever a test left."""
        raise NotImplementedError

    def test_plan_touches_nothing(self, tmp_path: Path) -> None:
        """A plan is the same each time, names the job, and starts and writes nothing."""
        backend, job = self.make_backend(tmp_path), self.make_job(tmp_path)
        before = sorted(tmp_path.rglob("*"))
        plan = backend.plan(job)
        assert plan == backend.plan(job)
        assert (plan.run, plan.node, plan.attempt) == (job.run, job.node, job.attempt)
        assert plan.command
        assert sorted(tmp_path.rglob("*")) == before
        assert self.starts(tmp_path, job) == 0

    def test_an_agent_lives_until_it_ends(self, tmp_path: Path) -> None:
        """A launched agent is seen alive, and gone once it has ended."""
        backend, job = self.make_backend(tmp_path), self.make_job(tmp_path)
        try:
            handle = backend.launch(backend.plan(job))
            _until(lambda: self.starts(tmp_path, job) == 1)
            assert _look(backend, handle).alive is not False
            self.end(tmp_path, job, 3)
            seen = _gone(backend, handle)
            assert seen.exit_code in (3, None)
        finally:
            self.clean_up(tmp_path)

    def test_launching_twice_starts_one(self, tmp_path: Path) -> None:
        """The same launch again, also by a backend made anew, gives the handle of the first."""
        backend, job = self.make_backend(tmp_path), self.make_job(tmp_path)
        try:
            handle = backend.launch(backend.plan(job))
            assert backend.launch(backend.plan(job)) == handle
            again = self.make_backend(tmp_path)
            assert again.launch(again.plan(job)) == handle
            _until(lambda: self.starts(tmp_path, job) >= 1)
            assert self.starts(tmp_path, job) == 1
        finally:
            self.clean_up(tmp_path)

    def test_another_attempt_is_another_agent(self, tmp_path: Path) -> None:
        """A second attempt of a run, and its salvage, are launches of their own."""
        backend, job = self.make_backend(tmp_path), self.make_job(tmp_path)
        try:
            first = backend.launch(backend.plan(job))
            self.end(tmp_path, job, 1)
            _gone(backend, first)
            salvage = backend.launch(backend.plan(job, "it was lost"))
            second = backend.launch(backend.plan(replace(job, attempt=2)))
            assert len({first, salvage, second}) == 3  # noqa: PLR2004 - three launches
        finally:
            self.clean_up(tmp_path)

    def test_a_salvage_that_was_killed_is_launched_again(self, tmp_path: Path) -> None:
        """While it lives it is the same; afterwards the same launch starts another one."""
        backend, job = self.make_backend(tmp_path), self.make_job(tmp_path)
        try:
            plan = backend.plan(job, "it was lost")
            first = backend.launch(plan)
            assert backend.launch(plan) == first
            backend.cancel(first)
            _gone(backend, first)
            assert _look(backend, backend.launch(plan)).alive is not False
        finally:
            self.clean_up(tmp_path)

    def test_handles_outlive_the_backend(self, tmp_path: Path) -> None:
        """A handle that was stored means the same agent to a backend made after a restart."""
        backend, job = self.make_backend(tmp_path), self.make_job(tmp_path)
        try:
            handle = backend.launch(backend.plan(job))
            _until(lambda: self.starts(tmp_path, job) == 1)
            again = self.make_backend(tmp_path)
            assert _look(again, handle).alive is not False
            again.cancel(handle)
            _gone(again, handle)
        finally:
            self.clean_up(tmp_path)

    def test_cancel_ends_the_agent(self, tmp_path: Path) -> None:
        """A canceled agent is gone soon; canceling it again is harmless."""
        backend, job = self.make_backend(tmp_path), self.make_job(tmp_path)
        try:
            handle = backend.launch(backend.plan(job))
            _until(lambda: self.starts(tmp_path, job) == 1)
            backend.cancel(handle)
            _gone(backend, handle)
            backend.cancel(handle)
        finally:
            self.clean_up(tmp_path)

    def test_one_look_serves_all(self, tmp_path: Path) -> None:
        """Several handles are observed in one call, each for itself; none is no handle."""
        backend, job = self.make_backend(tmp_path), self.make_job(tmp_path)
        try:
            other = replace(job, run=job.run + "x", run_folder=job.run_folder + "x")
            handles = [backend.launch(backend.plan(each)) for each in (job, other)]
            _until(lambda: self.starts(tmp_path, other) == 1)
            self.end(tmp_path, job, 0)
            _gone(backend, handles[0])
            assert set(backend.observe(handles)) == set(handles)
            assert _look(backend, handles[1]).alive is not False
            assert backend.observe([]) == {}
        finally:
            self.clean_up(tmp_path)

    def test_resize_grants_no_more_than_asked(self, tmp_path: Path) -> None:
        """A backend answers with the nodes it has, never more than were asked for."""
        backend = self.make_backend(tmp_path)
        for count in (0, 2, 1):
            assert 0 <= backend.resize("w/cluster", count) <= count


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
