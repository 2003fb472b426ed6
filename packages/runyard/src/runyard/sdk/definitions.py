"""An environment on its way out and back: to what the service locks, and to the v1 document.

The document is the camelCase dict that v1 shows in `runDefinition`; it is kept with a registered
environment, so that all of its sections come back.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any, Dict, Optional, Sequence

from runyard.client import callers
from runyard.protocol import pythons
from runyard.sdk.conda import CondaDependencies, python_asked
from runyard.sdk.environment_sections import SparkPackage
from runyard.sdk.exceptions import UserErrorException
from runyard.sdk.requirements import package_name, without_own

if TYPE_CHECKING:
    from runyard.protocol.environments import EnvironmentDefinition

OLDEST_PYTHON = "3.7"
# What interpreter_path is unless somebody sets it.
DEFAULT_INTERPRETER = "python"
_DEFAULT_IMAGE = re.compile(r"(^|/)azureml/(base|openmpi|intelmpi|minimal)")


def definition_of(environment: Any) -> EnvironmentDefinition:
    """Write what the service is to lock for an `Environment`."""
    from runyard.protocol.environments import EnvironmentDefinition

    python, docker = environment.python, environment.docker
    packages = _checked(python.conda_dependencies)
    managed = bool(python.user_managed_dependencies)
    # It has a field of its own, since a lock is made against one index.
    options = [line for line in packages.pip_options if not line.startswith("--index-url")]
    return EnvironmentDefinition(
        name=environment.name or "",
        version=environment.version or "",
        python="" if managed else job_python(python_asked(packages)),
        user_managed=managed,
        interpreter=str(python.interpreter_path or DEFAULT_INTERPRETER),
        pip=[] if managed else [*options, *without_own(packages.pip_packages)],
        conda=[] if managed else without_own(packages.conda_packages),
        channels=[] if managed else list(packages.conda_channels),
        index_url="" if managed else _index_url(packages),
        as_of="" if managed else environment.as_of or "",
        as_of_from="" if managed else environment._as_of_from,
        docker_image=_image(docker),
        compatibility="" if managed else environment.compatibility or "",
    )


def submitted_definition_of(
    environment: Any, *, by_mpi: bool, more: Sequence[str] = ()
) -> EnvironmentDefinition:
    """Write what the service is to lock for a run that this process submits.

    A user-managed `python` is the one that submits, whichever comes first on the service's PATH.

    Args:
        environment: The `Environment`.
        by_mpi: Whether the run is started by MPI, for which some environments have packages more.
        more: Packages that the run needs beside those of its environment.
    """
    from dataclasses import replace

    made = definition_of(environment)
    if by_mpi and not made.user_managed:
        made = _with_packages(made, environment._packages_by_mpi)
    if more and not made.user_managed:
        made = _with_packages(made, more)
    is_own = made.user_managed and made.interpreter == DEFAULT_INTERPRETER
    # Programs that embed Python may not know where theirs is.
    return replace(made, interpreter=sys.executable) if is_own and sys.executable else made


def _with_packages(made: EnvironmentDefinition, more: Sequence[str]) -> EnvironmentDefinition:
    """Add requirements, but for those of which the user asks for a version."""
    from dataclasses import replace

    # Two versions of one package could not be installed together.
    named = {package_name(line) for line in (*made.pip, *made.conda)}
    return replace(made, pip=[*made.pip, *(line for line in more if line not in named)])


def variables_of(environment: Any) -> Dict[str, str]:
    """Collect the variables of an `Environment`: those of its conda file, below its own."""
    python = environment.python
    found = {} if python.user_managed_dependencies else python.conda_dependencies.variables
    own = environment.environment_variables or {}
    return {**found, **{str(key): str(value) for key, value in own.items()}}


def _checked(packages: Any) -> CondaDependencies:
    if not isinstance(packages, CondaDependencies):
        raise UserErrorException(
            "environment.python.conda_dependencies must be a CondaDependencies, not "
            f"{type(packages).__name__}: make one with CondaDependencies.create(pip_packages=[…])"
        )
    return packages


def job_python(version: str) -> str:
    """Choose the Python a job gets for the one asked for: nothing older than 3.7 is possible.

    The SDK in the job needs 3.7; files of 2019 name 3.6.2 or 3.5, because that was the default.
    """
    version = pythons.asked(version)
    match = re.match(r"(\d+)(?:\.(\d+))?", version)
    if match is None:
        return ""
    # A bare `3` is any of them.
    if (int(match.group(1)), int(match.group(2) or 99)) >= (3, 7):
        return version
    callers.warn(
        f"Python {version} is asked for and jobs need {OLDEST_PYTHON} or newer: "
        f"Python {OLDEST_PYTHON} is used"
    )
    return OLDEST_PYTHON


def _index_url(packages: CondaDependencies) -> str:
    """Find the index in place of the default: of several pip takes the last."""
    lines = [line for line in packages.pip_options if line.startswith("--index-url")]
    return lines[-1][len("--index-url") :].strip(" =") if lines else ""


def _image(docker: Any) -> str:
    """Name the base image only where the user chose one: v1's own hold nothing that is needed."""
    image = docker.base_image or ""
    return "" if not docker.enabled or is_default_image(image) else image


