"""Kills at random moments of runs in containers, and the Python of an image that has one."""

import os
import random
import time
from collections.abc import Iterator

import pytest

from runyard_server.testing.podman import PodmanEngine

from .conftest import Yard
from .contained import WAITS, contained, log_has, machine_with, podman, processes

KILLS = int(os.environ.get("SOAK_CONTAINER_KILLS", "25"))


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PodmanEngine]:
    """A real engine with a base image."""
    with podman(tmp_path_factory.mktemp("podman"), debian=True) as made:
        yield made


@pytest.fixture(scope="module")
def served(engine: PodmanEngine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    """A service with that engine, which the tests of this file share."""
    with machine_with(engine, tmp_path_factory.mktemp("machine")) as machine:
        yield machine


@pytest.fixture
def yard(served: Yard, monkeypatch: pytest.MonkeyPatch) -> Yard:
    """The shared machine, as the working folder and the service of a test."""
    monkeypatch.setenv("RUNYARD_HOME", str(served.home))
    monkeypatch.chdir(served.folder)
    return served


@pytest.mark.parametrize("number", range(KILLS))
def test_whatever_is_killed_no_container_stays(
    yard: Yard, engine: PodmanEngine, number: int
) -> None:
    """Agent, the engine's program, its monitor, the first process: the run ends in any case."""
    run = yard.submit(WAITS, environment=contained())
    if number % 5:
        yard.until(lambda: log_has(yard, run, "waits"), "it does not begin")
    else:
        yard.until(lambda: run.id in yard.agents("agent"), "it does not begin")
        time.sleep(random.random() * 2)  # any moment of its start
    words = ("agent", "podman run", "conmon", "contained.py", "train.py")
    victims = [pid for pid, line in processes(run.id).items() if words[number % 5] in line]
    for pid in victims or yard.agents("agent").values():
        yard.kill(pid)
    yard.until(lambda: not (yard.home / "runs" / run.id).exists(), "nobody cleans up")
    assert run.get_status() == "Failed"
    assert engine.containers() == []
    assert yard.run_processes(run.id) == []


def test_an_image_s_own_python_runs_where_packages_are_the_user_s(yard: Yard) -> None:
    """`user_managed_dependencies` means the image's interpreter, not this machine's."""
    environment = contained()
    environment.python.user_managed_dependencies = True
    environment.python.interpreter_path = "python3"
    run = yard.submit(
        "import sys; from azureml.core import Run; Run.get_context().tag('at', sys.prefix)",
        environment=environment,
    )
    run.wait_for_completion()
    assert run.get_tags()["at"] == "/usr"
