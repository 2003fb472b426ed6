"""Interactive runs whose process is gone, and the children that end with a run."""

import subprocess
import sys
from pathlib import Path

import pytest

from runyard.protocol.errors import RunNotFound, StorageFull
from runyard.protocol.jobs import FinishReport
from runyard.protocol.runs import Beat, FailRun, RunError, StartRun
from runyard.protocol.timeouts import SESSION_LOST_SECONDS
from runyard_server.compute import processes
from runyard_server.execution import beats, jobs
from runyard_server.operations import runs
from runyard_server.scheduler.contact import Contact
from runyard_server.testing.yard import W, Yard, until

ELSEWHERE = "pid:[1]/7/another-boot-1"
LOST = "lost contact with the process that logged: "


def start(yard: Yard, parent: str | None = None, **more: object) -> str:
    """Begin an interactive run."""
    body = StartRun("exp", parent=parent, **more)  # type: ignore[arg-type]
    return runs.start(yard.system, W, body=body).id


def here(pid: int) -> str:
    """Name a process of this machine as a client does."""
    process = processes.identify(pid)
    assert process is not None
    return f"{Path('/proc/self/ns/pid').readlink()}/{pid}/{process.started}"


def pass_time(yard: Yard, seconds: float) -> None:
    """Let time pass in which the service listens."""
    yard.clock.sleep(seconds)
    yard.scheduler.observe()


def error(yard: Yard, run: str) -> RunError:
    """Why a run failed."""
    found = yard.get(run)
    assert (found.status, found.error is None) == ("Failed", False), found
    assert found.error is not None
    return found.error


@pytest.mark.skipif(sys.platform != "linux", reason="only there is a process seen for itself")
def test_a_killed_process_of_this_machine_is_seen_at_once(yard: Yard) -> None:
    """The list of runs shows a dead notebook as Failed within seconds; a silent one may think."""
    sleep = [sys.executable, "-c", "import time; time.sleep(1000)"]
    with subprocess.Popen(sleep) as process:
        run = start(yard, beats=True, process=here(process.pid))
        pass_time(yard, 10 * SESSION_LOST_SECONDS)
        yard.restart()
        pass_time(yard, 10 * SESSION_LOST_SECONDS)
        assert yard.get(run).status == "Running"
        process.kill()
    found = yard.until(run, "Failed")
    assert found.error is not None
    assert found.error.message == f"{LOST}process {process.pid} has ended without a word"


def test_silence_of_another_machine_fails_a_run(yard: Yard) -> None:
    """Five minutes without a beat, and not a minute less."""
    run = start(yard, beats=True, process=ELSEWHERE)
    old = start(yard)
    for _ in range(3):
        pass_time(yard, SESSION_LOST_SECONDS - 30)
        assert yard.get(run).status == "Running"
        beats.note(yard.system, W, run, body=Beat(ELSEWHERE))
    pass_time(yard, SESSION_LOST_SECONDS + 1)
    assert error(yard, run).message == f"{LOST}it has not been heard of for 5 minutes"
    assert yard.get(old).status == "Running"
    beats.note(yard.system, W, old, body=Beat(ELSEWHERE))
    pass_time(yard, SESSION_LOST_SECONDS + 1)
    assert error(yard, old).code == "LostContact"
    with pytest.raises(RunNotFound):
        beats.note(yard.system, W, "nope", body=Beat())


