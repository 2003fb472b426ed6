"""From submit to the end: the stages a run goes through, whatever happens on the way."""

from dataclasses import replace
from pathlib import Path

import pytest

from runyard.protocol.environments import EnvironmentDefinition
from runyard.protocol.errors import InvalidRequest
from runyard.protocol.events import EventQuery
from runyard.protocol.runs import FailRun
from runyard_server.operations import events, runs
from runyard_server.scheduler.orphans import MOST_SALVAGES
from runyard_server.testing.fake_backend import SLOTS
from runyard_server.testing.yard import W, Yard, until

WAY = ["Starting", "Preparing", "Queued", "Running", "Finalizing"]


def test_a_run_goes_all_the_way(yard: Yard) -> None:
    """A run passes every stage in order, its agent is launched once, its folder is collected."""
    run = yard.submit()
    yard.report(run)
    yard.report(run, "finalizing")
    yard.finish(run)
    record = yard.get(run)
    assert yard.statuses(run) == [*WAY, "Completed"]
    assert set(record.stage_seconds) == set(WAY[1:])
    assert record.started_at is not None
    assert record.ended_at is not None
    assert [plan.run for plan in yard.engine.plans] == [run]
    until(lambda: not yard.system.home.run(run).exists())


def test_a_second_run_needs_no_build(yard: Yard) -> None:
    """The environment of one run serves the next, which has no build log."""
    first = yard.submit(pip="numpy")
    yard.report(first)
    yard.finish(first)
    second = yard.submit(pip="numpy")
    yard.report(second)
    assert yard.environments.builds == 1
    log = "azureml-logs/20_image_build_log.txt"
    assert yard.system.logs.size(W, first, log)
    assert yard.system.logs.size(W, second, log) is None
    assert yard.get(second).environment_lock == yard.get(first).environment_lock
    yard.finish(second)


def test_what_is_to_be_known_of_a_lock_is_a_warning_of_each_run(yard: Yard) -> None:
    """Also who comes later, when the lock is cached, learns why the Python is another."""
    yard.environments.notes = ["Python 3.7.16 is used"]
    for _ in range(2):
        run = yard.submit(pip="old==0.9")
        yard.report(run)
        assert yard.get(run).warnings == ["Python 3.7.16 is used"]
        yard.finish(run)


def test_a_lock_in_compatibility_mode_is_told_by_each_run(yard: Yard) -> None:
    """What its packages stand for is a property, which people search and the studio shows."""
    told = "tensorflow==1.13.1 on tensorflow-cpu==2.21.0"
    for pip in (f"# compatibility {told}", "six"):
        run = yard.submit(pip=pip)
        yard.report(run)
        given = yard.get(run).properties.get("runyard.compatibility")
        assert given == (told if pip != "six" else None)
        yard.finish(run)


def test_a_failed_build_says_what_may_explain_it(yard: Yard) -> None:
    """A compiler's words are no use to who does not know that there was no wheel."""
    yard.environments.broken = True
    error = yard.until(yard.submit(pip="old==0.9"), "Failed").error
    assert error is not None
    assert error.message == "old==0.9 has no wheel for Python 3.11\na compiler's traceback"


def test_locks_are_for_what_the_site_has(yard: Yard) -> None:
    """Nodes with GPUs get the frameworks for GPUs, wherever the service itself is."""
    plain = yard.submit()
    yard.handle(plain)
    yard.engine.can = replace(SLOTS, gpus=1)
    run = yard.submit("local")
    yard.handle(run)
    without, with_gpus = (plan.job.environment.lock for plan in yard.engine.plans)
    definition = EnvironmentDefinition()
    assert without == yard.environments.definition_hash(definition)
    assert with_gpus == yard.environments.definition_hash(definition, gpu=True)


def test_the_job_is_complete(yard: Yard) -> None:
    """The agent is told everything: files, interpreter, token, where to report."""
    run = yard.submit()
    yard.handle(run)
    plan = yard.engine.plans[0]
    assert plan.attempt == 1
    content = (Path(plan.folder) / "job.json").read_text()
    for text in ("train.py", "/env/bin/python", f'"token":"{run}.', "service.json"):
        assert text in content


