"""`mlflow.projects.run(…, backend="azureml")`: a project of MLflow's, run as a run of ours.

MLflow reads the project, and says which command one of its entry points is. That command runs in
the project's folder, on the compute target that the backend's settings name (`COMPUTE`), with the
packages of the project's conda file or, where `USE_CONDA` is false, with this interpreter's own.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, Mapping, Type, Union

from runyard.sdk.environments import Environment
from runyard.sdk.exceptions import UserErrorException
from runyard.sdk.experiments import Experiment
from runyard.sdk.v1.mlflow_addresses import plain
from runyard.sdk.v1.mlflow_runs import workspace_at
from runyard.sdk.v1.scripts import ScriptRunConfig

if TYPE_CHECKING:
    from runyard.sdk.runs import Run

COMPUTE, USE_CONDA = "COMPUTE", "USE_CONDA"
_STATES = {"Completed": "FINISHED", "Failed": "FAILED", "Canceled": "KILLED", "Queued": "SCHEDULED"}


def backend() -> Any:
    """MLflow's backend for projects, as its entry point asks for it."""
    from mlflow.projects.backend.abstract_backend import AbstractBackend

    def run(
        self: Any,
        project_uri: str,
        entry_point: str,
        params: Mapping[str, Any],
        version: Any,
        backend_config: Any,
        tracking_uri: str,
        experiment_id: str,
    ) -> Any:
        del self
        given = (project_uri, version, entry_point, params)
        return _submitted(submit(given, settings(backend_config), tracking_uri, experiment_id))

    return type("RunyardBackend", (AbstractBackend,), {"run": run})()


def settings(given: Union[str, Mapping[str, Any], None]) -> Dict[str, Any]:
    """The backend's settings: a dictionary, or a file with one.

    Raises:
        UserErrorException: The file is missing or no JSON, or a value makes no sense.
    """
    found: Dict[str, Any] = {}
    if isinstance(given, str):
        try:
            found.update(json.loads(Path(given).read_text(encoding="utf-8")))
        except (OSError, ValueError) as error:
            raise UserErrorException(f"backend_config cannot be read: {error}") from error
    else:
        found.update(given or {})
    if not isinstance(found.get(USE_CONDA, True), bool):
        raise UserErrorException(
            f"{USE_CONDA} in backend_config is {found[USE_CONDA]!r}; it is true or false"
        )
    return found


def submit(given: Any, wishes: Mapping[str, Any], tracking_uri: str, experiment_id: str) -> Run:
    """Submit a project's entry point.

    Args:
        given: The project's address, its version, the entry point, and its parameters.
        wishes: The backend's settings.
        tracking_uri: Where MLflow logs.
        experiment_id: Id of the experiment, as MLflow has it.

    Raises:
        UserErrorException: There is no such experiment.
    """
    from mlflow.projects import utils

    project_uri, version, entry_point, params = given
    folder = utils.fetch_and_validate_project(project_uri, version, entry_point, params)
    project = utils.load_project(folder)
    command = project.get_entry_point(entry_point).compute_command(params, None)
    config = ScriptRunConfig(
        source_directory=folder,
        command=command,
        compute_target=wishes.get(COMPUTE),
        environment=_environment(project, wishes),
    )
    workspace = workspace_at(plain(tracking_uri))
    # Ids of experiments are the same on both sides, while MLflow's names may be any text.
    found = [one for one in Experiment.list(workspace) if one.id == str(experiment_id)]
    if not found:
        raise UserErrorException(
            f"workspace {workspace.name!r} has no experiment {experiment_id!r}: call "
            "mlflow.set_experiment('NAME') first"
        )
    return found[0].submit(config)


def _environment(project: Any, wishes: Mapping[str, Any]) -> Environment:
    conda = getattr(project, "conda_env_path", None) or getattr(project, "env_config_path", None)
    if conda and wishes.get(USE_CONDA, True):
        return Environment.from_conda_specification(project.name or "mlflow-project", str(conda))
    made = Environment(project.name or "mlflow-project")
    made.python.user_managed_dependencies = True
    return made


def _submitted(run: Run) -> Any:
    from mlflow.projects.submitted_run import SubmittedRun

    kind: Type[Any] = type(
        "RunyardSubmittedRun",
        (SubmittedRun,),
        {
            "run_id": property(lambda _: run.id),
            "wait": lambda _: (
                run.wait_for_completion(raise_on_error=False)["status"] == "Completed"
            ),
            "get_status": lambda _: _STATES.get(run.get_status(), "RUNNING"),
            "cancel": lambda _: run.cancel(),
        },
    )
    return kind()
