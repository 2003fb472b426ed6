"""A run once more: the very packages that it had, whatever has come out since."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from .conftest import Yard
from .test_packages import wheel

pytestmark = pytest.mark.slow(seconds=8)

# As of a lock in compatibility mode: the run's own, and those that are made of it, have it too.
MODE = "tensorflow==1.13.1 on tensorflow-cpu==2.21.0"
TRAIN = """
import sys
import factors
from azureml.core import Run
run = Run.get_context()
run.log("factor", factors.factor)
run.log("arguments", len(sys.argv))
run.log("luck", {luck})
"""


@pytest.fixture
def run(yard: Yard) -> Any:
    """A completed run with a package of version 1.0, for which any version would have done."""
    from azureml.core import Environment
    from azureml.core.conda_dependencies import CondaDependencies

    wheel(yard.folder)
    environment = Environment("open", as_of="2026-01-01", compatibility=MODE)
    environment.python.conda_dependencies = CondaDependencies.create(
        python_version="{}.{}".format(*sys.version_info),
        pip_packages=[f"--find-links {yard.folder}", "--no-index", "factors"],
    )
    luck = "__import__('random').random()"
    made = yard.submit(TRAIN.format(luck=luck), environment=environment, arguments=["--x", 1])
    made.wait_for_completion()
    return made


def test_a_run_is_reproduced_from_its_lock(yard: Yard, run: Any) -> None:
    """Its list would mean version 2.0 by now; its lock does not, and what differs is told."""
    from azureml.core import Environment, ScriptRunConfig

    old = next(yard.folder.glob("factors-*.whl"))
    (yard.folder / "factors-2.0-py3-none-any.whl").write_bytes(b"would fail if it were taken")
    again = run.reproduce()
    again.wait_for_completion()
    details, first = again.get_details(), run.get_details()
    assert again.service.runs.get(again.id).environment_lock == (
        run.service.runs.get(run.id).environment_lock
    )
    assert again.get_properties()["runyard.reproduces"] == run.id
    assert again.get_properties()["runyard.compatibility"] == MODE
    assert details["properties"]["ContentSnapshotId"] == first["properties"]["ContentSnapshotId"]
    found = run.compare_metrics(again)
    assert list(found) == ["luck"]
    assert found["luck"][0] != found["luck"][1]
    locked = Environment.from_run(run)
    assert f"factors=={old.name.split('-')[1]}" in str(locked.python.conda_dependencies.as_dict())
    config = ScriptRunConfig(str(yard.folder / "source"), "train.py", environment=locked)
    third = run.experiment.submit(config)
    third.wait_for_completion()
    assert third.service.runs.get(third.id).environment_lock == (
        run.service.runs.get(run.id).environment_lock
    )
    build = locked.build(run.experiment.workspace)
    build.wait_for_completion(show_output=False)
    assert (build.status, build.run.experiment.name) == ("Succeeded", "prepare_image")
    locked.register(run.experiment.workspace)
    shown = _runyard("environments", "show", locked.name)
    assert f"factors=={old.name.split('-')[1]}" in shown
    assert "makes" in _runyard("environments", "build", locked.name)
    told = _runyard("environments", "why", run.id)
    assert "factors" in told
    assert "packages are as of 2026-01-01" in told
    assert "new: no environment was made here before" in told
    assert f"compatibility mode: {MODE}" in told
    fourth = json.loads(_runyard("runs", "reproduce", run.id, "--json"))
    assert fourth["properties"]["runyard.reproduces"] == run.id


def _runyard(*words: str) -> str:
    command = [Path(sys.executable).parent / "runyard", *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
