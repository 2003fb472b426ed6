"""Containers of runs: what may be asked for, what an agent is told, and what is swept at a start.

A run is in a container where it asks for one, names an image or has that of the settings, and the
settings name an engine; that is this machine's, so on other sites runs have virtual environments.
Of what users give the engine only what a run cannot harm others with is passed on: files come by
data references and datasets, whose paths the service knows, and no right is added.
"""

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace

from runyard.protocol.containers import (
    IMAGE_NAME,
    MEMORY_SIZE,
    ContainerRequest,
    JobContainer,
    full_name,
)
from runyard.protocol.errors import InvalidRequest
from runyard.protocol.runs import RunSpec
from runyard.protocol.suggestions import suggest
from runyard_server.compute import builds, containers
from runyard_server.compute.base import Job
from runyard_server.core.settings import ContainerSettings
from runyard_server.core.sites import Site
from runyard_server.core.system import System
from runyard_server.execution import active_runs

_LONGEST_DOCKERFILE = 100_000
# Options that are passed on, with a value each.
_PASSED = (
    *("--add-host", "--cpu-shares", "--cpus", "--cpuset-cpus", "--env", "--hostname"),
    *("--pids-limit", "--tmpfs", "--ulimit"),
)
# What is said once, by us: the last word of a user counts.
_OWN = ("--gpus", "--ipc", "--memory", "--memory-swap", "--network", "--shm-size")
_SHORT = {"-c": "--cpu-shares", "-e": "--env", "-h": "--hostname", "-m": "--memory"}
# What every container of a run is anyway.
_ALREADY = ("--init", "--rm")
_NETWORKS = ("host", "none", "bridge")
_BY_DATA = ("--mount", "--volume", "--volumes-from", "-v")


@dataclass(frozen=True)
class _Options:
    """What a user gave the engine, taken apart."""

    passed: list[str]
    own: dict[str, str]


def check(settings: ContainerSettings, site: Site, spec: RunSpec) -> list[str]:
    """Refuse a container that cannot be; give warnings for one that will not be.

    Args:
        settings: What is set about containers.
        site: The run's site.
        spec: What was submitted.

    Raises:
        InvalidRequest: An image, a size or an option is none that is taken, or the run's launcher
            does not work in containers.
    """
    request = spec.container
    if request is None:
        return []
    where = site.backend.capabilities()
    if not (settings.engine and where.on_this_machine):
        return _lack(request, settings, where.called)
    if not (request.image or request.dockerfile or settings.image):
        return []
    _check_request(request)
    options = _options(request.arguments)
    if spec.launcher.kind == "mpi":
        raise InvalidRequest(
            "a run by MPI cannot be in a container: mpirun starts ranks from outside of theirs. "
            "Use PyTorchConfiguration or TensorflowConfiguration, or have no container "
            "(docker.enabled = False, use_docker=False)"
        )
    if "--memory-swap" in options.own:
        return ["--memory-swap has no effect: a container has no swap beyond its memory"]
    return []


def contained(system: System, site: Site, job: Job) -> Job:
    """The job with its container, where its processes are in one.

    Args:
        system: The service's parts.
        site: The run's site.
        job: What the agent is to do.
    """
    container = of_job(system, site, job.spec)
    return job if container is None else replace(job, container=container)


def of_job(system: System, site: Site, spec: RunSpec) -> JobContainer | None:
    """What an agent is told of its containers; None where its processes are the node's own.

    Args:
        system: The service's parts.
        site: The run's site.
        spec: What was submitted.
    """
    settings, request = system.settings.containers, spec.container
    here = settings.engine and site.backend.capabilities().on_this_machine
    # By MPI: submitted before there was an engine, or it would have been refused.
    if request is None or not here or spec.launcher.kind == "mpi":
        return None
    image = "" if request.dockerfile else (request.image or settings.image)
    if not image and not request.dockerfile:
        return None
    options = _options(request.arguments)
    ipc = ["--ipc=host"] if options.own.get("--ipc") == "host" else []
    return JobContainer(
        engine=settings.engine,
        home=str(system.home.root),
        image=full_name(image, request.registry) if request.registry and request.image else image,
        dockerfile=request.dockerfile,
        username=request.username,
        password_in=request.password_in,
        options=[*options.passed, *ipc],
        memory=options.own.get("--memory", settings.memory),
        # The node's own is as large as the node has it.
        shared_memory="" if ipc else options.own.get("--shm-size", request.shared_memory),
        network=options.own.get("--network", _NETWORKS[0]),
        gpus=request.gpus or "--gpus" in options.own,
        interpreter=request.interpreter,
    )