def is_default_image(image: str) -> bool:
    """Whether an image is one of v1's own, which hold nothing that an environment needs."""
    return _DEFAULT_IMAGE.search(image) is not None


def document_of(environment: Any) -> Dict[str, Any]:
    """Write the v1 document of an `Environment`."""
    python, docker, spark = environment.python, environment.docker, environment.spark
    by_mpi = environment._packages_by_mpi
    return {
        "name": environment.name,
        "version": environment.version,
        "python": {
            "interpreterPath": python.interpreter_path,
            "userManagedDependencies": python.user_managed_dependencies,
            "condaDependencies": python.conda_dependencies.as_dict(),
            "baseCondaEnvironment": python.base_conda_environment,
        },
        "environmentVariables": dict(environment.environment_variables or {}),
        "docker": {
            "enabled": docker.enabled,
            "baseImage": docker.base_image,
            "baseDockerfile": docker.base_dockerfile,
            "sharedVolumes": docker.shared_volumes,
            "gpuSupport": docker.gpu_support,
            "shmSize": docker.shm_size,
            "arguments": [str(item) for item in docker.arguments],
            # Without the password: the service keeps this document and shows it.
            "baseImageRegistry": {
                "address": docker.base_image_registry.address,
                "username": docker.base_image_registry.username,
            },
        },
        "spark": {
            "repositories": list(spark.repositories),
            "packages": [_written(each) for each in spark.packages],
            "precachePackages": spark.precache_packages,
        },
        "inferencingStackVersion": environment.inferencing_stack_version,
        **({"packagesByMpi": list(by_mpi)} if by_mpi else {}),
        **_dated(environment),
        **({"compatibility": environment.compatibility} if environment.compatibility else {}),
    }


def _dated(environment: Any) -> Dict[str, Any]:
    """What a document says of a day; v1 knows none, so there is nothing where there is none."""
    if not environment.as_of:
        return {}
    return {"asOf": environment.as_of, "asOfFrom": environment._as_of_from}


def fill(environment: Any, document: Dict[str, Any]) -> None:
    """Set an `Environment` from its v1 document; what the document lacks stays as it is."""
    python, docker, spark = (document.get(key) or {} for key in ("python", "docker", "spark"))
    _set(environment, document, name="name", version="version")
    _set(environment, document, environment_variables="environmentVariables")
    _set(environment, document, inferencing_stack_version="inferencingStackVersion")
    _set(environment, document, _packages_by_mpi="packagesByMpi")
    # The day first: setting it forgets whose it was.
    _set(environment, document, as_of="asOf")
    _set(environment, document, _as_of_from="asOfFrom")
    _set(environment, document, compatibility="compatibility")
    _set(environment.python, python, interpreter_path="interpreterPath")
    _set(environment.python, python, user_managed_dependencies="userManagedDependencies")
    _set(environment.python, python, base_conda_environment="baseCondaEnvironment")
    packages: Optional[Dict[str, Any]] = python.get("condaDependencies")
    if packages is not None:
        environment.python.conda_dependencies = CondaDependencies(_underlying_structure=packages)
    _set(environment.docker, docker, enabled="enabled", base_image="baseImage")
    _set(environment.docker, docker, base_dockerfile="baseDockerfile", shm_size="shmSize")
    _set(environment.docker, docker, shared_volumes="sharedVolumes", gpu_support="gpuSupport")
    _set(environment.docker, docker, arguments="arguments")
    registry = docker.get("baseImageRegistry") or {}
    _set(environment.docker.base_image_registry, registry, address="address", username="username")
    _set(environment.spark, spark, repositories="repositories")
    if "packages" in spark:
        environment.spark.packages = [_read(each) for each in spark["packages"] or []]
    _set(environment.spark, spark, precache_packages="precachePackages")


def _written(package: Any) -> Any:
    """A package of Spark as it stands in a document."""
    if not isinstance(package, SparkPackage):
        return package
    return {"group": package.group, "artifact": package.artifact, "version": package.version}


def _read(package: Any) -> Any:
    """A package of Spark from what a document, or a file of someone, has for it."""
    if not isinstance(package, dict):
        return package
    return SparkPackage(*(package.get(name) for name in ("group", "artifact", "version")))


def _set(section: Any, document: Dict[str, Any], **names: str) -> None:
    for attribute, key in names.items():
        if key in document:
            setattr(section, attribute, document[key])
