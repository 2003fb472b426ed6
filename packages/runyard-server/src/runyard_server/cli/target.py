"""Which service and which workspace a command speaks to.

The service is found as the SDK finds it, and started when none runs. The workspace is the one
named, else the one of the nearest `config.json`, else `default`.
"""

from runyard.client.discovery import connect
from runyard.client.workspace import WorkspaceClient
from runyard.protocol import routes
from runyard.protocol.errors import WorkspaceNotFound
from runyard.protocol.workspaces import WorkspaceQuery, WorkspaceRecord

__all__ = ["WorkspaceClient", "client", "workspace_names", "workspaces"]


def client(name: str | None, *, start: bool = True) -> WorkspaceClient:
    """Give the client of a workspace.

    Args:
        name: Its name or its id; None asks the configuration.
        start: Whether a service may be started when none runs.

    Raises:
        WorkspaceNotFound: There is none of that name; the message lists those there are.
    """
    connection = connect(start=start)
    if name is None:
        from runyard.sdk.workspaces import Workspace

        return Workspace.from_config().service
    found = workspaces(start=start)
    for record in found:
        if name in (record.name, record.id):
            return WorkspaceClient(connection, record.id)
    names = ", ".join(sorted(record.name for record in found))
    raise WorkspaceNotFound(f"there is no workspace {name!r}; there are: {names}")


def workspaces(*, start: bool = True) -> list[WorkspaceRecord]:
    """Give the workspaces of the service, by name."""
    query = WorkspaceQuery(page_size=1000)
    return connect(start=start).call(routes.WORKSPACES_LIST, query=query).items


def workspace_names() -> list[str]:
    """Give the names of the workspaces of a service that runs, for completion."""
    return [record.name for record in workspaces(start=False)]
