"""Which service and which workspace a command speaks to.

The service is found as the SDK finds it, and started when none runs. The workspace is the one
named, else the one of the nearest `config.json`, else `default`. Looking makes none: a workspace
that a `config.json` names is made by the first script that uses it.
"""

from contextlib import suppress

from runyard.client import workspace_config
from runyard.client.connection import Connection
from runyard.client.discovery import connect
from runyard.client.home import locate
from runyard.client.paging import LARGEST_PAGE
from runyard.client.workspace import WorkspaceClient
from runyard.client.workspace_config import WorkspaceConfig
from runyard.client.workspaces import Workspaces
from runyard.protocol.errors import WorkspaceNotFound
from runyard.protocol.timeouts import LEFTOVER_SECONDS
from runyard.protocol.workspaces import DEFAULT_WORKSPACE, WorkspaceRecord

__all__ = ["WorkspaceClient", "client", "connection", "elsewhere", "workspace_names", "workspaces"]

_MOST_NAMED = 5


def client(name: str | None, *, start: bool = True) -> WorkspaceClient:
    """Find a workspace and connect to it.

    Args:
        name: Its name or its id; None asks the configuration.
        start: Whether a service may be started when none runs.

    Raises:
        WorkspaceNotFound: There is none of that name; the message lists those there are.
        InvalidRequest: The config file makes no sense.
    """
    config = _config()
    # All of them, so that a wrong name is answered with those there are.
    found = workspaces(start=start)
    for record in found:
        if _is_meant(record, name, config):
            meant = WorkspaceClient(connection(start=start), record.id)
            _bring_leftovers(meant)
            return meant
    raise _missing(name, config, found)


def _bring_leftovers(service: WorkspaceClient) -> None:
    """Bring what killed processes logged last, before it is shown."""
    with suppress(FileNotFoundError):
        # Mostly there are none: looking costs less than importing what brings them.
        if any((locate() / "spool").iterdir()):
            from runyard.client import leftovers

            work = leftovers.begin(service)
            if work is not None:
                work.join(LEFTOVER_SECONDS)


def connection(*, start: bool = True) -> Connection:
    """Connect to the service; the config file may name its address."""
    config = _config()
    return connect(start=start, configured=config.url if config else None)


def workspaces(*, start: bool = True) -> list[WorkspaceRecord]:
    """The workspaces of the service, by name."""
    return list(Workspaces(connection(start=start)).list(limit=LARGEST_PAGE))


def elsewhere(name: str | None) -> str:
    """What an empty list adds when nobody chose the workspace: which it was, and the others.

    Args:
        name: The workspace that was named on the command line.

    Returns:
        " (in the workspace 'default'; others: mnist, sales; --workspace chooses)", or "".
    """
    if name is not None:
        return ""
    config, found = _config(), workspaces()
    looked = [record.name for record in found if _is_meant(record, name, config)]
    others = sorted(record.name for record in found if not _is_meant(record, name, config))
    if not others:
        return ""
    many = ", ".join(others[:_MOST_NAMED]) + (", …" if len(others) > _MOST_NAMED else "")
    return f" (in the workspace {looked[0]!r}; others: {many}; --workspace chooses)"


def workspace_names() -> list[str]:
    """The names of the workspaces of a service that runs, for completion."""
    return [record.name for record in workspaces(start=False)]


def _config() -> WorkspaceConfig | None:
    """Read the config file that a script started here would read."""
    path = workspace_config.find(None)
    return workspace_config.read(path) if path else None


def _is_meant(record: WorkspaceRecord, name: str | None, config: WorkspaceConfig | None) -> bool:
    if name is not None:
        return name in (record.name, record.id)
    if config is None:
        # By its id: names are unique only within a resource group.
        return record.id == DEFAULT_WORKSPACE
    triple = (record.name, record.subscription_id, record.resource_group)
    return triple == (config.name, config.subscription_id, config.resource_group)


def _missing(
    name: str | None, config: WorkspaceConfig | None, found: list[WorkspaceRecord]
) -> WorkspaceNotFound:
    names = ", ".join(sorted(record.name for record in found)) or "none"
    if name is None and config is not None:
        return WorkspaceNotFound(
            f"the config file here names the workspace {config.name!r}, which the service does not "
            "have yet; the first script that calls Workspace.from_config() makes it. "
            f"There are: {names}; choose one with --workspace"
        )
    return WorkspaceNotFound(
        f"there is no workspace {name or DEFAULT_WORKSPACE!r}; there are: {names}"
    )
