"""How MLflow's client is told of the service: by variables, which both its lines read.

The service speaks MLflow's protocol at its own address for the default workspace, and below
`/mlflow/<workspace>` for others, so that a tracking URI names a workspace. The token is what other
clients send, too.
"""

from typing import Dict

from runyard.protocol.workspaces import DEFAULT_WORKSPACE

URI_VARIABLE = "MLFLOW_TRACKING_URI"
TOKEN_VARIABLE = "MLFLOW_TRACKING_TOKEN"  # noqa: S105 - the name of a variable, not a secret
RUN_VARIABLE = "MLFLOW_RUN_ID"
EXPERIMENT_VARIABLE = "MLFLOW_EXPERIMENT_ID"
# Where a user and a password are set, the client sends them in place of a token.
OTHERS = ("MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD")


def tracking_uri(url: str, workspace: str) -> str:
    """The address at which MLflow's client finds a workspace.

    Args:
        url: The service's.
        workspace: Id of the workspace.
    """
    return url if workspace == DEFAULT_WORKSPACE else f"{url}/mlflow/{workspace}"


def variables(url: str, workspace: str, token: str) -> Dict[str, str]:
    """The variables with which MLflow's client speaks to the service.

    Args:
        url: The service's.
        workspace: Id of the workspace.
        token: The token.
    """
    return {URI_VARIABLE: tracking_uri(url, workspace), TOKEN_VARIABLE: token}
