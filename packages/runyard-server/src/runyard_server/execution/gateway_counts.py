"""What an endpoint has answered, also while the gateway is away: a count never goes back."""

from contextlib import suppress

import msgspec

from runyard_server.core.system import System
from runyard_server.execution import gateway_table
from runyard_server.serving import tallies
from runyard_server.serving.table import COUNTS_FILE, DeploymentStatus


def of(system: System, workspace: str, endpoint: str, deployment: str) -> DeploymentStatus | None:
    """The counts of a deployment; None where nobody has asked it anything.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        endpoint: Name of the endpoint.
        deployment: Name of the deployment.
    """
    known = system.gateway.last_counts(workspace, endpoint, deployment)
    if known is not None or system.gateway.status is not None:
        return known
    # A service that has not heard of the gateway yet: what that has told is in its file.
    with suppress(OSError, msgspec.MsgspecError):
        every = tallies.read(gateway_table.folder(system) / COUNTS_FILE)
        found = every.get((workspace, endpoint, deployment))
        if found is not None:
            return DeploymentStatus(
                deployment,
                requests=found.requests,
                failures=found.failures,
                last_request=found.last_request,
                taken=found.taken,
            )
    return None