def test_a_failed_environment_fails_the_run(yard: Yard) -> None:
    """What the resolver says is the run's error, and the end of its build log."""
    yard.environments.fault = InvalidRequest("no version of nosuchpackage exists")
    run = yard.submit(pip="nosuchpackage")
    record = yard.until(run, "Failed")
    assert record.error is not None
    assert record.error.code == "UserError"
    assert "nosuchpackage" in record.error.message
    assert yard.statuses(run) == ["Starting", "Preparing", "Failed"]
    log = yard.system.logs.path(W, run, "azureml-logs/20_image_build_log.txt").read_text()
    assert log.splitlines()[-1] == "no version of nosuchpackage exists"
    until(lambda: not yard.system.home.run(run).exists())


def test_a_run_tells_why_its_environment_was_built(yard: Yard) -> None:
    """The first run waits and says for what; the next finds it made, and says nothing of it."""
    told = []
    for _ in range(2):
        run = yard.submit(pip="numpy==2.0.0")
        yard.report(run)
        page = events.list_(yard.system, W, run, EventQuery())
        told.append([one.data for one in page.items if "environment" in one.data])
    built = {"stage": "Preparing", "environment": "built", "why": "with numpy==2.0.0"}
    assert told == [[built], []]


def test_a_failed_script_fails_the_run(yard: Yard) -> None:
    """An exit code other than 0 is named in the error."""
    run = yard.submit()
    yard.report(run)
    yard.finish(run, "failed", exit_code=3)
    record = yard.get(run)
    assert record.status == "Failed"
    assert record.error is not None
    assert "exit code 3" in record.error.message


def test_cancel_while_preparing_stops_the_build(yard: Yard) -> None:
    """A run canceled while its environment is built is Canceled at once and the build ends."""
    yard.environments.go.clear()
    run = yard.submit(pip="tensorflow")
    assert yard.environments.begun.wait(60)
    assert runs.cancel(yard.system, W, run).status == "Canceled"
    until(lambda: yard.environments.cancels == 1)
    yard.environments.go.set()
    assert yard.statuses(run) == ["Starting", "Preparing", "CancelRequested", "Canceled"]
    assert yard.engine.plans == []


def test_cancel_while_queued_leaves_the_queue(yard: Yard) -> None:
    """A canceled run that waited is passed over; those behind it move up."""
    yard.cluster(nodes=1)
    holder, second, third = (yard.queue("cluster") for _ in range(3))
    yard.handle(holder)
    yard.when(second, lambda record: record.reason is not None)
    assert runs.cancel(yard.system, W, second).status == "Canceled"
    yard.report(holder)
    yard.finish(holder)
    yard.handle(third)
    assert [plan.run for plan in yard.engine.plans] == [holder, third]


def test_cancel_while_running_asks_the_agent(yard: Yard) -> None:
    """A running run is CancelRequested until its agent has reported, then Canceled."""
    yard.engine.deaf = True
    run = yard.submit()
    yard.report(run)
    assert runs.cancel(yard.system, W, run).status == "CancelRequested"
    until(lambda: set(yard.engine.canceled) == {yard.handle(run)})
    assert yard.report(run).cancel
    assert yard.get(run).status == "CancelRequested"
    yard.finish(run, "canceled")
    assert yard.statuses(run)[-2:] == ["CancelRequested", "Canceled"]


def test_cancel_of_a_deaf_agent_that_dies(yard: Yard) -> None:
    """An agent that dies of the cancel is cleaned up after, and the run is Canceled."""
    run = yard.submit()
    yard.report(run)
    runs.cancel(yard.system, W, run)
    yard.handle(run, "salvage")
    yard.finish(run, "failed")
    assert yard.get(run).status == "Canceled"
    assert yard.get(run).error is None


@pytest.mark.parametrize("end", ["complete", "fail"])
def test_ended_from_outside_stops_the_job(yard: Yard, end: str) -> None:
    """A run that its owner ends keeps that end; its agent is told to stop, and its place is free
    only when the agent has ended."""
    yard.cluster(nodes=1)
    run = yard.submit("cluster")
    yard.report(run)
    yard.engine.deaf = True
    if end == "fail":
        runs.fail(yard.system, W, run, body=FailRun("enough"))
    else:
        runs.complete(yard.system, W, run)
    until(lambda: set(yard.engine.canceled) == {yard.handle(run)})
    assert yard.report(run).cancel
    waiting = yard.submit("cluster")
    yard.when(waiting, lambda record: run in (record.reason or ""))
    status = yard.get(run).status
    yard.finish(run, "canceled")
    assert yard.get(run).status == status
    yard.handle(waiting)


