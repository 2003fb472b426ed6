"""What a process of a job knows of its job: which run it is, and who speaks to its workspace."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Dict

from runyard.sdk.exceptions import RunEnvironmentException

if TYPE_CHECKING:
    from runyard.client.workspace import WorkspaceClient

# Written out: `protocol.jobs` makes records that a script's start would wait for.
RUN_ID = "RUNYARD_RUN_ID"
WORKSPACE = "RUNYARD_WORKSPACE"
EXPERIMENT = "AZUREML_ARM_PROJECT_NAME"

_guard = threading.Lock()
_service: Dict[str, WorkspaceClient] = {}


def service() -> WorkspaceClient:
    """The client of the job's workspace, with the job's own token.

    Raises:
        RunEnvironmentException: This is no job.
    """
    workspace = os.environ.get(WORKSPACE)
    if not workspace:
        raise RunEnvironmentException(f"this is no job: {WORKSPACE} is not set")
    with _guard:
        found = _service.get(workspace)
        if found is None:
            from runyard.client import discovery
            from runyard.client.workspace import WorkspaceClient

            found = _service[workspace] = WorkspaceClient(discovery.connect_job(), workspace)
    return found
