"""The addresses at which v1 programs submit published pipelines, and what they name.

v1 code makes the address of an endpoint by name from that by id: it cuts at the first `Id`. So that
must not occur before; a workspace, group or subscription whose name has it goes by a UUID of it.
"""

import uuid
from urllib.parse import quote

from runyard.protocol.errors import WorkspaceNotFound
from runyard_server.core.work import Work
from runyard_server.store import workspaces
from runyard_server.store.workspaces import WorkspaceRow

PREFIX = "/pipelines/v1.0/"
ROOT = (
    PREFIX + "subscriptions/{subscription}/resourceGroups/{group}/providers/"
    "Microsoft.MachineLearningServices/workspaces/{name}/PipelineRuns"
)
OF_PUBLISHED = ROOT + "/PipelineSubmit/{published}"
OF_ENDPOINT = ROOT + "/PipelineEndpointSubmit/Id/{endpoint}"
OF_VERSION = OF_ENDPOINT + "/{version}"
OF_NAME = ROOT + "/PipelineEndpointSubmit/Name"
_NAMESPACE = uuid.UUID("0e4f6f0a-3a2c-4c0f-9d6c-7a1f7a6f1c58")
_MARK = "Id"
_MANY = 1000


def published(workspace: WorkspaceRow, id_: str) -> str:
    """The path that submits a published pipeline."""
    return _filled(OF_PUBLISHED, workspace).replace("{published}", id_)


def endpoint(workspace: WorkspaceRow, id_: str) -> str:
    """The path that submits the default version of an endpoint."""
    return _filled(OF_ENDPOINT, workspace).replace("{endpoint}", id_)


def endpoint_named(workspace: WorkspaceRow, name: str) -> str:
    """The path that submits the default version of the active endpoint of a name."""
    return f"{_filled(OF_NAME, workspace)}?name={quote(name, safe='')}"


def workspace_at(work: Work, subscription: str, group: str, name: str) -> WorkspaceRow:
    """The workspace that an address names.

    Args:
        work: The unit of work.
        subscription: The address's subscription.
        group: Its resource group.
        name: Its workspace.

    Raises:
        WorkspaceNotFound: There is none.
    """
    found = workspaces.find_named(work.connection, (name, subscription, group))
    if found is not None:
        return found
    # Only those whose names have the mark come here, and whoever has mistyped.
    wanted, after = (subscription, group, name), None
    while page := workspaces.page(work.connection, {}, after, _MANY):
        for row in page:
            if tuple(map(_shown, _parts(row))) == wanted:
                return row
        last = page[-1]
        after = (last.name, last.subscription_id, last.resource_group)
    raise WorkspaceNotFound(
        f"there is no workspace {name[:80]!r} of resource group {group[:80]!r} here; the "
        "`endpoint` of a published pipeline is its whole address"
    )


def _parts(row: WorkspaceRow) -> tuple[str, str, str]:
    return row.subscription_id, row.resource_group, row.name


def _shown(part: str) -> str:
    return str(uuid.uuid5(_NAMESPACE, part)) if _MARK in part else part


def _filled(template: str, row: WorkspaceRow) -> str:
    for brace, part in zip(("subscription", "group", "name"), _parts(row), strict=True):
        template = template.replace(f"{{{brace}}}", quote(_shown(part), safe=""))
    return template