def test_agent_killed_is_salvaged(yard: Yard) -> None:
    """When an agent is killed, another cleans up and the run fails with what happened."""
    run = yard.submit()
    yard.report(run)
    yard.engine.end(yard.handle(run), signal="SIGKILL")
    yard.handle(run, "salvage")
    command = yard.engine.plans[-1].command[0]
    assert "agent of node 0 was killed by SIGKILL" in command
    assert any("SIGKILL" in message for message in yard.messages(run))
    yard.finish(run, "failed", exit_code=None)
    assert yard.get(run).status == "Failed"


def test_salvage_killed_too_ends_the_run(yard: Yard) -> None:
    """When one cleaning agent after the other dies, the run is Failed with the first reason, the
    node is free, and the folder stays for what could not be delivered, without what is private."""
    yard.cluster(nodes=1)
    run = yard.submit("cluster")
    yard.report(run)
    yard.engine.end(yard.handle(run), exit_code=7)
    for _ in range(MOST_SALVAGES):
        salvage_killed(yard, run)
    record = yard.until(run, "Failed")
    assert record.error is not None
    assert record.error.code == "ServiceError"
    assert "agent of node 0 ended with exit code 7" in record.error.message
    next_run = yard.submit("cluster")
    yard.handle(next_run)
    folder = yard.system.home.run(run)
    until((folder / "UNDELIVERED.txt").exists)
    assert not (folder / "inherited.json").exists()
    assert not (folder / "job.json").exists()
    yard.restart()
    yard.scheduler.observe()
    yard.scheduler.stop()
    assert folder.exists()


def salvage_killed(yard: Yard, run: str) -> None:
    """Wait for the agent that cleans up, and kill it."""
    handle = yard.handle(run, "salvage")
    until(lambda: yard.engine.agents[handle].alive)
    yard.engine.end(handle, signal="SIGKILL")


def test_a_salvage_that_is_killed_is_followed_by_another(yard: Yard) -> None:
    """What it did not deliver the next one does, also after a restart; then the folder goes."""
    run = yard.submit()
    yard.report(run)
    yard.engine.end(yard.handle(run), signal="SIGKILL")
    salvage_killed(yard, run)
    until(lambda: yard.engine.agents[yard.handle(run, "salvage")].alive)
    yard.scheduler.stop()
    yard.engine.end(yard.handle(run, "salvage"), signal="SIGKILL")
    yard.restart()
    until(lambda: yard.engine.agents[yard.handle(run, "salvage")].alive)
    yard.finish(run, "failed", exit_code=None)
    assert yard.get(run).status == "Failed"
    until(lambda: not yard.system.home.run(run).exists())


def test_what_was_never_launched_leaves_no_folder(yard: Yard) -> None:
    """The client's variables of a run that could not be launched go with it."""
    yard.engine.refuse = InvalidRequest("the engine has no such partition")
    run = yard.submit()
    assert yard.until(run, "Failed").error is not None
    until(lambda: not yard.system.home.run(run).exists())
    assert yard.engine.plans == []


def test_launch_that_fails_for_good_fails_the_run(yard: Yard) -> None:
    """A backend that can never launch a job ends the run with the reason."""
    yard.engine.refuse = InvalidRequest("the engine has no such partition")
    run = yard.submit()
    record = yard.until(run, "Failed")
    assert record.error is not None
    assert "no such partition" in record.error.message


def test_reports_may_come_twice(yard: Yard) -> None:
    """Repeated beats and last words change nothing."""
    run = yard.submit()
    for _ in range(3):
        yard.report(run)
    yard.report(run, "finalizing")
    yard.report(run)
    for _ in range(2):
        yard.finish(run)
    yard.finish(run, "failed", exit_code=1)
    assert yard.statuses(run) == [*WAY, "Completed"]
