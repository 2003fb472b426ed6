"""Submits through the v1 names to a service of its own; argv: packages of the environment.

`--site=JSON` has the runs on a site with these settings instead of this machine.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from serve import begun, burst, modules_of, serve, single
from site_cluster import cluster_on

from azureml.core import Experiment, Run, ScriptRunConfig, Workspace
from azureml.core.conda_dependencies import CondaDependencies
from azureml.core.runconfig import RunConfiguration

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).resolve().parent
parser = argparse.ArgumentParser()
parser.add_argument("--site", type=json.loads)
parser.add_argument("packages", nargs="*")
told = parser.parse_args()
packages = told.packages
target = cluster_on(told.site) if told.site else None
experiment = Experiment(Workspace.from_config(), "bench")


def configured(packages: list[str]) -> RunConfiguration:
    """How runs with these packages are made; without any, this interpreter."""
    made = RunConfiguration()
    if packages:
        made.environment.python.conda_dependencies = CondaDependencies.create(
            python_version=f"{sys.version_info[0]}.{sys.version_info[1]}", pip_packages=packages
        )
    else:
        made.environment.python.user_managed_dependencies = True
    if target is not None:
        made.target = target
        made.environment.python.interpreter_path = sys.executable
    return made


configuration = configured(packages)
source = Path.cwd() / "source"
source.mkdir()
(source / "nothing.py").write_bytes((HERE / "nothing.py").read_bytes())
last = []


def submit(mark: str) -> Callable[[], None]:
    """Submit the script; see `serve.single`."""
    config = ScriptRunConfig(
        source_directory=str(source),
        script="nothing.py",
        arguments=[mark, *modules_of(packages)],
        run_config=configuration,
    )
    run = experiment.submit(config)
    last[:] = [run]

    def wait() -> None:
        run.wait_for_completion(raise_on_error=False)
        if run.get_status() != "Completed":
            raise RuntimeError(f"{run.id} is {run.get_status()}: {run.get_details().get('error')}")

    return wait


def once(mark: str, changed: list | None = None) -> dict:
    """One run, from now on with other packages if told so; the log must hold its line."""
    change(changed)
    figures = single(submit, mark)
    run = last[0]
    text = Path("log.txt")
    run.download_file("azureml-logs/70_driver_log.txt", str(text))
    if "begun" not in text.read_text():
        raise RuntimeError(f"the log of {run.id} lacks its line")
    text.unlink()
    if packages:
        figures["preparing"] = _environment_seconds(run)
    return figures


def _environment_seconds(run: Run) -> float:
    """The time from the run's first event to Queued, which says that its environment is ready.

    The stage Preparing itself would not do: where the environment is found, it and Queued are
    written at one moment, so its length is 0 whatever the finding took.
    """
    from runyard.protocol import routes
    from runyard.protocol.events import EventQuery

    events = run.service.call(routes.EVENTS_LIST, run.id, query=EventQuery()).items
    moments = {event.status: event.time for event in events if event.status}
    begun, ready = (datetime.fromisoformat(moments[name]) for name in ("Starting", "Queued"))
    return (ready - begun).total_seconds()


def change(changed: list | None) -> None:
    """Have runs use other packages from now on."""
    global configuration, packages
    if changed:
        packages, configuration = changed, configured(changed)


def together(marks: list, changed: list) -> dict:
    """Runs at once with packages that no run had before; how many environments that made."""
    change(changed)
    before = environments()
    start = time.time()
    for wait in [submit(mark) for mark in marks]:
        wait()
    made = environments() - before
    return {"first_line": max(map(begun, marks)) - start, "made": float(len(made))}


def environments() -> set:
    """What the service has made and keeps, by digest."""
    there = Path(os.environ["RUNYARD_HOME"], "environments")
    return {path.name for path in there.glob("[!.]*") if path.is_dir()}


serve({"once": once, "together": together, "burst": lambda marks: burst(submit, marks)})
