"""The environment of a run: as asked for, as locked, and a run once more in that lock.

A definition means what the package index has on the day that it is locked. The lock of a run says
what it was given, down to the files' hashes, so a run in an environment made of it has the same.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional, Tuple

from runyard.client import callers
from runyard.protocol import compatibility
from runyard.protocol.containers import DIGEST_PROPERTY, IMAGE_PROPERTY, by_digest
from runyard.sdk import submitter
from runyard.sdk.exceptions import UserErrorException, translated

if TYPE_CHECKING:
    from runyard.protocol.containers import ContainerRequest
    from runyard.protocol.environments import EnvironmentDefinition, LockRecord
    from runyard.protocol.runs import RunRecord
    from runyard.sdk.environments import Environment
    from runyard.sdk.run_base import RunBase

REPRODUCES = "runyard.reproduces"
_FROM_GIT = ("azureml.git.", "mlflow.source.git.")
# What is compiled on the node stands in a comment, for the resolver never sees its sources.
_COMPILED = re.compile(r"# build (\w[\w\-.]*)(==\S+)(?=.* mpi=(\w+))?")
_OWN_INTERPRETER = "# interpreter:"


def of(run: RunBase, spec: Any) -> Environment:
    """Make the environment of a submitted run.

    Raises:
        UserErrorException: It is an interactive run, which has none.
    """
    from runyard.sdk.definitions import fill
    from runyard.sdk.environments import Environment

    if spec is None:
        raise _interactive(run)
    document = spec.definition.get("environment") or {}
    made = Environment(document.get("name") or spec.environment.name or "environment")
    if document:
        fill(made, document)
    return made


def locked(run: RunBase, spec: Any) -> Environment:
    """Make an environment of what a run was given: its Python, and its packages by their hashes.

    Raises:
        UserErrorException: It is an interactive run, or was not prepared yet.
    """
    made = of(run, spec)
    lock = _lock(run)
    if lock.requirements.startswith(_OWN_INTERPRETER):
        return made
    packages = made.python.conda_dependencies
    for name in list(packages.conda_packages):
        packages.remove_conda_package(name)
    solved = _conda(lock)
    if solved:
        # One of them is Python; their addresses name the channels, too.
        packages.remove_conda_package("python")
        for entry in solved:
            packages.add_conda_package(entry)
    else:
        packages.set_python_version(lock.python)
    packages.set_pip_requirements([])
    packages.add_pip_lines(requirements(lock))
    made.name, made.version, made.as_of = f"{run.id}-locked", None, "now"
    made.compatibility = compatibility.told(lock.requirements) or None
    image = _image(run._refresh().properties)
    if image and not made.docker.base_dockerfile:
        made.docker.base_image = image
    return made


def reproduce(run: RunBase, spec: Any) -> RunRecord:
    """Submit a run once more: its snapshot, arguments and data, in the environment of its lock.

    Raises:
        UserErrorException: It is an interactive run, was not prepared yet, or the service refuses
            it.
    """
    from runyard.protocol.runs import LOCAL_TARGET, SubmitRun

    if spec is None:
        raise _interactive(run)
    record, lock = run._refresh(), _lock(run)
    if lock.requirements.startswith(_OWN_INTERPRETER):
        callers.warn(
            f"run {run.id} used an interpreter of its own: it is used as it is now, for nothing "
            "is known of what is installed in it"
        )
        environment = spec.environment
    else:
        environment = _definition(spec.environment, lock)
    git = {key: text for key, text in record.properties.items() if key.startswith(_FROM_GIT)}
    container = _container(spec.container, record.properties)
    order = SubmitRun(
        spec=replace(spec, environment=environment, container=container),
        name=record.name,
        tags=dict(record.tags),
        properties={**git, REPRODUCES: run.id},
        inherited=submitter.inherited() if spec.target == LOCAL_TARGET else {},
        params=dict(record.params),
    )
    with translated():
        return run.service.runs.submit(order)


def differences(mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> Dict[str, Tuple[Any, Any]]:
    """The metrics that differ between two runs, with both values; None where one has none.

    Args:
        mine: The metrics of one.
        theirs: Those of the other.
    """
    names = dict.fromkeys([*mine, *theirs])
    pairs = {name: (mine.get(name), theirs.get(name)) for name in names}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def requirements(lock: LockRecord) -> List[str]:
    """The lines of a lock as a requirements file has them, compiled packages too.

    Args:
        lock: The lock.
    """
    found = []
    for line in lock.requirements.replace("\\\n", " ").splitlines():
        compiled = _COMPILED.match(line)
        if compiled:
            name, pin, built_for = compiled.groups()
            found.append(f"{name}[gloo]{pin}" if built_for == "gloo" else name + pin)
        elif line.strip() and not line.startswith("#"):
            found.append(" ".join(line.split()))
    return found


def _definition(asked: EnvironmentDefinition, lock: LockRecord) -> EnvironmentDefinition:
    lines = requirements(lock)
    # It has a field of its own, since a lock is made against one index.
    index = [line.split()[1] for line in lines if line.startswith("--index-url")]
    solved = _conda(lock)
    return replace(
        asked,
        python="" if solved else lock.python,
        pip=[line for line in lines if not line.startswith("--index-url")],
        conda=solved,
        index_url=next(reversed(index), ""),
        as_of="now",
        as_of_from="",
        compatibility=compatibility.told(lock.requirements),
    )


def _container(
    asked: Optional[ContainerRequest], properties: Mapping[str, str]
) -> Optional[ContainerRequest]:
    """The container of a run with the very image that it had: a name may mean another by now."""
    if asked is None or asked.dockerfile:
        return asked
    image = _image(properties)
    return replace(asked, image=image) if image else asked


def _image(properties: Mapping[str, str]) -> str:
    """The image of a run by its digest; "" where it had none."""
    given = properties.get(IMAGE_PROPERTY, ""), properties.get(DIGEST_PROPERTY, "")
    return by_digest(*given)


def _conda(lock: LockRecord) -> List[str]:
    """The conda packages of a lock, as definitions ask for them: nothing is solved anew."""
    from runyard.protocol import conda_locks

    return [package.entry for package in conda_locks.packages(lock.requirements)]


def _lock(run: RunBase) -> LockRecord:
    digest = run._refresh().environment_lock
    if not digest:
        raise UserErrorException(
            f"run {run.id} has no lock: it was not prepared, so nothing tells what it would have "
            "been given"
        )
    with translated():
        return run.service.environments.lock(digest)


def _interactive(run: RunBase) -> UserErrorException:
    return UserErrorException(
        f"run {run.id} is interactive: it has no environment of its own, and cannot run again"
    )
