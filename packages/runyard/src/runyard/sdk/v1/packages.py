"""The environment of an estimator: the framework's packages and those the user adds."""

from pathlib import Path
from typing import Dict, List, Optional

from runyard.client import callers
from runyard.sdk.conda import DEFAULT_SDK_PACKAGE, CondaDependencies
from runyard.sdk.environments import DEFAULT_CPU_IMAGE, DEFAULT_GPU_IMAGE, Environment
from runyard.sdk.exceptions import TrainingException, UserErrorException
from runyard.sdk.frameworks import FrameworkVersion, check_note, find
from runyard.sdk.requirements import read_requirements
from runyard.sdk.v1.settings import EstimatorSettings

_said: Dict[str, bool] = {}


def version_row(
    framework: str,
    version: Optional[str],
    default: str,
    supported: List[str],
    says_default: bool,
    compatibility: Optional[str] = None,
) -> FrameworkVersion:
    """Find the packages of a framework's version; none given means the default, with a warning.

    Args:
        framework: Name of the framework.
        version: The version asked for; None for the default.
        default: The default version.
        supported: The versions that a refusal names.
        says_default: Whether a warning says that the default is taken.
        compatibility: `strict` refuses another version than the one asked for.

    Raises:
        TrainingException: The version is not supported; the supported ones are listed.
    """
    if version is None and says_default:
        callers.warn(f"framework_version is not specified, defaulting to version {default}.")
    row = find(framework, str(version or default))
    if row is None:
        raise TrainingException(
            f"{framework} version {version!r} is not supported; supported are: "
            f"{', '.join(supported)}"
        )
    check_note(row, compatibility, TrainingException)
    return row


def environment_of(settings: EstimatorSettings, row: Optional[FrameworkVersion]) -> Environment:
    """Make the environment of an estimator.

    Args:
        settings: Its arguments, checked.
        row: The framework's packages; None for a plain estimator.

    Raises:
        UserErrorException: A file is missing, or environment_definition is no Environment.
    """
    given = settings.environment_definition
    if given is not None:
        if not isinstance(given, Environment):
            raise UserErrorException(
                f"environment_definition must be an Environment, not {type(given).__name__}"
            )
        return given
    made = Environment(None, compatibility=settings.compatibility)
    made.python.user_managed_dependencies = settings.user_managed
    made.python.conda_dependencies = _packages(settings, row)
    if row is not None:
        made._date_by(row)
    made.environment_variables = dict(settings.environment_variables or {})
    _set_docker(made, settings)
    return made


def say_once(text: str) -> None:
    """Warn with a text once per process."""
    if text not in _said:
        _said[text] = True
        callers.warn(text)


def _packages(settings: EstimatorSettings, row: Optional[FrameworkVersion]) -> CondaDependencies:
    if settings.conda_file:
        return CondaDependencies(_below(settings, settings.conda_file, "conda_dependencies_file"))
    made = CondaDependencies.create(
        python_version=row.python if row else "",
        # v1's environments all have it; in a list of requirements it means our own names.
        pip_packages=[DEFAULT_SDK_PACKAGE, *(row.pip if row else ())],
    )
    if settings.requirements_file:
        path = _below(settings, settings.requirements_file, "pip_requirements_file")
        made.add_pip_lines(read_requirements(path))
    made.add_pip_lines(settings.pip_packages or ())
    for package in settings.conda_packages or ():
        made.add_conda_package(package)
    return made


def _below(settings: EstimatorSettings, path: str, what: str) -> str:
    folder = settings.source_directory or "."
    # As in v1 not below the current folder: the file belongs to the source.
    found = Path(folder).expanduser() / path
    if not found.is_file():
        raise UserErrorException(
            f"{what} {path!r} is not in source_directory {folder!r}: "
            "its path is relative to that folder"
        )
    return str(found)


def _set_docker(environment: Environment, settings: EstimatorSettings) -> None:
    docker = environment.docker
    docker.enabled = settings.use_docker
    docker.gpu_support = settings.use_gpu
    docker.base_image = settings.image or (
        DEFAULT_GPU_IMAGE if settings.use_gpu else DEFAULT_CPU_IMAGE
    )
    if settings.shm_size is not None:
        docker.shm_size = settings.shm_size
    if settings.image_registry_details is not None:
        docker.base_image_registry = settings.image_registry_details