def sweep(system: System) -> int:
    """Remove the containers of runs that have ended, and of runs that nobody knows; say how many.

    Whose agent is gone while its run goes on is not meant: a salvage sees to what that has left. It
    does not see those in which a dead agent's build worked.
    """
    engine = system.settings.containers.engine
    if not engine:
        return 0
    home = str(system.home.root)
    found = containers.of_home(engine, home)
    # After the look at the containers: a run that begins meanwhile has none among them.
    known = active_runs.active_ids(system) if found else set()
    left = [container for container, run in found.items() if run not in known]
    left += builds.abandoned(engine, home)
    containers.remove(engine, left)
    return len(left)


def _lack(request: ContainerRequest, settings: ContainerSettings, called: str) -> list[str]:
    """Warn where a container that somebody has chosen is not to be had."""
    if not (request.image or request.dockerfile):
        return []
    wished = f"image {request.image!r}" if request.image else "a Dockerfile"
    why = "this service has no container engine ([containers] in its config.toml)"
    if settings.engine:
        why = f"the container engine of this service is not that of {called}"
    return [f"a container of {wished} is asked for, and {why}: the run has a virtual environment"]


def _check_request(request: ContainerRequest) -> None:
    image = full_name(request.image, request.registry) if request.image else ""
    if image and not re.fullmatch(IMAGE_NAME, image):
        raise InvalidRequest(
            f"{image[:200]!r} cannot be the name of an image: [registry/]name[:tag][@sha256:…], "
            "with the name in small letters"
        )
    if len(request.dockerfile) > _LONGEST_DOCKERFILE:
        raise InvalidRequest(
            f"the Dockerfile has {len(request.dockerfile)} characters; {_LONGEST_DOCKERFILE} are "
            "the most"
        )
    if request.dockerfile and not re.search(
        r"^\s*FROM\s", request.dockerfile, re.IGNORECASE | re.MULTILINE
    ):
        raise InvalidRequest(
            "the Dockerfile has no line FROM, which names the image it begins with"
        )
    if request.shared_memory and not re.fullmatch(MEMORY_SIZE, request.shared_memory):
        raise InvalidRequest(_no_size("shm_size", request.shared_memory))


def _options(arguments: Sequence[str]) -> _Options:
    """Take arguments apart: `--memory 2g`, `--memory=2g`, `-m 2g`, each alone or in one text.

    Raises:
        InvalidRequest: One is not taken, has no value, or one that cannot be.
    """
    words = [word for each in arguments for word in _split(each)]
    found = _Options([], {})
    while words:
        name, equals, value = words.pop(0).partition("=")
        name = _SHORT.get(name, "--network" if name == "--net" else name)
        if name in _ALREADY:
            continue
        if name not in (*_PASSED, *_OWN):
            raise InvalidRequest(_refusal(name))
        if not equals:
            if not words:
                raise InvalidRequest(f"the container's argument {name} has no value")
            value = words.pop(0)
        if name in _OWN:
            found.own[name] = _own_value(name, value)
        else:
            found.passed.append(f"{name}={value}")
    return found


def _split(argument: str) -> list[str]:
    if not argument.startswith("-") or " " not in argument:
        return [argument]
    try:
        return shlex.split(argument)
    except ValueError as error:
        raise InvalidRequest(f"the container's argument {argument!r}: {error}") from None


def _own_value(name: str, value: str) -> str:
    if name in ("--memory", "--memory-swap", "--shm-size") and not re.fullmatch(MEMORY_SIZE, value):
        raise InvalidRequest(_no_size(name, value))
    if name == "--network" and value not in _NETWORKS:
        raise InvalidRequest(
            f"the container's network {value!r} is not offered; use {', '.join(_NETWORKS)}"
        )
    if name == "--ipc" and value not in ("host", "private"):
        raise InvalidRequest(f"--ipc={value} is not offered; use host or private")
    return value


def _no_size(name: str, value: str) -> str:
    return f"{name} is {value!r}, which is no size of memory; write it as '512m' or '2g'"


def _refusal(name: str) -> str:
    if name in _BY_DATA:
        return (
            f"the container's argument {name} is not taken: a run's files come by data references "
            "and datasets, which are seen in its container at their paths"
        )
    near = suggest(name, sorted((*_PASSED, *_OWN)), "", few=len(_PASSED) + len(_OWN)).sentence
    return f"the container's argument {name!r} is not taken; {near}"
