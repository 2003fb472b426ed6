"""Packing what an endpoint would serve: a folder that any machine with Docker builds and runs.

The service locks the environment, and makes it to see that it can be made; then code, models and
what serves them are written down here. Nothing of it needs a service where it runs.
"""

from __future__ import annotations

import hashlib
import secrets
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Dict, List, NamedTuple, Sequence

from runyard.client import transfer
from runyard.client.progress import Progress, takes_long
from runyard.protocol import codec, conda_locks, light_half
from runyard.protocol.endpoints import OPERATION_FAILED, SUCCEEDED, WORKING
from runyard.protocol.images import PACKAGE, CreateImage
from runyard.protocol.serving import SERVING_FILE, served_model, worker_spec
from runyard.sdk import package_files
from runyard.sdk.exceptions import UserErrorException, WebserviceException, translated
from runyard.sdk.local_paths import naming
from runyard.sdk.package_files import APP, DOCKERFILE, MARK, REQUIREMENTS, RUNTIME, WHEELS

if TYPE_CHECKING:
    from runyard.client.workspace import WorkspaceClient
    from runyard.protocol.endpoints import DeploymentRecord, DeploymentSpec
    from runyard.protocol.environments import EnvironmentDefinition, LockRecord
    from runyard.protocol.images import ImageRecord
    from runyard.protocol.models import ModelRecord
    from runyard.sdk.package_files import Requirements

_NAME = "package"
_FIRST_PAUSE, _LONGEST_PAUSE = 0.02, 0.5
_NO_PACKAGES = (
    "nothing tells which packages it needs: its environment is a Python as it is, which a "
    "container does not have; give an environment with packages, such as a requirements.txt "
    "(`pip freeze > requirements.txt` writes down what this Python has)"
)


class Package(NamedTuple):
    """What is packed.

    Args:
        name: What it is called.
        spec: What it runs.
        lock: What exactly is installed.
        steps: Lines of the user's own for the Dockerfile.
    """

    name: str
    spec: DeploymentSpec
    lock: LockRecord
    steps: Sequence[str] = ()


def target(to: Any) -> Path:
    """The folder to write to.

    Raises:
        UserErrorException: Something else is there.
    """
    folder = Path(to).expanduser().absolute()
    if not folder.exists():
        return folder
    if not folder.is_dir():
        raise UserErrorException(f"{folder} is a file; give a folder to write the package to")
    if any(folder.iterdir()) and not _is_ours(folder):
        raise UserErrorException(
            f"{folder} has other files; give a folder that is empty or not there yet"
        )
    return folder


def _is_ours(folder: Path) -> bool:
    path = folder / DOCKERFILE
    return path.is_file() and path.read_bytes().startswith(MARK.encode("ascii"))


def check_definition(environment: EnvironmentDefinition) -> None:
    """Refuse an environment that is not made of packages.

    Raises:
        UserErrorException: It is a Python as it is.
    """
    if environment.user_managed:
        raise UserErrorException(f"this cannot be packed: {_NO_PACKAGES}")


def begin(service: WorkspaceClient, spec: DeploymentSpec) -> ImageRecord:
    """Have the service lock and make the environment; returns at once.

    Args:
        service: The workspace.
        spec: What is packed.
    """
    with translated():
        return service.images.create(CreateImage(_NAME, spec, v1={PACKAGE: True}))


def state_of(service: WorkspaceClient, image: ImageRecord) -> ImageRecord:
    """How far it is."""
    with translated():
        return service.images.get(image.id)


def wait(
    service: WorkspaceClient, image: ImageRecord, told: Callable[[ImageRecord], Any]
) -> LockRecord:
    """Wait until the environment is made; the service keeps no record of the package then.

    Args:
        service: The workspace.
        image: What `begin` gave.
        told: Is called with each look.

    Returns:
        What exactly is installed.

    Raises:
        WebserviceException: It cannot be made.
    """
    pause = _FIRST_PAUSE
    while image.state == WORKING:
        time.sleep(pause)
        pause = min(pause * 1.4, _LONGEST_PAUSE)
        image = state_of(service, image)
        told(image)
    with translated():
        service.images.delete(image.id)
        if image.state == SUCCEEDED and image.environment_lock:
            return service.environments.lock(image.environment_lock)
    why = image.error if image.state == OPERATION_FAILED else "it has no lock"
    raise WebserviceException(f"the environment of the package cannot be made: {why}")


