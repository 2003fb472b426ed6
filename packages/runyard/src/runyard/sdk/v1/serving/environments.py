"""What the script of a web service needs, as the protocol has it, and back."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Dict, List, Optional

from runyard.client import callers
from runyard.sdk.conda import DEFAULT_SDK_PACKAGE
from runyard.sdk.definitions import document_of, fill, submitted_definition_of, variables_of
from runyard.sdk.environments import Environment
from runyard.sdk.requirements import package_name
from runyard.sdk.v1.script_imports import brought_along

if TYPE_CHECKING:
    from runyard.protocol.environments import EnvironmentDefinition

_SCHEMA = "inference-schema"


def of_config(config: Any, service: str) -> Environment:
    """The environment of an InferenceConfig; in the old form one of the conda file.

    Args:
        config: The InferenceConfig.
        service: The service's name, after which an environment of the old form is named.
    """
    if config.environment is not None:
        found: Environment = config.environment
        return found
    if config.extra_docker_file_steps:
        callers.warn(
            "extra_docker_file_steps is kept, without effect: there are no containers; put what "
            "the steps install into the conda file"
        )
    conda_file = config.path_of(config.conda_file) if config.conda_file else ""
    return of_conda_file(f"{service}-env", conda_file)


def of_conda_file(name: str, path: str) -> Environment:
    """An environment of a conda file's packages; without a file, of none.

    Raises:
        UserErrorException: The file is missing or cannot be read.
    """
    return Environment.from_conda_specification(name, path) if path else Environment(name)


def definition(environment: Environment, script: str = "") -> EnvironmentDefinition:
    """What the service is to lock: `azureml-defaults` stands for what came with it.

    Args:
        environment: The environment.
        script: The path of the script; what it imports of that comes in.
    """
    folder, name = os.path.split(script)
    more = brought_along(environment, folder, name)
    made = submitted_definition_of(environment, by_mpi=False, more=more)
    asked = [package_name(line) for line in environment.python.conda_dependencies.pip_packages]
    if made.user_managed or DEFAULT_SDK_PACKAGE not in asked or _has_schema(asked):
        return made
    # Scripts of services import this one without naming it, as a rule.
    return replace(made, pip=[*made.pip, _SCHEMA])


def _has_schema(names: List[str]) -> bool:
    return any(name.split("[")[0] == _SCHEMA for name in names)


def variables(environment: Environment) -> Dict[str, str]:
    """The variables that the script sees."""
    return variables_of(environment)


def document(environment: Environment) -> Dict[str, Any]:
    """What is kept with a deployment, so that `service.environment` gives it back."""
    return document_of(environment)


def from_document(kept: Optional[Dict[str, Any]]) -> Optional[Environment]:
    """The environment that was kept; None where none was."""
    if not kept:
        return None

    made = Environment(kept.get("name"))
    fill(made, kept)
    return made


def absolute(path: Optional[str]) -> str:
    """The path from the root, "" for none."""
    return os.path.abspath(path) if path else ""  # noqa: PTH100 - keeps links as they are
