"""Run folders: gone once all is delivered, and not a moment earlier."""

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

from runyard.protocol.runs import FailRun
from runyard_server.operations import runs
from runyard_server.testing.yard import W, Yard, until


def test_the_folder_stays_while_the_agent_lives(yard: Yard) -> None:
    """A run that was ended from outside keeps its folder until its agent has reported."""
    yard.engine.deaf = True
    run = yard.submit()
    yard.report(run)
    runs.fail(yard.system, W, run, body=FailRun("enough"))
    yard.scheduler.observe()
    yard.scheduler.observe()
    assert (yard.system.home.run(run) / "job.json").exists()
    yard.finish(run, "canceled")
    until(lambda: not yard.system.home.run(run).exists())


def test_a_canceled_run_leaves_no_secrets(yard: Yard) -> None:
    """The inherited environment of a run that never had an agent goes with its end."""
    yard.environments.go.clear()
    run = yard.submit(pip="numpy")
    assert yard.environments.begun.wait(60)
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
    yard.scheduler.observe()
    yard.scheduler.stop()
    assert yard.system.home.run(run).exists()


def test_what_was_left_is_swept(yard: Yard) -> None:
    """Folders of runs that ended just before the service died go at the next start, and those of
    no run, as a submit leaves them that was killed; those that may become a run's stay."""
    run = yard.submit()
    yard.report(run)
    yard.scheduler.stop()
    yard.finish(run)
    stale, fresh = yard.system.home.run("stale"), yard.system.home.run("fresh")
    for folder in (stale, fresh):
        folder.mkdir()
    os.utime(fresh, (time.time() + 60, time.time() + 60))
    yard.restart()
    until(lambda: not yard.system.home.run(run).exists() and not stale.exists())
    assert fresh.exists()


def test_a_run_that_ended_unlaunched_is_swept(yard: Yard) -> None:
    """A service that was killed between the end of a run and its folder's end is followed up."""
    yard.environments.go.clear()
    run = yard.submit(pip="numpy")
    assert yard.environments.begun.wait(60)
    folder = yard.system.home.run(run)
    content = (folder / "inherited.json").read_bytes()
    runs.cancel(yard.system, W, run)
    until(lambda: not folder.exists())
    yard.scheduler.stop()
    folder.mkdir()
    (folder / "inherited.json").write_bytes(content)
    yard.restart()
    until(lambda: not folder.exists())


def test_folders_that_a_script_closed_go_too(tmp_path: Path) -> None:
    """A script may take the right to write from its own folders."""
    inner = tmp_path / "run" / "work" / "closed"
    inner.mkdir(parents=True)
    (inner / "file").touch()
    inner.chmod(0o500)
    subprocess.run([sys.executable, "-c", DISCARD, str(tmp_path / "run")], check=True, timeout=60)
    assert not (tmp_path / "run").exists()


# As a user for whom modes count, which root is not.
DISCARD = """
import os, sys
from pathlib import Path
from runyard_server.execution import run_folders
root = Path(sys.argv[1])
if os.geteuid() == 0:
    for path in (root.parent, root, *root.rglob("*")):
        os.chown(path, 12345, 12345)
    os.chdir(root.parent)
    os.setuid(12345)
run_folders.discard(Path("run") if os.getuid() == 12345 else root)
"""