def write(service: WorkspaceClient, folder: Path, package: Package) -> None:
    """Write a package down, whole or not at all.

    Args:
        service: The workspace.
        folder: Where; what `target` gave.
        package: What.

    Raises:
        UserErrorException: It cannot be written down.
        RunyardError: The service refused.
    """
    needs = package_files.requirements(package.lock.requirements)
    if conda_locks.packages(package.lock.requirements):
        raise UserErrorException(
            f"{package.name} cannot be packed: its environment has conda packages, which a package "
            "does not bring along; give an environment of what pip has"
        )
    if needs.of_this_machine:
        raise UserErrorException(
            f"{package.name} cannot be packed: its environment takes packages from places that "
            f"another machine does not have ({', '.join(needs.of_this_machine)}); add your wheels "
            "to the workspace with Environment.add_private_pip_wheel"
        )
    draft = folder.parent / f".{folder.name}.{secrets.token_hex(4)}.part"
    try:
        with naming("the folder", str(folder)):
            draft.mkdir(parents=True)
        with translated():
            needs = _fetch_wheels(service, draft, needs)
            _fetch_app(service, draft / APP, package)
        _write_runtime(draft / RUNTIME)
        _write_texts(draft, package, needs)
        _place(draft, folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _place(draft: Path, folder: Path) -> None:
    """Put what is whole into its place; a folder that is there may be somebody's working folder."""
    folder.mkdir(exist_ok=True)
    for name in (DOCKERFILE, REQUIREMENTS, WHEELS, RUNTIME, APP):
        there = folder / name
        if there.is_dir():
            shutil.rmtree(there)
        elif there.exists():
            there.unlink()
        if (draft / name).exists():
            (draft / name).rename(there)


def _fetch_wheels(service: WorkspaceClient, draft: Path, needs: Requirements) -> Requirements:
    digests: Dict[int, str] = {}
    for place, wheel in needs.wheels.items():
        path = draft / WHEELS / wheel.file
        path.parent.mkdir(exist_ok=True)
        with service.datastores.open(wheel.datastore, wheel.path) as source:
            path.write_bytes(source.read())
        digests[place] = hashlib.sha256(path.read_bytes()).hexdigest()
    return needs.with_wheels(digests)


def _fetch_app(service: WorkspaceClient, app: Path, package: Package) -> None:
    """Bring code and models, and write what the model worker needs to know."""
    spec = package.spec
    code = service.snapshots.get(spec.snapshot).files if spec.snapshot else []
    fetches = [transfer.blob(each, app / spec.source_directory) for each in code]
    models: List[ModelRecord] = [service.models.get(each) for each in spec.models]
    served = [served_model(m.name, m.version, m.framework, m.framework_version) for m in models]
    for model, at in zip(models, served):
        fetches += [transfer.blob(each, app / at.path) for each in model.files]
    total = sum(each.size for each in fetches)
    count = len(fetches)
    progress = Progress(f"Writing {package.name}", total, takes_long(count, total), count)
    transfer.download_many(service, fetches, overwrite=True, progress=progress)
    progress.finish()
    settings = app / SERVING_FILE
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_bytes(codec.encode(worker_spec(spec, served, package.name)))


def _write_runtime(folder: Path) -> None:
    for name, content in light_half.files().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _write_texts(folder: Path, package: Package, needs: Requirements) -> None:
    spec = package.spec
    text = package_files.dockerfile(
        package.name,
        package.lock.python,
        needs,
        spec.environment_variables,
        package.steps,
        spec.environment.docker_image,
    )
    (folder / DOCKERFILE).write_text(text, encoding="utf-8")
    (folder / REQUIREMENTS).write_text(needs.text(), encoding="utf-8")


def of_deployment(service: WorkspaceClient, endpoint: str, deployment: DeploymentRecord) -> Package:
    """What a deployment runs, to be packed.

    Args:
        service: The workspace.
        endpoint: The endpoint's name.
        deployment: The deployment.

    Raises:
        UserErrorException: It cannot be packed, or not yet.
    """
    check_definition(deployment.spec.environment)
    if deployment.environment_lock is None:
        raise UserErrorException(
            f"the environment of {endpoint} is not made yet: wait() for it first"
        )
    with translated():
        lock = service.environments.lock(deployment.environment_lock)
    return Package(endpoint, deployment.spec, lock)
