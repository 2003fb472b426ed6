"""Sweeps a script that logs one value, against a service of its own; submits it as often, too."""

from __future__ import annotations

import time
from pathlib import Path

from serve import serve

from azureml.core import Experiment, ScriptRunConfig, Workspace
from azureml.core.runconfig import RunConfiguration
from runyard import Sweep, uniform

experiment = Experiment(Workspace.from_config(), "bench")
source = Path.cwd() / "source"
source.mkdir()
(source / "trial.py").write_text(
    """import sys

from azureml.core import Run

Run.get_context().log("loss", float(sys.argv[-1]))
"""
)
configuration = RunConfiguration()
configuration.environment.python.user_managed_dependencies = True


def _job(*arguments: str) -> ScriptRunConfig:
    return ScriptRunConfig(
        source_directory=str(source),
        script="trial.py",
        arguments=list(arguments),
        run_config=configuration,
    )


def swept(trials: int) -> dict:
    """Sweep; give seconds for each trial."""
    sweep = Sweep({"x": uniform(0, 1)}, {"loss": "minimize"}, max_trials=trials).over(_job())
    start = time.perf_counter()
    run = experiment.submit(sweep)
    run.wait_for_completion()
    seconds = time.perf_counter() - start
    states = [trial.state for trial in run.trials()]
    if states != ["completed"] * trials:
        raise RuntimeError(f"of {trials} trials not all are completed: {set(states)}")
    return {"seconds": seconds / trials}


def submitted(trials: int) -> dict:
    """Submit as many runs in a row, then wait for all; give seconds for each."""
    start = time.perf_counter()
    runs = [experiment.submit(_job("--x", str(number / trials))) for number in range(trials)]
    for run in runs:
        run.wait_for_completion()
    return {"seconds": (time.perf_counter() - start) / trials}


serve({"swept": swept, "submitted": submitted})
