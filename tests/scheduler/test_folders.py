"""Run folders: gone once all is delivered, and not a moment earlier."""

import os
from dataclasses import replace

from runyard.protocol.runs import FailRun
from runyard_server.operations import runs
from runyard_server.testing.yard import W, Yard, until


def test_the_folder_stays_while_the_agent_lives(yard: Yard) -> None:
    """A run that was ended from outside keeps its folder until its agent has reported."""
    yard.engine.deaf = True
    run = yard.submit()
    yard.report(run)
    runs.fail(yard.system, W, run, body=FailRun("enough"))
    yard.scheduler.upkeep()
    yard.scheduler.upkeep()
    assert (yard.system.home.run(run) / "job.json").exists()
    yard.finish(run, "canceled")
    until(lambda: not yard.system.home.run(run).exists())


def test_a_canceled_run_leaves_no_secrets(yard: Yard) -> None:
    """The inherited environment of a run that never had an agent goes with its end."""
    yard.environments.go.clear()
    run = yard.submit(pip="numpy")
    assert yard.environments.begun.wait(20)
    assert (yard.system.home.run(run) / "inherited.json").exists()
    runs.cancel(yard.system, W, run)
    until(lambda: not yard.system.home.run(run).exists())


def test_folders_can_be_kept(yard: Yard) -> None:
    """With the setting the folder of an ended run stays."""
    yard.scheduler.stop()
    settings = replace(yard.system.settings, keep_run_folders=True)
    yard.system = replace(yard.system, settings=settings)
    yard.restart()
    run = yard.submit()
    yard.report(run)
    yard.finish(run)
    yard.scheduler.upkeep()
    yard.scheduler.stop()
    assert yard.system.home.run(run).exists()


def test_what_was_left_is_swept(yard: Yard) -> None:
    """Folders of runs that ended just before the service died go at the next start, and old ones
    that belong to no run; those that may become a run's stay."""
    run = yard.submit()
    yard.report(run)
    yard.scheduler.stop()
    yard.finish(run)
    stale, fresh = yard.system.home.run("stale"), yard.system.home.run("fresh")
    for folder in (stale, fresh):
        folder.mkdir()
    os.utime(stale, (1, 1))
    yard.restart()
    until(lambda: not yard.system.home.run(run).exists() and not stale.exists())
    assert fresh.exists()
