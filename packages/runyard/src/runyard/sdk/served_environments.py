"""What an endpoint's workers run in, where nobody says: what the model was made in, or fits it.

The first that there is: an MLflow folder's own file; beside a script, `requirements.txt` or
`environment.yml`; the environment of the run that the model comes from; this Python for a script,
where it has what the model is of; the packages of the model's framework.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

from runyard.client import transfer
from runyard.protocol.endpoints import PYFUNC, SCRIPT
from runyard.protocol.errors import NotFound
from runyard.sdk import flavors
from runyard.sdk.conda import CondaDependencies
from runyard.sdk.definitions import submitted_definition_of
from runyard.sdk.environments import Environment
from runyard.sdk.exceptions import UserErrorException, translated

if TYPE_CHECKING:
    from runyard.client.workspace import WorkspaceClient
    from runyard.protocol.environments import EnvironmentDefinition
    from runyard.protocol.models import ModelRecord
    from runyard.sdk.workspaces import Workspace

# In the order in which they are looked for.
BESIDE_SCRIPTS = ("requirements.txt", "environment.yml", "environment.yaml", "conda.yml")
_IN_MLFLOW = ("conda.yaml", "requirements.txt")
_CONDA = (".yml", ".yaml")
# v1's own default, which says nothing.
_EXAMPLE = "EXAMPLE_ENV_VAR"


class Chosen(NamedTuple):
    """An environment, its variables, and in words why it was chosen."""

    definition: EnvironmentDefinition
    variables: Dict[str, str]
    why: str


def asked(workspace: Workspace, given: Any) -> Chosen:
    """The environment that somebody asks for; it has a name, by which it is known as chosen.

    Args:
        workspace: The workspace.
        given: An Environment, the name of one in the workspace, a requirements or conda file, or
            a list of packages.

    Raises:
        UserErrorException: There is none, or it is something else.
    """
    if isinstance(given, Environment):
        return _named(_of(given, f"{given.name or 'the one'} given"), "given")
    if isinstance(given, (list, tuple)) and all(isinstance(each, str) for each in given):
        return _named(_of(_packages("", given), "the packages given"), "packages")
    if isinstance(given, Path) or (isinstance(given, str) and given.endswith((".txt", *_CONDA))):
        path = Path(given).expanduser()
        return _named(_of(from_file(path), str(given)), path.name)
    if not isinstance(given, str):
        raise UserErrorException(
            f"environment is {given!r}; give an Environment, the name of one, a requirements.txt "
            "or a conda file, or a list of packages"
        )
    return _of(Environment.get(workspace, given), given)


def _named(chosen: Chosen, name: str) -> Chosen:
    definition = replace(chosen.definition, name=chosen.definition.name or name)
    return chosen._replace(definition=definition)


def found(
    workspace: Workspace, models: Sequence[ModelRecord], flavor: str, beside: Optional[Path]
) -> Chosen:
    """The environment that fits, where nobody asks for one; it has no name.

    Args:
        workspace: The workspace.
        models: What is served, with their files.
        flavor: How.
        beside: The folder with the script; None without one.

    Raises:
        UserErrorException: A file that tells it cannot be read.
    """
    service = workspace.service
    kind = flavor
    if flavor == SCRIPT:
        kind = next((found for found in map(_flavor, models) if found), "")
    if flavor == PYFUNC:
        own = _of_mlflow(service, models[0])
        if own is not None:
            return own
    for path in [beside / name for name in BESIDE_SCRIPTS] if beside is not None else []:
        if path.is_file():
            return _of(from_file(path), f"{path.name} beside the script")
    of_run = _of_run(service, models)
    if of_run is not None:
        return of_run
    if flavor == SCRIPT and (not kind or _is_here(flavors.MODULES[kind])):
        return _of(this_python(), "this Python, as it is")
    # The version that wrote the model: others may not read it.
    version = next((each.framework_version for each in models if each.framework_version), "")
    python, pip = flavors.packages(kind, version)
    return _of(_packages(python, pip), f"what {kind} needs: {', '.join(pip)}")


def this_python() -> Environment:
    """The Python that runs this, with the packages that it has."""
    made = Environment(None)
    made.python.user_managed_dependencies = True
    # By its whole path: `python` may be another one where the worker is started.
    made.python.interpreter_path = sys.executable
    return made


def from_file(path: Path) -> Environment:
    """An environment of a requirements or conda file.

    Raises:
        UserErrorException: It is missing or makes no sense.
    """
    if path.suffix in _CONDA:
        return Environment.from_conda_specification("", str(path))
    return Environment.from_pip_requirements("", str(path))


def _of(environment: Environment, why: str) -> Chosen:
    variables = dict(environment.environment_variables or {})
    variables.pop(_EXAMPLE, None)
    return Chosen(submitted_definition_of(environment, by_mpi=False), variables, why)


def _packages(python: str, pip: Sequence[str]) -> Environment:
    made = Environment(None)
    made.python.conda_dependencies = CondaDependencies.create(
        python_version=python, pip_packages=list(pip)
    )
    return made


def _flavor(record: ModelRecord) -> str:
    return flavors.of(record.framework, [each.path for each in record.files])


def _is_here(module: str) -> bool:
    return find_spec(module) is not None


def _of_run(service: WorkspaceClient, models: Sequence[ModelRecord]) -> Optional[Chosen]:
    """What the run had that made the first model that has one; not what it took as it was."""
    for record in models:
        if not record.run:
            continue
        with translated():
            try:
                spec = service.runs.spec(record.run)
            except NotFound:
                # Interactive runs were never submitted, and some are gone.
                continue
        # Nobody has chosen it by its name, so another model has its environment found anew.
        definition = replace(spec.environment, name="", version="")
        return Chosen(definition, {}, f"that of the run {record.run}")
    return None


def _of_mlflow(service: WorkspaceClient, record: ModelRecord) -> Optional[Chosen]:
    """What an MLflow folder asks for in its own files."""
    found = of_mlflow(service, record)
    return None if found is None else _of(found[1], f"{found[0]} of the MLflow folder")


def of_mlflow(service: WorkspaceClient, record: ModelRecord) -> Optional[Tuple[str, Environment]]:
    """The environment that an MLflow folder asks for, and the file that says it; None: none does.

    Args:
        service: The workspace.
        record: The model, with its files.

    Raises:
        UserErrorException: The file cannot be read.
    """
    for name in _IN_MLFLOW:
        entries: List[Any] = [each for each in record.files if each.path.split("/")[-1] == name]
        if not entries:
            continue
        # The outermost: a pyfunc model may have whole MLflow folders among its artifacts.
        entry = min(entries, key=lambda each: each.path.count("/"))
        with tempfile.TemporaryDirectory(prefix="runyard-") as folder, translated():
            fetch = transfer.blob(entry, Path(folder))
            transfer.download_many(service, [fetch], overwrite=True)
            return name, from_file(fetch.target)
    return None
