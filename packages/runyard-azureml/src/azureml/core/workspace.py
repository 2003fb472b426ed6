"""The workspace."""

from runyard.sdk.datastores import Datastore
from runyard.sdk.exceptions import ProjectSystemException, UserErrorException, WorkspaceException
from runyard.sdk.experiments import Experiment
from runyard.sdk.workspaces import Workspace

__all__ = [
    "Datastore",
    "Experiment",
    "ProjectSystemException",
    "UserErrorException",
    "Workspace",
    "WorkspaceException",
]
