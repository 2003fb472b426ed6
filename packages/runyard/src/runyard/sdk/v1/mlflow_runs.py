"""What `azureml.mlflow` has: the page of a run that MLflow began, and models of a run's files.

MLflow is asked where the runs are, so that these functions mean the service that the script logs
to, in a notebook, in a job, and with an address that begins with `azureml://`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping, Optional
from urllib.parse import unquote, urlsplit

from runyard.client.workspaces import Workspaces
from runyard.protocol.workspaces import DEFAULT_WORKSPACE
from runyard.sdk import workspace_lookup, workspaces
from runyard.sdk.exceptions import WorkspaceException, translated
from runyard.sdk.v1.mlflow_addresses import plain

if TYPE_CHECKING:
    from runyard.sdk.models import Model
    from runyard.sdk.runs import Run
    from runyard.sdk.workspaces import Workspace

_BELOW = "/mlflow/"


def get_mlflow_tracking_uri(workspace: Workspace) -> str:
    """Where MLflow's client finds a workspace: for `mlflow.set_tracking_uri`."""
    return workspace.get_mlflow_tracking_uri()


def get_portal_url(run: Any) -> str:
    """Find the page of a run of MLflow's."""
    return run_of(run).get_portal_url()


def register_model(
    run: Any, name: str, path: str, tags: Optional[Mapping[str, Any]] = None, **more: Any
) -> Model:
    """Register files of a run of MLflow's as the next version of a model.

    Args:
        run: The run, as `mlflow.start_run()` gives it.
        name: The model.
        path: What `log_model` or `log_artifact` was given as its path.
        tags: The version's tags.
        **more: What `Run.register_model` takes besides.

    Raises:
        ModelPathNotFoundException: The run has nothing at that path.
    """
    mine = run_of(run)
    return mine.register_model(model_name=name, model_path=path, tags=tags, **more)


def run_of(run: Any) -> Run:
    """The run of ours that a run of MLflow's is."""
    return current_workspace().get_run(run.info.run_id)


def current_workspace() -> Workspace:
    """The workspace to which MLflow's client logs now.

    Raises:
        WorkspaceException: It logs elsewhere, or there is no such workspace.
    """
    import mlflow

    return workspace_at(plain(mlflow.get_tracking_uri()))


def workspace_at(uri: str) -> Workspace:
    """The workspace at a tracking URI of this service's.

    Args:
        uri: `http://…` or `http://…/mlflow/<workspace>`.

    Raises:
        WorkspaceException: There is no such workspace, or it is no address of a service.
    """
    if urlsplit(uri).scheme not in {"http", "https"}:
        raise WorkspaceException(
            f"MLflow logs to {uri!r}, which is no service of Runyard's: call "
            "mlflow.set_tracking_uri(ws.get_mlflow_tracking_uri()) first"
        )
    base, _, name = uri.partition(_BELOW)
    connection = workspace_lookup.connect(base.rstrip("/"))
    with translated():
        record = Workspaces(connection).get(unquote(name.strip("/")) or DEFAULT_WORKSPACE)
    return workspaces.of_record(record, connection)
