"""What of a container's wishes is taken, refused, or told to be left out."""

from dataclasses import replace

import pytest

from runyard.protocol.containers import ContainerRequest, full_name
from runyard.protocol.errors import InvalidRequest
from runyard.protocol.runs import LauncherSpec, RunSpec
from runyard_server.core.settings import ContainerSettings
from runyard_server.core.system import System
from runyard_server.execution import run_containers

PODMAN = ContainerSettings(engine="podman")
DIGEST = "sha256:" + "a" * 64


def asked(
    system: System, request: ContainerRequest, settings: ContainerSettings = PODMAN
) -> list[str]:
    """Check a run that asks for a container; its warnings."""
    spec = RunSpec("exp", "", "train.py", container=request)
    return run_containers.check(settings, system.sites.of("local"), spec)


def told(system: System, request: ContainerRequest, settings: ContainerSettings = PODMAN):
    """What the agent of a run is told of its container."""
    changed = replace(system, settings=replace(system.settings, containers=settings))
    spec = RunSpec("exp", "", "train.py", container=request)
    return run_containers.of_job(changed, system.sites.of("local"), spec)


@pytest.mark.parametrize(
    ("argument", "reason"),
    [
        ("--privileged", "not taken"),
        ("-v=/:/host", "data references"),
        ("--mount type=bind,source=/,target=/host", "data references"),
        ("--cap-add=SYS_ADMIN", "not taken"),
        ("--security-opt=seccomp=unconfined", "not taken"),
        ("--device=/dev/sda", "not taken"),
        ("--pid=host", "not taken"),
        ("--user=0", "not taken"),
        ("--network=container:other", "host, none, bridge"),
        ("--memory=lots", "no size"),
        ("--cpus", "no value"),
        ("--env 'a", "quotation"),
    ],
)
def test_what_could_harm_others_is_refused(system: System, argument: str, reason: str) -> None:
    """No right, path or neighbour's network is given away by an argument."""
    with pytest.raises(InvalidRequest, match=reason):
        asked(system, ContainerRequest(image="base", arguments=[argument]))


@pytest.mark.parametrize(
    "image", ["--privileged", "a b", "Base", "base:", "x/../y", "base@sha256:1"]
)
def test_an_image_must_have_the_name_of_one(system: System, image: str) -> None:
    """What an engine would take for an option, or misunderstand, never reaches it."""
    with pytest.raises(InvalidRequest, match="name of an image"):
        asked(system, ContainerRequest(image=image))


def test_arguments_are_taken_in_any_spelling(system: System) -> None:
    """Limits are told once; the rest is passed on as one word each."""
    arguments = ["--ipc=host", "-m", "2g", "--cpus 1.5", "--init", "--gpus", "all", "--net=none"]
    found = told(system, ContainerRequest(image="base", arguments=arguments, shared_memory="2g"))
    assert found is not None
    assert found.options == ["--cpus=1.5", "--ipc=host"]
    assert (found.memory, found.shared_memory, found.network) == ("2g", "", "none")
    assert found.gpus


def test_without_an_engine_a_chosen_image_is_warned_of(system: System) -> None:
    """A run has a virtual environment and says so, whatever its arguments would have been."""
    request = ContainerRequest(image="mine:1", arguments=["-v", "/a:/b"])
    (warning,) = asked(system, request, ContainerSettings())
    assert "'mine:1'" in warning
    assert "virtual environment" in warning
    assert told(system, request, ContainerSettings()) is None
    # v1's own image is asked for by every estimator, and holds nothing that is missed.
    assert asked(system, ContainerRequest(), ContainerSettings()) == []


def test_the_settings_have_an_image_for_those_that_name_none(system: System) -> None:
    """Estimators that ask for v1's own image are in a container where the settings say of which."""
    assert told(system, ContainerRequest()) is None
    settings = ContainerSettings("docker", "base:1", "4g")
    found = told(system, ContainerRequest(), settings)
    assert found is not None
    assert (found.engine, found.image, found.memory) == ("docker", "base:1", "4g")


def test_mpi_is_refused_by_name(system: System) -> None:
    """Before anything starts: its ranks could not find each other."""
    spec = RunSpec("exp", "", "t.py", launcher=LauncherSpec("mpi"), container=ContainerRequest("b"))
    with pytest.raises(InvalidRequest, match="MPI"):
        run_containers.check(PODMAN, system.sites.of("local"), spec)


@pytest.mark.parametrize(
    ("image", "registry", "whole"),
    [
        ("python:3.11", "", "docker.io/library/python:3.11"),
        ("me/tool", "", "docker.io/me/tool"),
        ("localhost/base:1", "", "localhost/base:1"),
        ("mine:1", "127.0.0.1:5000", "127.0.0.1:5000/mine:1"),
        (f"r.example.com/a@{DIGEST}", "other.example.com", f"r.example.com/a@{DIGEST}"),
    ],
)
def test_an_image_s_name_is_docker_s(image: str, registry: str, whole: str) -> None:
    """A name means the same image for every engine, whose own defaults differ."""
    assert full_name(image, registry) == whole
