"""Jobs in containers of a real engine, supervised, ended and cleaned up after from outside."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from runyard_server.testing.podman import PodmanEngine
from runyard_server.testing.services import RunningService

from .conftest import Yard
from .contained import BASE, WAITS, contained, error_of, log_has, machine_with, podman, processes

pytestmark = pytest.mark.slow(seconds=15)

TRAINS = """
import argparse, os, sys
from azureml.core import Run
parser = argparse.ArgumentParser()
parser.add_argument("--data")
folder = parser.parse_args().data
run = Run.get_context()
run.log("words", len(open(os.path.join(folder, "in.txt")).read().split()))
open(os.path.join(folder, "out.txt"), "w").write(os.environ["GREETING"])
open("outputs/seen.txt", "w").write(" ".join([
    str(os.path.exists(os.environ["ELSEWHERE"])), str(os.getpid() < 100), os.getcwd(),
    str(os.statvfs("/dev/shm").f_blocks * os.statvfs("/dev/shm").f_frsize >> 20),
]))
print("trained", flush=True)
"""
# `ann`, with the password `correct-horse`, as htpasswd -B writes it.
ACCOUNT = "ann:$2y$05$abcdefghijklmnopqrstuuZ0Fx87Pb/Aqb0E90lfvCwzXnaFKUHpS\n"


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PodmanEngine]:
    """A real engine with a base image."""
    with podman(tmp_path_factory.mktemp("podman")) as made:
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


def test_a_run_trains_in_a_container_and_sees_what_is_its_own(
    yard: Yard, engine: PodmanEngine
) -> None:
    """Data, metrics and outputs are as without one, and nothing else of the machine is seen."""
    from azureml.core import Workspace

    store = Workspace.from_config().get_default_datastore()
    (yard.folder / "in.txt").write_text("three short words")
    store.upload_files([str(yard.folder / "in.txt")], target_path="given")
    environment = contained(None, base_dockerfile=f"FROM {BASE}\nENV GREETING=hello\n")
    environment.docker.shm_size = "96m"
    environment.environment_variables = {"ELSEWHERE": str(yard.folder)}
    run = yard.submit(
        TRAINS, environment=environment, arguments=["--data", store.path("given").as_mount()]
    )
    run.wait_for_completion()
    assert run.get_metrics() == {"words": 3}
    run.download_file("outputs/seen.txt", str(yard.folder / "seen.txt"))
    seen = (yard.folder / "seen.txt").read_text().split()
    assert (seen[0], seen[1], seen[3]) == ("False", "True", "96")
    store.download(str(yard.folder), prefix="given/out.txt")
    assert (yard.folder / "given/out.txt").read_text() == "hello"
    told = run.get_properties()
    assert told["runyard.container.engine"] == "podman"
    lock = json.loads(engine.ask("inspect", *images_of(engine)))[0]["Labels"]["runyard.lock"]
    made = {path.parent.name for path in (yard.home / "environments").glob("*/ready.json")}
    assert lock in made
    assert told["runyard.container.digest"].startswith("sha256:")
    assert engine.containers() == []


def images_of(engine: PodmanEngine) -> list[str]:
    """The ids of the images that are labelled with a lock."""
    return engine.ask("images", "--quiet", "--no-trunc", "--filter", "label=runyard.lock").split()


def test_an_exception_is_told_and_so_is_a_want_of_memory(yard: Yard) -> None:
    """A script's own failure reads as ever; one by the container's limit names the limit."""
    failing = yard.submit("raise ValueError('bad rate')", environment=contained())
    hungry = yard.submit(
        "held = [bytearray(8 << 20) for _ in range(100)]",
        environment=contained(BASE, "--memory", "64m"),
    )
    assert error_of(failing) == "User program failed with ValueError: bad rate"
    assert "its container ran out of its memory, 64m" in error_of(hungry)
    assert hungry.get_properties()["runyard.container.memory"] == "64m"


def test_a_cancel_ends_all_that_is_in_the_container(yard: Yard, engine: PodmanEngine) -> None:
    """The script is asked first and what it wrote is kept; no process and no container stays.

    Its variables arrive whole, and no command line shows them to other users of the machine.
    """
    environment = contained()
    environment.environment_variables = {"PASSWORD": "hidden\nin two lines"}
    run = yard.submit(WAITS, environment=environment)
    yard.until(lambda: log_has(yard, run, "hidden\nin two lines"), "it does not begin")
    told = [line for line in processes(run.id).values() if "podman run" in line]
    assert told
    assert not any("RUNYARD_TOKEN=" in line or "hidden" in line for line in told)
    run.cancel()
    run.wait_for_completion(raise_on_error=False)
    assert run.get_status() == "Canceled"
    assert "outputs/asked.txt" in run.get_file_names()
    assert engine.containers() == []
    assert yard.run_processes(run.id) == []


def test_a_cancel_ends_what_the_build_of_an_image_runs(yard: Yard) -> None:
    """No command of a Dockerfile goes on for a run that has ended."""
    command = "sleep 307"
    dockerfile = f"FROM {BASE}\nRUN {command}\n"
    run = yard.submit("pass", environment=contained(None, base_dockerfile=dockerfile))
    yard.until(lambda: len(processes(command)) > 1, "it is not built")
    run.cancel()
    run.wait_for_completion(raise_on_error=False)
    assert run.get_status() == "Canceled"
    yard.until(lambda: not processes(command), "the build goes on")


def test_nothing_is_left_when_agent_and_service_are_killed(
    yard: Yard, engine: PodmanEngine
) -> None:
    """The next service ends the container of a dead agent, and removes one that nobody knows."""
    run = yard.submit(WAITS, environment=contained())
    yard.until(lambda: log_has(yard, run, "waits"), "it does not begin")
    words = ["--label", f"runyard.home={yard.home}", "--label", "runyard.run=long_gone"]
    engine.ask("run", "--detach", *words, "--network", "none", BASE, "sleep", "600")
    agent = yard.agents("agent")[run.id]
    yard.kill_service()
    os.kill(agent, signal.SIGKILL)
    broken_off(engine, json.dumps({"home": str(yard.home), "pid": agent, "moment": "before"}))
    theirs = broken_off(engine, "{}")
    assert len(engine.containers()) == 2
    RunningService(yard.home, variables=engine.variables).start()
    yard.until(lambda: not (yard.home / "runs" / run.id).exists(), "nobody cleans up")
    assert "agent of node 0" in error_of(run)
    assert engine.containers() == []
    assert working(engine) == theirs
    engine.ask("rm", "--force", *theirs)
    assert yard.run_processes(run.id) == []


def working(engine: PodmanEngine) -> set[str]:
    """The containers in which builds work, or worked that were killed."""
    return set(engine.ask("ps", "--all", "--external", "--quiet", "--no-trunc").split())


def broken_off(engine: PodmanEngine, builder: str) -> set[str]:
    """Kill a build; give the container that it has left."""
    before = working(engine)
    words = ["podman", "build", "--network", "host", "--build-arg", f"RUNYARD_BUILDER={builder}"]
    given = f"FROM {BASE}\nRUN sleep 317\n".encode()
    with subprocess.Popen(
        [*words, "-"], env={**os.environ, **engine.variables}, stdin=subprocess.PIPE
    ) as process:
        assert process.stdin
        process.stdin.write(given)
        process.stdin.close()
        deadline = time.monotonic() + 60
        while not processes("sleep 317") and time.monotonic() < deadline:
            time.sleep(0.05)
        process.kill()
    for pid in processes("sleep 317"):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return working(engine) - before


def test_built_images_are_pruned_and_a_run_has_its_own_image_again(
    yard: Yard, engine: PodmanEngine
) -> None:
    """What was built goes and what was fetched stays; a name that has moved on misleads nobody."""
    name = "localhost/moving:1"
    base = engine.make_base(name)
    run = yard.submit("print('once')", environment=contained(name))
    run.wait_for_completion()
    environments = run.service.environments
    would = environments.prune_images(dry_run=True)
    assert name in {each.base for each in would}
    assert images_of(engine)
    gone = environments.prune_images()
    assert {each.id for each in gone} == {each.id for each in would}
    assert images_of(engine) == []
    assert engine.ask("image", "inspect", "--format", "{{.Id}}", name) == base
    assert engine.make_base(name, ["true"]) != base
    again = run.reproduce()
    again.wait_for_completion()
    told = [each.get_properties()["runyard.container.digest"] for each in (run, again)]
    assert told == [f"sha256:{base}"] * 2


def test_an_image_is_fetched_by_its_digest_with_a_password_that_nobody_sees(
    yard: Yard, engine: PodmanEngine, tmp_path: Path
) -> None:
    """A registry's password is in no spec, property and log; an image that is not there is told."""
    (tmp_path / "accounts").write_text(ACCOUNT)
    with engine.registry(str(tmp_path / "accounts")) as address:
        name = f"{address}/mine"
        login = ["--tls-verify=false", "--creds", "ann:correct-horse"]
        engine.ask("push", "--quiet", *login, "--digestfile", str(tmp_path / "digest"), BASE, name)
        digest = (tmp_path / "digest").read_text().strip()
        environment = contained(f"mine@{digest}")
        registry = environment.docker.base_image_registry
        registry.address, registry.username, registry.password = address, "ann", "correct-horse"
        run = yard.submit("print('from afar')", environment=environment)
        missing = yard.submit("pass", environment=contained(f"{address}/absent:1"))
        run.wait_for_completion()
        assert f"{address}/absent:1" in error_of(missing)
    assert run.get_properties()["runyard.container.digest"] == digest
    told = json.dumps(run.get_details()) + run.service.runs.spec(run.id).__repr__()
    assert "correct-horse" not in told
    logs = [path.read_text("utf-8", "replace") for path in (yard.home / "logs").rglob("*.txt")]
    assert logs
    assert not any("correct-horse" in text for text in logs)
