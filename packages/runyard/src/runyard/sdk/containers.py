"""From an environment's docker section, and a run's, to what the service is asked for.

A run is asked to be in a container where its section says so. The password of a registry goes into
the workspace's secrets; the run's spec, which everybody sees, has the secret's name alone.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Callable, Optional

from runyard.protocol.containers import PASSWORDS, ContainerRequest
from runyard.sdk.definitions import DEFAULT_INTERPRETER, is_default_image
from runyard.sdk.exceptions import UserErrorException, translated

DEFAULT_SHARED_MEMORY = "2g"


def request_of(
    environment: Any, workspace: Callable[[], Any], configuration: Any = None
) -> Optional[ContainerRequest]:
    """Make what the service is asked for; None where no container is.

    Args:
        environment: The `Environment`.
        workspace: Gives the workspace, which keeps the password of a registry.
        configuration: The run's own `DockerConfiguration`, which decides where there is one.

    Raises:
        UserErrorException: There is an image and a Dockerfile, or the Dockerfile is not there.
    """
    docker, python = environment.docker, environment.python
    if not (docker.enabled if configuration is None else configuration.use_docker):
        return None
    own = docker if configuration is None else configuration
    image = docker.base_image or ""
    if docker.base_dockerfile and image and not is_default_image(image):
        raise UserErrorException(
            f"environment.docker has the base image {image!r} and a base_dockerfile: set "
            "base_image = None for the Dockerfile"
        )
    registry = docker.base_image_registry
    return ContainerRequest(
        # What v1's own images had is in the environment; theirs no engine could fetch.
        image="" if docker.base_dockerfile or is_default_image(image) else image,
        dockerfile=_dockerfile(docker.base_dockerfile),
        registry=registry.address or "",
        username=registry.username or "",
        password_in=_keep(workspace, registry),
        arguments=[str(each) for each in own.arguments or ()],
        shared_memory=own.shm_size or DEFAULT_SHARED_MEMORY,
        gpus=bool(docker.gpu_support),
        interpreter=_interpreter(python),
    )


def _interpreter(python: Any) -> str:
    """The Python of the image, where packages are the user's own matter."""
    if not python.user_managed_dependencies:
        return ""
    return str(python.interpreter_path or DEFAULT_INTERPRETER)


def _dockerfile(given: Optional[str]) -> str:
    """The text of a Dockerfile that is given as text or by its path, as v1 took both."""
    if not given or "\n" in given or given.lstrip().upper().startswith("FROM "):
        return given or ""
    path = Path(given).expanduser()
    if not path.is_file():
        raise UserErrorException(
            f"base_dockerfile {given!r} is neither the text of a Dockerfile, which begins with "
            f"FROM, nor a file (looked from {Path.cwd()})"
        )
    return path.read_text(encoding="utf-8")


def _keep(workspace: Callable[[], Any], registry: Any) -> str:
    """Keep the password of a registry among the workspace's secrets; give the secret's name."""
    if not registry.password:
        return ""
    of = f"{registry.address or ''}\0{registry.username or ''}"
    name = PASSWORDS + hashlib.sha256(of.encode()).hexdigest()[:16]
    with translated():
        workspace().service.secrets.keep(name, str(registry.password))
    return name
