"""A run in an environment of conda packages: submitted, explained, and once more from its lock."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.environments.conda_channel import Channel

from .conftest import Yard

pytestmark = pytest.mark.slow(seconds=6)
TRAIN = """
import os, sys
import alpha
from azureml.core import Run
run = Run.get_context()
run.log("version", alpha.version)
run.log("mine", os.environ["CONDA_PREFIX"] == sys.prefix)
"""


def test_a_run_has_its_conda_packages_and_can_be_had_again(yard: Yard) -> None:
    """From a channel by its path; the second run needs the channel's list no more."""
    from azureml.core import Environment
    from azureml.core.conda_dependencies import CondaDependencies

    channel = Channel(yard.folder / "lab")
    channel.python()
    channel.module("alpha", "1.0")
    environment = Environment("with-conda")
    packages = CondaDependencies.create(conda_packages=["alpha"], pip_packages=[])
    packages.add_channel(str(channel.folder))
    environment.python.conda_dependencies = packages
    run = yard.submit(TRAIN, environment=environment)
    run.wait_for_completion()
    assert run.get_metrics() == {"version": "1.0", "mine": True}
    told = _runyard("environments", "why", run.id)
    assert f"made with conda: its channel {channel.folder} is an address" in told
    assert "2 conda packages: alpha=1.0=py_0, python=" in told
    for listed in channel.folder.glob("*/repodata.json"):
        listed.unlink()
    shutil.rmtree(yard.home / "packages" / "conda" / "lists")
    again = run.reproduce()
    again.wait_for_completion()
    locks = {one.service.runs.get(one.id).environment_lock for one in (run, again)}
    assert (len(locks), run.compare_metrics(again)) == (1, {})


def _runyard(*words: str) -> str:
    command = [Path(sys.executable).parent / "runyard", *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