def test_a_run_is_lost_although_the_disk_was_full(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A verdict that could not be written is come to again; the run does not stay Running."""
    # Before any time passes: the yard's own scheduler would come to the verdict by itself.
    yard.scheduler.stop()
    run = start(yard, beats=True, process=ELSEWHERE)
    contact = Contact(yard.system)
    contact.look()
    yard.clock.sleep(SESSION_LOST_SECONDS + 1)

    def full(_work: object) -> None:
        raise StorageFull("no space")

    with monkeypatch.context() as patched, pytest.raises(StorageFull):
        patched.setattr(yard.system.records, "write", full)
        contact.look()
    contact.look()
    assert error(yard, run).code == "LostContact"


def test_time_in_which_the_service_was_down_does_not_count(yard: Yard) -> None:
    """Whoever comes back after the service has time to be heard."""
    run = start(yard, beats=True, process=ELSEWHERE)
    yard.scheduler.stop()
    yard.clock.sleep(3600)
    yard.system.beating.forget(1)
    yard.restart()
    yard.scheduler.observe()
    assert yard.get(run).status == "Running"
    pass_time(yard, SESSION_LOST_SECONDS + 1)
    assert error(yard, run).code == "LostContact"


def test_a_lost_process_has_the_last_word_all_the_same(yard: Yard) -> None:
    """A laptop that slept for an hour finishes its training: the run is Completed."""
    names = [start(yard, beats=True, process=ELSEWHERE) for _ in range(2)]
    pass_time(yard, SESSION_LOST_SECONDS + 1)
    for name in names:
        assert error(yard, name).code == "LostContact"
        beats.note(yard.system, W, name, body=Beat(ELSEWHERE))
    done = runs.complete(yard.system, W, names[0])
    assert (done.status, done.error) == ("Completed", None)
    assert runs.fail(yard.system, W, names[0], body=FailRun("late")).status == "Completed"
    failed = runs.fail(yard.system, W, names[1], body=FailRun("its own reason"))
    assert (failed.status, failed.error and failed.error.message) == ("Failed", "its own reason")
    assert yard.statuses(names[0]) == ["Running", "Failed", "Completed"]


def test_open_children_end_with_their_run(yard: Yard) -> None:
    """What a notebook forgot to complete is not shown as Running for ever, at any depth."""
    parent = start(yard)
    child = start(yard, parent)
    below = start(yard, child)
    bad = start(yard, parent)
    runs.fail(yard.system, W, bad, body=FailRun("mine"))
    runs.complete(yard.system, W, parent)
    assert [yard.get(run).status for run in (child, below)] == ["Completed", "Completed"]
    assert error(yard, bad).message == "mine"
    parent = start(yard, beats=True, process=ELSEWHERE)
    child = start(yard, parent)
    runs.fail(yard.system, W, parent, body=FailRun("no data\nat all"))
    assert error(yard, child).message == f"its parent, run {parent}, failed: no data"
    parent = start(yard)
    child = start(yard, parent)
    runs.cancel(yard.system, W, parent)
    assert yard.get(child).status == "Canceled"


def test_children_of_ended_children_end_too(yard: Yard) -> None:
    """A run that has ended can be given children: they end with what is open above them.

    Where nothing is, they end when the ended run is ended once more, as its process does.
    """
    parent = start(yard)
    child = start(yard, parent)
    runs.complete(yard.system, W, child)
    below = start(yard, child)
    runs.fail(yard.system, W, parent, body=FailRun("boom"))
    assert error(yard, below).message == f"above it, run {parent}, failed: boom"
    assert yard.get(child).status == "Completed"
    late = start(yard, parent)
    runs.complete(yard.system, W, parent)
    assert error(yard, late).message == f"its parent, run {parent}, failed: boom"
    assert yard.get(parent).status == "Failed"


@pytest.mark.parametrize(
    ("outcome", "status"),
    [("completed", "Completed"), ("failed", "Failed"), ("canceled", "Canceled")],
)
def test_children_of_a_job_end_with_it(yard: Yard, outcome: str, status: str) -> None:
    """However a job ends, nothing below it is left Running; who follows a child hears of it."""
    run = yard.submit()
    yard.report(run)
    child = start(yard, run)
    if status == "Canceled":
        runs.cancel(yard.system, W, run)
    yard.finish(run, outcome)
    assert yard.until(run, status).status == status
    assert yard.until(child, status).status == status


def test_children_of_a_failed_attempt_do_not_stay(yard: Yard) -> None:
    """Another attempt makes its own children; those of the former have failed with it."""
    run = yard.submit(max_retries=1)
    yard.report(run)
    child = start(yard, run)
    body = FinishReport("failed", error=RunError("UserError", "boom"))
    jobs.finish(yard.system, W, run, "0", body=body)
    assert error(yard, child).message == f"its parent, run {run}, failed: boom"
    until(lambda: yard.get(run).attempt == 2)


def test_submitted_children_go_on(yard: Yard) -> None:
    """They are jobs of their own: the end of a notebook does not end what it has submitted."""
    parent = start(yard)
    run = yard.submit(parent=parent)
    yard.report(run)
    child = start(yard, run)
    runs.complete(yard.system, W, parent)
    assert [yard.get(one).status for one in (run, child)] == ["Running", "Running"]
