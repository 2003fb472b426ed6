"""Follows the log of a run with `runyard runs logs -f`."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import view
from serve import serve

from azureml.core import Experiment, Run, ScriptRunConfig, Workspace
from azureml.core.runconfig import RunConfiguration

HERE = Path(__file__).resolve().parent
experiment = Experiment(Workspace.from_config(), "bench")
configuration = RunConfiguration()
configuration.environment.python.user_managed_dependencies = True
source = Path.cwd() / "source"
source.mkdir()
shutil.copy(HERE / "chatter.py", source)


def submit(kind: str, count: int) -> Run:
    """Submit the script."""
    return experiment.submit(
        ScriptRunConfig(
            source_directory=str(source),
            script="chatter.py",
            arguments=[kind, count],
            run_config=configuration,
        )
    )


def follow(run: Run) -> list:
    """The command that follows the run."""
    return [str(Path(sys.executable).parent / "runyard"), "runs", "logs", run.id, "--follow"]


def volume(megabytes: int) -> dict:
    """A run that prints so much."""
    run = submit("volume", megabytes)
    figures = view.volume(follow(run), megabytes)
    run.wait_for_completion()
    return figures


def latency(count: int) -> dict:
    """A run that prints so many lines, one after the other."""
    run = submit("lines", count)
    figures = view.latency(follow(run))
    run.wait_for_completion()
    return figures


serve({"volume": volume, "latency": latency})
