"""What tests of containers have in common: a real engine, a service with it, and its runs."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from runyard_server.testing.podman import PodmanEngine
from runyard_server.testing.services import RunningService

from .conftest import Yard, empty_machine

ROOT = Path(__file__).parents[2]
BASE = "localhost/base:1"
WAITS = """
import os, signal, subprocess, sys, time
def end(*_):
    open("outputs/asked.txt", "w").write("to stop")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
print("waits", os.environ.get("PASSWORD"), flush=True)
time.sleep(600)
"""


@contextmanager
def podman(folder: Path, *, debian: bool = False) -> Iterator[PodmanEngine]:
    """A Podman with a base image; without one the tests fail with the command that installs it.

    Args:
        folder: Where its files are.
        debian: Whether the image is a Debian from a mirror, in place of files of this machine.
    """
    command = ["bash", str(ROOT / "tools/podman.sh"), "--find"]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    if found.returncode:
        pytest.fail(f"CONTAINERS CANNOT BE TESTED: {found.stderr}", pytrace=False)
    with PodmanEngine(folder) as made:
        if debian:
            made.make_debian(BASE)
        else:
            made.make_base(BASE)
        yield made


@contextmanager
def machine_with(engine: PodmanEngine, top: Path) -> Iterator[Yard]:
    """A machine whose service runs jobs with that engine."""
    with pytest.MonkeyPatch.context() as patch:
        for machine in empty_machine(top, patch):
            machine.home.mkdir()
            (machine.home / "config.toml").write_text('[containers]\nengine = "podman"\n')
            RunningService(machine.home, variables=engine.variables).start()
            yield machine


def contained(image: str | None = BASE, *arguments: str, **docker: Any) -> Any:
    """An environment without packages, in a container."""
    from azureml.core import Environment
    from azureml.core.conda_dependencies import CondaDependencies

    environment = Environment("contained")
    version = ".".join(map(str, sys.version_info[:2]))
    environment.python.conda_dependencies = CondaDependencies.create(python_version=version)
    environment.docker.enabled = True
    environment.docker.base_image = image
    environment.docker.arguments = list(arguments)
    for name, value in docker.items():
        setattr(environment.docker, name, value)
    return environment


def error_of(run: Any) -> str:
    """Wait for a run's end; the message of its error."""
    run.wait_for_completion(raise_on_error=False)
    return str(run.get_details().get("error", {}).get("error", {}).get("message", ""))


def log_has(yard: Yard, run: Any, word: str) -> bool:
    """Whether a run's script has printed a word."""
    log = yard.home / "runs" / run.id / "logs/azureml-logs/70_driver_log.txt"
    return log.exists() and word in log.read_text()


def processes(run: str) -> dict[int, str]:
    """The command lines of all processes that name a run."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                line = (entry / "cmdline").read_text("utf-8", "replace").replace("\0", " ")
                if run in line:
                    found[int(entry.name)] = line
    return found
