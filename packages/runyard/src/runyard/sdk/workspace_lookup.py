"""Finding workspaces on a service: the connection to it, and the records that fit."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, List, Optional

from runyard.protocol.suggestions import nearest
from runyard.sdk.exceptions import WorkspaceException, translated

if TYPE_CHECKING:
    from runyard.client.connection import Connection
    from runyard.protocol.workspaces import WorkspaceRecord
    from runyard.sdk.workspace_config import WorkspaceConfig


def connect(configured: Optional[str] = None) -> Connection:
    """Connect this process: in a job with the job's token, else as a user."""
    from runyard.client import discovery

    with translated():
        if os.environ.get("RUNYARD_RUN_ID"):
            return discovery.connect_job()
        return discovery.connect(configured=configured)


def matching(
    connection: Connection, name: Optional[str], subscription: Optional[str], group: Optional[str]
) -> List[WorkspaceRecord]:
    """List the workspaces that fit; None fits every one.

    Args:
        connection: The service.
        name: Their name.
        subscription: The subscription that they are in.
        group: The resource group that they are in.
    """
    from runyard.client.workspaces import Workspaces
    from runyard.protocol.workspaces import WorkspaceQuery

    query = WorkspaceQuery(name=name, subscription_id=subscription, resource_group=group)
    with translated():
        return list(Workspaces(connection).list(query))


def find(connection: Connection, config: WorkspaceConfig) -> Optional[WorkspaceRecord]:
    """Find the workspace that a config file names; None where the service does not have it."""
    found = matching(connection, config.name, config.subscription_id, config.resource_group)
    return found[0] if found else None


def existing(connection: Connection, config: WorkspaceConfig) -> WorkspaceRecord:
    """Find the workspace that a config file names.

    Raises:
        WorkspaceException: The service does not have it; the message lists the nearest.
    """
    found = find(connection, config)
    if found is None:
        raise unknown(connection, config.name)
    return found


def unknown(connection: Connection, name: str) -> WorkspaceException:
    """Make the error for a workspace that is not there, with the nearest that are."""
    names = sorted({record.name for record in matching(connection, None, None, None)})
    near = nearest(name, names) or names[:10]
    there = f"there are: {', '.join(near)}" if near else "there is none yet"
    return WorkspaceException(
        f"no workspace {name!r} in that subscription and resource group on {connection.url}; "
        f"{there}. Workspace.create({name!r}, …) makes it"
    )
