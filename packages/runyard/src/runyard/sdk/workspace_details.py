"""What is known of a workspace, in the names of the v1 SDK."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict

if TYPE_CHECKING:
    from runyard.protocol.workspaces import WorkspaceRecord


def of(record: WorkspaceRecord, discovery_url: str) -> Dict[str, Any]:
    """Write what `Workspace.get_details()` gives.

    Args:
        record: The workspace.
        discovery_url: Where its service is.
    """
    identity = (
        f"/subscriptions/{record.subscription_id}/resourceGroups/{record.resource_group}"
        f"/providers/Microsoft.MachineLearningServices/workspaces/{record.name}"
    )
    return {
        "id": identity,
        "name": record.name,
        "location": record.location,
        "type": "Microsoft.MachineLearningServices/workspaces",
        "tags": dict(record.tags),
        "sku": record.sku.capitalize(),
        "workspaceid": record.id,
        "description": "",
        "friendlyName": record.friendly_name,
        "creationTime": record.created_at,
        "discoveryUrl": discovery_url,
        "defaultDatastore": record.default_datastore,
        # v1 knows no days: where there is none there is nothing.
        **({"asOf": record.as_of} if record.as_of else {}),
    }
