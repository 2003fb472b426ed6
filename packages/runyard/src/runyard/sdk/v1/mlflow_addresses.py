"""`azureml://…` as a tracking URI of MLflow: it names a workspace, and here that is one of ours.

Scripts have such addresses written down, or get them from a variable. The distribution of the v1
names tells MLflow by its entry points that these functions know the scheme; MLflow's own clients
of its REST protocol do the rest. Nothing here loads MLflow before MLflow asks.
"""

import os
from typing import Any, Dict, Tuple
from urllib.parse import unquote, urlsplit

SCHEME = "azureml:"
_NAMED = ("subscriptions", "resourcegroups", "workspaces")
_known: Dict[str, Tuple[str, str]] = {}


def tracking_store(store_uri: str, artifact_uri: Any = None, **_: Any) -> Any:
    """MLflow's client for runs, at the workspace that an address names.

    Args:
        store_uri: The address.
        artifact_uri: Taken as MLflow gives it; each run has its own.
        **_: What later lines may give.

    Raises:
        WorkspaceException: No such workspace is here.
    """
    from mlflow.store.tracking.rest_store import RestStore

    del artifact_uri
    return RestStore(lambda: _credentials(store_uri))


def registry_store(store_uri: str, **_: Any) -> Any:
    """MLflow's client for models, at the workspace that an address names.

    Args:
        store_uri: The address.
        **_: What MLflow gives besides, such as the tracking URI.

    Raises:
        WorkspaceException: No such workspace is here.
    """
    from mlflow.store.model_registry.rest_store import RestStore

    return RestStore(lambda: _credentials(store_uri))


def artifact_repository(artifact_uri: str, *more: Any, **named: Any) -> Any:
    """MLflow's client for files that its server keeps, also while the address is one of these.

    Args:
        artifact_uri: Where the files are: `mlflow-artifacts:/…`.
        *more: What MLflow gives besides.
        **named: The tracking URI among others, from line 3 on.
    """
    from mlflow.store.artifact.mlflow_artifacts_repo import MlflowArtifactsRepository

    def resolve_uri(given: str, tracking_uri: str) -> Any:
        return MlflowArtifactsRepository.resolve_uri(given, plain(tracking_uri))

    # Both lines ask this of their class while they make one, with the tracking URI of then.
    body = {"resolve_uri": staticmethod(resolve_uri)}
    return type("Repository", (MlflowArtifactsRepository,), body)(artifact_uri, *more, **named)


def plain(uri: str) -> str:
    """The service's address in place of `azureml://…`; every other address as it is."""
    return _found(uri)[0] if uri.startswith(SCHEME) else uri


def workspace_of(uri: str) -> Dict[str, str]:
    """What an address says of its workspace, by the names of `Workspace.get`; empty for nothing."""
    parts = [unquote(part) for part in urlsplit(uri).path.split("/")]
    said = dict(zip((part.lower() for part in parts), parts[1:]))
    names = ("subscription_id", "resource_group", "name")
    return {name: said[word] for word, name in zip(_NAMED, names) if said.get(word)}


def _credentials(uri: str) -> Any:
    from mlflow.utils.rest_utils import MlflowHostCreds

    url, token = _found(uri)
    return MlflowHostCreds(url, token=token)


def _found(uri: str) -> Tuple[str, str]:
    """The service's address and token for an address, looked up once."""
    from runyard.protocol import mlflow

    if uri not in _known:
        workspace = _workspace(workspace_of(uri))
        # Files go past the stores, with the token that MLflow reads from the environment.
        url = workspace.get_mlflow_tracking_uri()
        _known[uri] = (url, os.environ[mlflow.TOKEN_VARIABLE])
    return _known[uri]


def _workspace(said: Dict[str, str]) -> Any:
    from runyard.sdk.exceptions import WorkspaceException
    from runyard.sdk.workspaces import Workspace

    if "name" not in said:
        return Workspace.from_config()
    try:
        return Workspace.get(**said)
    except WorkspaceException:
        # Few give their workspaces here the subscription and the group that they had elsewhere.
        return Workspace.get(said["name"])
